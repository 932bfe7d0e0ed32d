//! The bundled directives load, and say what their sources say.

use vigie_model::directive::{Directive, Evidence};

fn directive(id: &str) -> Directive {
    let all = vigie_directive::bundled().unwrap_or_else(|mistakes| panic!("{mistakes}"));
    all.into_iter().find(|one| one.id == id).expect("a bundled directive")
}

#[test]
fn every_bundled_directive_loads() {
    let all = vigie_directive::bundled().unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(all.len(), vigie_directive::bundled_ids().len());
    for one in &all {
        assert!(!one.actions.is_empty() && !one.references.is_empty(), "{}", one.id);
    }
}

fn due(directive: &Directive, action: &str) -> String {
    let action = directive.actions.iter().find(|one| one.id == action).expect("an action");
    let due = action.orders.last().and_then(|order| order.due.as_ref());
    due.expect("a deadline").time.to_string()
}

#[test]
fn deadlines_are_those_of_the_orders() {
    let march = directive("ed-21-02");
    assert_eq!(due(&march, "patch"), "2021-03-05T17:00:00.000000Z", "Friday noon in Washington, winter time");
    assert_eq!(due(&march, "scan"), "2021-04-05T16:00:00.000000Z", "noon, summer time");
    assert_eq!(due(&march, "patch-april"), "2021-04-16T04:01:00.000000Z");
    assert_eq!(due(&march, "report-v2"), "2021-04-16T16:00:00.000000Z");
    assert_eq!(due(&march, "firewall"), "2021-06-28T16:00:00.000000Z");
    let august = directive("ed-25-02");
    assert_eq!(due(&august, "hotfix"), "2025-08-11T13:00:00.000000Z");
    assert!(august.actions.iter().all(|action| action.unverified.is_some()), "its text was not read");
}

#[test]
fn the_catalogue_gives_one_action_an_entry() {
    let kev = directive("bod-22-01");
    assert_eq!(kev.actions.len(), 23);
    assert_eq!(due(&kev, "cve-2020-0688"), "2022-05-04T03:59:59.999999Z", "the end of 3 May, summer time");
    assert_eq!(
        due(&kev, "cve-2021-42321"),
        "2021-12-02T04:59:59.999999Z",
        "the end of 1 December, winter time"
    );
    let declared =
        |id: &str| kev.actions.iter().any(|one| one.id == id && one.evidence == Evidence::Declared);
    assert!(declared("cve-2025-53770") && declared("cve-2023-23397"), "no build of Exchange closes them");
    let unverified = kev.actions.iter().filter(|action| action.unverified.is_some()).count();
    assert_eq!(unverified, 2, "two entries are younger than the catalogue that was read");
}
