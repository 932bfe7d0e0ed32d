//! Many servers: order, counts, what they share, and pages that stay readable.

use vigie_model::Assessment;
use vigie_report::summary::{self, SharedKind, Summary};
use vigie_report::{Lang, Style, summarize};

use crate::{page, sample};

fn three_hosts() -> Vec<Assessment> {
    let clean = sample::assessment("patched-clean");
    let first = sample::assessment("compromised-hotel");
    let mut second = first.clone();
    "MAIL09".clone_into(&mut second.host);
    second.verdicts[0].exposure.patched_at = None;
    vec![clean, first, second]
}

fn written(write: impl Fn(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(summary: &Summary, style: Style) -> String {
    written(|out| summary::text(summary, &style, out))
}

#[test]
fn what_to_do_first_comes_first() {
    let summary = summarize(&three_hosts());
    let hosts: Vec<&str> = summary.servers.iter().map(|server| server.host.as_str()).collect();
    assert_eq!(hosts, ["MAIL09", "MAIL01", "MAIL02"], "still open, then fixed, then clean");
    assert_eq!(summary.counts.iter().map(|count| count.servers).collect::<Vec<_>>(), [2, 0, 0, 0, 1, 0]);
    assert_eq!(summary.servers[0].next_step.as_ref().unwrap().id, "isolate");
    assert_eq!(summary.tlp, "AMBER");
}

#[test]
fn the_same_payload_and_attacker_are_found_on_several_servers() {
    let summary = summarize(&three_hosts());
    let kinds: Vec<SharedKind> = summary.shared.iter().map(|shared| shared.kind).collect();
    assert!(kinds.contains(&SharedKind::Payload) && kinds.contains(&SharedKind::Address));
    for shared in &summary.shared {
        assert_eq!(shared.servers, ["MAIL09", "MAIL01"], "{shared:?}");
    }
    let scanner = summary.shared.iter().any(|shared| shared.value == "192.0.2.10");
    assert!(!scanner, "scanners are everywhere: sharing one says nothing");
    assert!(summarize(&three_hosts()[..2]).shared.is_empty());
}

#[test]
fn the_summary_reads_as_reviewed() {
    let summary = summarize(&three_hosts());
    for lang in Lang::ALL {
        let style = Style { lang: *lang, ..Style::default() };
        sample::expect(&format!("three-hosts.{}.txt", lang.code()), &text(&summary, style));
        let csv = written(|out| summary::csv(&summary, &style, out));
        sample::expect(&format!("three-hosts.{}.csv", lang.code()), &csv);
    }
    let json = written(|out| summary::json(&summary, out));
    assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary);
}

#[test]
fn a_hundred_and_seventy_six_servers_fit_on_a_page() {
    let samples =
        ["compromised-hotel", "late-logs", "patched-clean", "attempted-only"].map(sample::assessment);
    let mut fleet = Vec::new();
    for number in 0..176 {
        let mut one = samples[number % samples.len()].clone();
        one.host = format!("mail{number:03}.customer.example");
        fleet.push(one);
    }
    let summary = summarize(&fleet);
    let style = Style { width: 100, ..Style::default() };
    let told = text(&summary, style);
    assert!(told.lines().count() < 420, "{}", told.lines().count());
    assert!(told.lines().all(|line| line.chars().count() <= 130), "{told}");
    let html = written(|out| summary::html(&summary, &style, out));
    let (elements, words) = page::read(&html);
    for server in &summary.servers {
        assert!(words.contains(&server.host));
    }
    let scripts = elements.iter().filter(|element| element.tag == "script").count();
    assert_eq!(scripts, 1);
    assert_eq!(summary.shared[0].servers.len(), 44);
}

#[test]
fn hostile_names_have_no_force_and_no_servers_is_no_error() {
    let summary = summarize(&[sample::assessment("hostile-text"), sample::assessment("hostile-text")]);
    let html = written(|out| summary::html(&summary, &Style::default(), out));
    assert!(!html.contains("<img") && !html.contains('\u{202e}'));
    let told = text(&summary, Style::default());
    assert!(!told.contains('\u{1b}') && !told.contains('\u{202e}'));
    let csv = written(|out| summary::csv(&summary, &Style::default(), out));
    assert_eq!(csv.lines().count(), 3);
    let nothing = summarize(&[]);
    assert_eq!(nothing.tlp, "AMBER");
    assert!(text(&nothing, Style::default()).contains("no assessment"));
}
