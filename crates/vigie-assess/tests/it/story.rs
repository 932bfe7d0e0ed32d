//! Findings, actors and the timeline: the same request told by several logs is one story.

use vigie_assess::OwnerFacts;
use vigie_model::assessment::ActorKind;
use vigie_model::intrusion::TieKind;
use vigie_model::rule::Stage;

use crate::evidence::{REACHED, SEEN_THERE, SHELL_FILE, USED, WRITTEN, assessed, complete, hit};

const CANARY: &str = "k3v2Zl9Qw0eAAAABBBBccccDDDD1234567890";

#[test]
fn back_end_and_command_log_get_the_client_of_the_front_end() {
    let mut files = complete();
    let query = format!("msExchEcpCanary={CANARY}&schema=ResetOABVirtualDirectory");
    files[0].hits = vec![
        hit(
            REACHED,
            "exchange.httpproxy/Ecp",
            "2021-02-27T10:00:00Z",
            &[("RequestId", "AA-1"), ("ClientIpAddress", "198.51.100.7"), ("UrlQuery", &query)],
        ),
        hit(
            WRITTEN,
            "exchange.ecp/Server",
            "2021-02-27T10:00:01Z",
            &[("Cmd", "Set-OabVirtualDirectory.ExternalUrl='x'"), ("Canary", CANARY)],
        ),
    ];
    files[1].hits = vec![hit(
        WRITTEN,
        "iis.w3c/W3SVC2",
        "2021-02-27T10:00:02Z",
        &[
            ("c-ip", "10.0.0.5"),
            ("cs-uri-stem", "/ecp/DDI/DDIService.svc/SetObject"),
            ("cs-uri-query", "a&cafeReqId=aa-1;"),
        ],
    )];
    let assessment = assessed(files, &OwnerFacts::default());
    assert_eq!(assessment.findings.len(), 3);
    for finding in &assessment.findings {
        assert_eq!(finding.actor.as_deref(), Some("198.51.100.7"), "{finding:#?}");
        assert!(!finding.joined.is_empty());
    }
    let ids: Vec<&str> = assessment.findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["F1", "F2", "F3"]);
    assert_eq!(assessment.findings[1].object.as_deref(), Some("Set-OabVirtualDirectory"));
    let actors = &assessment.worst().unwrap().actors;
    assert_eq!(
        actors.iter().map(|a| (a.name.as_str(), a.kind, a.events)).collect::<Vec<_>>(),
        [("198.51.100.7", ActorKind::Attacker, 3)]
    );
    let first = &assessment.findings[0].proofs[0].evidence;
    assert_eq!((first.place.as_str(), first.offset), ("line 7", 700));
}

#[test]
fn a_stranger_who_finds_the_shell_is_no_attacker() {
    let mut files = complete();
    files[1].hits = vec![hit(
        SEEN_THERE,
        "iis.w3c/W3SVC1",
        "2021-03-02T10:00:00Z",
        &[("c-ip", "203.0.113.77"), ("cs-uri-stem", "/aspnet_client/x.aspx")],
    )];
    files[2].hits = vec![hit(
        SHELL_FILE,
        "web.root",
        "2021-03-01T10:00:00Z",
        &[
            ("TargetFilename", "C:\\inetpub\\wwwroot\\aspnet_client\\x.aspx"),
            ("Url", "/aspnet_client/x.aspx"),
            ("sha256", "cd"),
        ],
    )];
    let assessment = assessed(files, &OwnerFacts::default());
    let actor = &assessment.worst().unwrap().actors[0];
    assert_eq!(actor.kind, ActorKind::Visitor);
    let file = assessment.findings.iter().find(|finding| finding.sha256.is_some()).unwrap();
    assert_eq!(file.joined.iter().map(|join| join.by.as_str()).collect::<Vec<_>>(), ["page"]);
}

#[test]
fn many_objects_of_one_rule_stay_bounded_and_counted() {
    let mut files = complete();
    files[1].hits = (0..1000)
        .map(|n| {
            let stem = format!("/aspnet_client/{n}.aspx");
            hit(SEEN_THERE, "iis.w3c/W3SVC1", "2021-03-02T10:00:00Z", &[("cs-uri-stem", &stem)])
        })
        .collect();
    let assessment = assessed(files, &OwnerFacts::default());
    assert_eq!(assessment.findings.len(), 201);
    assert_eq!(assessment.findings.iter().map(|finding| finding.events).sum::<u64>(), 1000);
    assert!(assessment.findings.iter().all(|finding| finding.proofs.len() <= 50));
}

#[test]
fn attackers_are_tied_by_what_they_used_and_not_by_what_everybody_has() {
    let browser = "Mozilla/5.0 (Windows NT 10.0)";
    let request = |rule, at: &str, client: &str, page: &str, agent: &str| {
        let stream = "iis.w3c/W3SVC1";
        hit(rule, stream, at, &[("c-ip", client), ("cs-uri-stem", page), ("cs(User-Agent)", agent)])
    };
    let mut files = complete();
    files[1].hits = vec![
        // One page, used from two addresses on two days.
        request(USED, "2021-03-01T10:00:00Z", "198.51.100.7", "/aspnet_client/a.aspx", "antSword/v2.1"),
        request(USED, "2021-03-04T10:00:00Z", "203.0.113.9", "/ASPNET_CLIENT/a.aspx", browser),
        // Another page, minutes later, by the browser that a mere visitor has too.
        request(USED, "2021-03-04T10:05:00Z", "192.0.2.44", "/owa/auth/b.aspx", browser),
        request(SEEN_THERE, "2021-03-04T10:06:00Z", "192.0.2.200", "/aspnet_client/a.aspx", browser),
        // The tool of the first, from a third address.
        request(REACHED, "2021-03-02T10:00:00Z", "198.18.0.5", "/ecp/y.js", "antSword/v2.1"),
    ];
    let assessment = assessed(files, &OwnerFacts::default());
    let told: Vec<(&str, Stage, Vec<&str>)> = assessment
        .intrusions
        .iter()
        .map(|one| (one.id.as_str(), one.stage, one.actors.iter().map(String::as_str).collect()))
        .collect();
    let together = vec!["198.18.0.5", "198.51.100.7", "203.0.113.9"];
    assert_eq!(told, [("I1", Stage::Used, together), ("I2", Stage::Used, vec!["192.0.2.44"])]);
    let first = &assessment.intrusions[0];
    let ties: Vec<(TieKind, &str)> = first.ties.iter().map(|tie| (tie.kind, tie.value.as_str())).collect();
    assert_eq!(ties, [(TieKind::Page, "/aspnet_client/a.aspx"), (TieKind::Agent, "antSword/v2.1")]);
    assert_eq!(first.pages, ["/aspnet_client/a.aspx"]);
    assert_eq!(first.findings.len(), 3, "{:?}", first.findings);
}
