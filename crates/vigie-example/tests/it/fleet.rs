//! Fleets: each member carries the traces that its story tells, and no other.

use std::collections::BTreeSet;

use vigie_example::File;
use vigie_example::scenario::{Member, Story, fleet};

use crate::text::exchange_rows;

fn holds(member: &Member, text: &str) -> bool {
    member.files.iter().any(|file| String::from_utf8_lossy(&file.bytes).contains(text))
}

#[test]
fn each_story_leaves_its_traces_and_no_other() {
    let (mut names, mut stories) = (BTreeSet::new(), Vec::new());
    for member in fleet(7, 11) {
        let member = member.unwrap();
        let truth = &member.truth;
        assert!(names.insert(truth.host.clone()), "{}", truth.host);
        assert!(member.files.iter().all(|file| !file.bytes.is_empty()));
        let page = |file: &File| file.path.contains("/wwwroot/aspnet_client/") && file.has_extension("aspx");
        let shell = member.files.iter().any(page);
        let (forged, reset) =
            (holds(&member, "ServerInfo~a]@"), holds(&member, "schema=ResetOABVirtualDirectory#"));
        let (used, dumped) =
            (holds(&member, "POST /aspnet_client/"), holds(&member, "GET /aspnet_client/supp.dmp.zip"));
        let expected = match truth.story {
            Story::Planted => [true, true, true, false, false],
            Story::Used => [true, true, true, true, false],
            Story::Dumped => [true; 5],
            Story::Refused => [false, true, false, false, false],
            Story::Quiet | Story::LateLogs | Story::NoLogs => [false; 5],
        };
        assert_eq!([shell, forged, reset, used, dumped], expected, "{truth:?}");
        let logs = member.files.iter().any(|file| file.path.contains("/Logging/"));
        assert_eq!(logs, truth.story != Story::NoLogs);
        assert_eq!(truth.shell.is_some(), shell);
        stories.push(truth.story);
    }
    assert!(stories.contains(&Story::Refused) && stories.contains(&Story::NoLogs));
}

#[test]
fn exchange_may_lie_on_another_drive() {
    let member = fleet(7, 5).last().unwrap().unwrap();
    assert!(
        member
            .files
            .iter()
            .any(|file| file.path.starts_with("D/Program Files/Microsoft/Exchange Server/V15/Logging/"))
    );
    assert!(member.files.iter().any(|file| file.path.starts_with("C/inetpub/logs/")));
    let rows: usize = member
        .files
        .iter()
        .filter(|file| file.path.contains("/Logging/HttpProxy/Mapi/"))
        .map(|file| exchange_rows(&file.bytes).len())
        .sum();
    assert!(rows > 40, "{rows}");
}

#[test]
fn a_seed_fixes_the_fleet() {
    let one = |seed| fleet(seed, 1).next().unwrap().unwrap().files;
    assert_eq!(one(3), one(3));
    assert_ne!(one(3), one(4));
}
