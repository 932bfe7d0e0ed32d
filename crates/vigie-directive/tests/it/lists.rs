//! Lists that people write, and files that are none.

use vigie_directive::declarations;
use vigie_directive::known;
use vigie_directive::load;
use vigie_directive::register;

use crate::material::{declared, directives};

fn refused(text: &str) -> String {
    declarations::read("d.csv", text.as_bytes(), &directives(), &[]).expect_err("it is wrong").to_string()
}

#[test]
fn mistakes_are_told_with_their_line() {
    let head = "organisation,host,action,declared,date,note\n";
    for (text, told) in [
        (
            format!("{head}A,,patch,perhaps,2021-03-04,\n"),
            "d.csv:2: error: `perhaps` is neither yes nor no nor exempt",
        ),
        (
            format!("{head}A,,patch,yes,2021-03-04,\nA,,pach,yes,2021-03-04,\n"),
            "d.csv:3: error: no action is called `pach`",
        ),
        (format!("{head}A,,patch,yes,2021-03-04T12:00:00,\n"), "does not say in which zone"),
        (format!("{head}A,,patch,yes,04/03/2021,\n"), "d.csv:2: error: `04/03/2021` is no time"),
        (format!("{head},,patch,yes,2021-03-04,\n"), "d.csv:2: error: no organisation"),
        (format!("{head}A,patch,yes,2021-03-04\n"), "d.csv:2: error: 4 values for 6 columns"),
        ("organisation,action,declared\n".to_owned(), "d.csv:1: error: the column `date` is missing"),
        ("organisation,colour\n".to_owned(), "d.csv:1: error: no column is called `colour`"),
        (String::new(), "is missing"),
    ] {
        let message = refused(&text);
        assert!(message.contains(told) && message.contains("help: "), "{text:?}: {message}");
    }
    let latin =
        declarations::read("d.csv", b"organisation\n\xe9", &directives(), &[]).expect_err("not UTF-8");
    assert!(latin.to_string().starts_with("d.csv:2: error: not UTF-8"));
    let group = register::read("r.csv", b"host,organisation,group\nA,B,unhable\n", &directives());
    assert!(group.expect_err("no such group").to_string().starts_with("r.csv:2: error: no group"));
}

#[test]
fn spreadsheets_of_other_countries_are_read() {
    let text = "\u{feff}Organization;Action;Declared;Date\r\n\"Ministère; bureau 2\";ed-21-02/patch;OUI;2021-03-04\r\n";
    let rows = declarations::read("d.csv", text.as_bytes(), &directives(), &[])
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows[0].organisation, "Ministère; bureau 2");
    assert_eq!(rows[0].time.to_string(), "2021-03-04T23:59:59.999999Z", "a day counts from its end");
    assert_eq!(
        declared("A,,patch,yes,2021-03-04 18:00 EST,\n")[0].time.to_string(),
        "2021-03-04T23:00:00.000000Z"
    );
}

#[test]
fn a_file_that_is_no_assessment_says_so() {
    for (bytes, told) in [
        (&b"{"[..], "not an assessment: EOF"),
        (b"[]", "not an assessment"),
        (br#"{"schema":"vigie-assessment/9","host":7}"#, "version `vigie-assessment/9`"),
        (b"\xff\xfe", "not an assessment"),
        (b"", "not an assessment"),
    ] {
        let error = known::read("a.json", Vec::new(), bytes).expect_err("it is none");
        assert!(error.contains(told), "{error}");
    }
    let deep = "[".repeat(100_000);
    assert!(known::read("a.json", Vec::new(), deep.as_bytes()).is_err());
}

#[test]
fn a_directive_with_a_mistake_is_refused_with_its_place() {
    let text = r#"id = "x"
version = "2021-01-01"
title = { en = "", fr = "" }
issuer = { en = "", fr = "" }
summary = { en = "", fr = "" }
scope = { en = "", fr = "" }
issued = { at = "2021-07-01", zone = "EST" }
references = []
[[action]]
id = "a"
title = { en = "", fr = "" }
detail = { en = "", fr = "" }
evidence = { kind = "declared" }
released_by = ["b"]
[[supplement]]
id = "v1"
title = { en = "", fr = "" }
issued = { at = "2021-08-01", zone = "EDT" }
[[supplement.change]]
action = "c"
due = { at = "2021-08-02T12:00:00", zone = "EDT" }
"#;
    let message = load::read("y.toml", text).expect_err("four mistakes").to_string();
    for told in [
        "directives/y.toml:1:6: error: the directive calls itself `x`",
        "directives/y.toml:7:17: error: EST was not in force",
        "directives/y.toml:14:16: error: no action is called `b`",
        "directives/y.toml:20:10: error: no action is called `c`",
    ] {
        assert!(message.contains(told), "{message}");
    }
    let right = text
        .replace("\"x\"", "\"y\"")
        .replace("EST", "EDT")
        .replace("[\"b\"]", "[]")
        .replace("\"c\"", "\"a\"");
    let directive = load::read("y.toml", &right).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(directive.actions[0].orders.len(), 2, "the supplement moves the deadline");
    let unknown = load::read("y.toml", &right.replace("kind = \"declared\"", "kind = \"magic\""));
    assert!(unknown.expect_err("no such kind").to_string().contains("directives/y.toml:13:"));
    for (demand, told) in [
        (r#"{ kind = "at-least", builds = ["15.1.2507.x"] }"#, "not a build of Exchange: 15.1.2507.x"),
        (r#"{ kind = "at-least", builds = [] }"#, "`builds` is empty"),
        (r#"{ kind = "not-below", builds = [] }"#, "`builds` is empty"),
        (r#"{ kind = "fixed", cves = [] }"#, "`cves` is empty"),
        (r#"{ kind = "logs-kept", days = 0, stream = "a/b" }"#, "`days` is 0"),
        (&triage("[]", "2021-01-03", "2021-03-02"), "`ways` is empty"),
        (&triage("[\"w\"]", "2021-03-02", "2021-01-03"), "`from` and `to` are no span of days"),
        (&triage("[\"w\"]", "2011-01-03", "2021-01-03"), "`from` and `to` are no span of days"),
    ] {
        let wrong = load::read("y.toml", &right.replace(r#"{ kind = "declared" }"#, demand));
        let message = wrong.expect_err(demand).to_string();
        assert!(message.contains(&format!("directives/y.toml:13:12: error: {told}")), "{message}");
    }
    for (builds, told) in [("[]", "`builds` is empty"), (r#"["15.1"]"#, "not a build of Exchange: 15.1")] {
        let below = format!("id = \"a\"\napplies = {{ when = \"below\", builds = {builds} }}");
        let message =
            load::read("y.toml", &right.replace(r#"id = "a""#, &below)).expect_err(told).to_string();
        assert!(message.contains(&format!("directives/y.toml:11:11: error: {told}")), "{message}");
    }
}

fn triage(ways: &str, from: &str, to: &str) -> String {
    format!(r#"{{ kind = "triage", pack = "p", ways = {ways}, from = "{from}", to = "{to}" }}"#)
}
