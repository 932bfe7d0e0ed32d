//! Rows as other programs will read them.

use std::borrow::Cow;

use serde_json::Value;

use super::*;

fn schema(artifact: &'static str) -> Schema {
    Schema { artifact: Cow::Borrowed(artifact), event_id: Some(4624), ..Schema::default() }
}

fn lines(format: Format, event: &Event<'_>) -> Vec<String> {
    let source = format.source("MAIL|01", "a,b.log", "00ff");
    let mut lines = Vec::new();
    format.rows(event, &mut Scratch::default(), &mut |row| {
        let mut line = String::new();
        format.join(&row, &source, "line 4", &mut line);
        lines.push(line);
    });
    lines
}

const HOSTILE: &[(&str, &str)] = &[
    ("cs-method", "=cmd|x"),
    ("cs(User-Agent)", "a\r\nb\u{1b}[31m"),
    ("message", "\"}"),
    ("timestamp", "1"),
];

#[test]
fn hostile_text_stays_in_its_line_and_cell() {
    let schema = schema("iis.w3c");
    let time = Time::parse(b"2021-03-03T05:12:44.5Z");
    let event = Event { schema: &schema, density: Density::Busy, time, number: 4, fields: HOSTILE };
    let csv = lines(Format::Csv, &event);
    assert_eq!(csv.len(), 1);
    assert_eq!(csv[0].matches(['\n', '\r', '\u{1b}']).count(), 1, "{}", csv[0]);
    assert!(csv[0].starts_with("2021-03-03T05:12:44.500000Z,1614748364500000,Recorded Time,\"'=cmd|x\","));
    let body = lines(Format::Bodyfile, &event);
    assert_eq!(body[0].matches('|').count(), 10, "{}", body[0]);
    assert!(body[0].ends_with("|0|1614748364|0|0\n"), "{}", body[0]);
}

#[test]
fn timesketch_gets_flat_objects_without_its_own_names_twice() {
    let schema = schema("windows.event");
    let time = Time::parse(b"2021-03-03T05:12:44Z");
    let event = Event { schema: &schema, density: Density::Busy, time, number: 4, fields: HOSTILE };
    let object: Value = serde_json::from_str(&lines(Format::Timesketch, &event)[0]).unwrap();
    let text = |name: &str| object[name].as_str().unwrap();
    assert_eq!(text("datetime"), "2021-03-03T05:12:44.000000Z");
    assert_eq!(object["timestamp"], 1_614_748_364_000_000_i64);
    assert_eq!(
        (text("data_type"), text("field_message"), text("field_timestamp")),
        ("windows:evtx:record", "\"}", "1")
    );
    assert_eq!(object["event_identifier"], 4624);
    assert!(object.as_object().unwrap().values().all(|value| !value.is_object()));
    let nested: Value = serde_json::from_str(&lines(Format::Jsonl, &event)[0]).unwrap();
    assert_eq!(nested["fields"]["cs(User-Agent)"], "a\r\nb\u{1b}[31m");
    assert_eq!(nested["host"], "MAIL|01");
}

#[test]
fn a_file_has_a_row_for_each_distinct_moment() {
    let schema = schema("windows.mft");
    let fields = [
        ("TargetFilename", "C:\\a|b.aspx"),
        ("Size", "7"),
        ("Created", "2021-03-01T00:00:00.000000Z"),
        ("Modified", "2021-03-01T00:00:00.000000Z"),
        ("Changed", "2021-03-02T00:00:00.000000Z"),
        ("CreatedByName", "2021-03-03T00:00:00.000000Z"),
        ("Deleted", "true"),
    ];
    let event = Event { schema: &schema, density: Density::State, time: None, number: 42, fields: &fields };
    let csv = lines(Format::Csv, &event);
    let described: Vec<&str> = csv.iter().map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(
        described,
        [
            "Creation Time; Content Modification Time",
            "Metadata Modification Time",
            "$FILE_NAME Creation Time"
        ]
    );
    assert_eq!(
        lines(Format::Bodyfile, &event),
        [
            "0|C:\\a\\u{7c}b.aspx (deleted)|42|r/rrwxrwxrwx|0|0|7|0|1614556800|1614643200|1614556800\n",
            "0|C:\\a\\u{7c}b.aspx ($FILE_NAME) (deleted)|42|r/rrwxrwxrwx|0|0|7|0|0|0|1614729600\n",
        ]
    );
}

#[test]
fn no_time_is_no_row_and_long_values_say_what_was_cut() {
    let schema = schema("iis.w3c");
    let long = "é".repeat(FIELD_BYTES_MAX);
    let fields = [("x", long.as_str())];
    let event = Event { schema: &schema, density: Density::Busy, time: None, number: 1, fields: &fields };
    assert_eq!(lines(Format::Csv, &event), Vec::<String>::new());
    let early = Event { time: Time::parse(b"1969-12-31T00:00:00Z"), ..event };
    assert_eq!(lines(Format::Bodyfile, &early), Vec::<String>::new());
    let line = lines(Format::Jsonl, &early).remove(0);
    assert!(line.contains(&format!("… ({FIELD_BYTES_MAX} bytes cut)")), "{}", &line[line.len() - 80..]);
}

#[test]
fn names_that_become_equal_are_numbered_on() {
    let schema = schema("iis.w3c");
    let names: Vec<String> = (0..1_024).map(|at| format!("a{}", "!".repeat(at))).collect();
    let mut fields = vec![("a_3", "taken"), ("a!_3", "taken, too")];
    fields.extend(names.iter().map(|name| (name.as_str(), name.as_str())));
    let time = Time::parse(b"2021-03-03T05:12:44Z");
    let event = Event { schema: &schema, density: Density::Busy, time, number: 4, fields: &fields };
    let line = lines(Format::Timesketch, &event).remove(0);
    let object: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(object["a"], "a");
    assert_eq!(
        (&object["a_2"], &object["a_3"], &object["a_4"]),
        (&"a!".into(), &"taken".into(), &"a!!".into())
    );
    let lost: Vec<&str> = fields
        .iter()
        .map(|(_, value)| *value)
        .filter(|value| !object.as_object().unwrap().values().any(|held| held == value))
        .collect();
    assert_eq!(lost, Vec::<&str>::new());
}

#[test]
fn what_acts_unseen_has_its_number_in_json() {
    let schema = schema("iis.w3c");
    let text = "a\u{7f}\u{9b}31m\u{202e}b\u{2028}\u{e0041}é\\u";
    let fields = [("cs-uri-stem", text), ("\u{200b}", "x")];
    let time = Time::parse(b"2021-03-03T05:12:44Z");
    let event = Event { schema: &schema, density: Density::Busy, time, number: 4, fields: &fields };
    for format in [Format::Jsonl, Format::Timesketch] {
        let line = lines(format, &event).remove(0);
        assert!(line.contains(r"a\u007f\u009b31m\u202eb\u2028\udb40\udc41é\\u"), "{line}");
        assert!(!line.chars().any(|char| char == '\u{7f}' || crate::escape::acts_unseen(char)), "{line}");
        let object: Value = serde_json::from_str(&line).unwrap();
        let held =
            if format == Format::Jsonl { &object["fields"]["cs-uri-stem"] } else { &object["cs_uri_stem"] };
        assert_eq!(held, text);
    }
}
