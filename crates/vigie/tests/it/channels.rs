//! The channel trap: which rules an event gets is told by the event, whatever the log's file is called and whoever
//! collected it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use vigie_example::evtx_writer::{self, CHUNK_BYTES, Event, FILE_HEADER_BYTES};
use vigie_example::formats::evtx::{self, Process, Stamp};
use vigie_example::ident::Guid;
use vigie_model::Time;

use crate::run::vigie;

const RULES: &str = "title: Created\nid: 6b5ae0c6-9ab2-4a5e-8d38-0f1b5f6b0f11\nlogsource:\n  category: process_creation\n  \
product: windows\ndetection:\n  a:\n    CommandLine|contains: whoami\n  condition: a\n---\n\
title: Logged on\nid: 6b5ae0c6-9ab2-4a5e-8d38-0f1b5f6b0f12\nlogsource:\n  product: windows\n  service: security\n\
detection:\n  a:\n    EventID: 4624\n    LogonType: 3\n  condition: a\n---\n\
title: Written\nid: 6b5ae0c6-9ab2-4a5e-8d38-0f1b5f6b0f13\nlogsource:\n  category: file_event\n  product: windows\n\
detection:\n  a:\n    TargetFilename|endswith: .aspx\n  condition: a\n";

fn stamp(second: i64) -> Stamp<'static> {
    let start = Time::parse(b"2021-03-03T05:00:00Z").unwrap();
    Stamp { computer: "mail01.example.test", time: start.plus_micros(second * 1_000_000).unwrap() }
}

fn process(command: &str) -> Process {
    Process {
        guid: Guid::from_digits(0x1122),
        pid: 4711,
        image: "C:\\Windows\\System32\\cmd.exe".to_owned(),
        command: command.to_owned(),
        user: "NT AUTHORITY\\SYSTEM".to_owned(),
    }
}

/// Events of three logs, and two that look like them and are none: record 5 has Sysmon's event id and fields but
/// another provider, record 6 the command in an event that creates no process.
fn events() -> Vec<Event> {
    let (child, parent) = (process("cmd /c whoami"), process("w3wp.exe"));
    let sysmon = evtx::process_created(stamp(1), &child, &parent, "C:\\");
    let mut decoy = sysmon.clone();
    decoy.provider = evtx_writer::Provider { name: "Contoso-Inventory".to_owned(), guid: None };
    "Application".clone_into(&mut decoy.channel);
    let mut other = evtx::process_audited(stamp(6), &child, &parent);
    other.id = 4689;
    let sid = vigie_example::ident::Sid::local_system();
    vec![
        sysmon,
        evtx::process_audited(stamp(2), &child, &parent),
        evtx::logged_on(stamp(3), "EXAMPLE\\admin", &sid, "203.0.113.9"),
        evtx::file_created(stamp(4), &child, "C:\\inetpub\\wwwroot\\x.aspx"),
        Event { time: stamp(5).time, ..decoy },
        other,
    ]
}

/// What a hunt found in a file: the rule and the record.
fn found(folder: &Path, file: &str) -> BTreeSet<(String, String)> {
    let ran = vigie(folder, &["hunt", file, "--rules", "rules.yml", "--format", "jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let hits: Vec<Json> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |hit: &Json| {
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        (text(&hit["rule_title"]), text(&hit["evidence"]["place"]))
    };
    let set: BTreeSet<(String, String)> = hits.iter().map(told).collect();
    assert_eq!(set.len(), hits.len(), "no event is told twice: {}", ran.out);
    set
}

fn expected() -> BTreeSet<(String, String)> {
    let hit = |(title, record): (&str, &str)| (title.to_owned(), format!("record {record}"));
    [("Created", "1"), ("Created", "2"), ("Logged on", "3"), ("Written", "4")].map(hit).into()
}

#[test]
fn rules_are_chosen_by_the_event_in_merged_forwarded_and_misnamed_logs() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, events: &[Event]| {
        fs::write(folder.path().join(name), evtx_writer::to_bytes(events, 1).unwrap()).unwrap();
    };
    fs::write(folder.path().join("rules.yml"), RULES).unwrap();
    let events = events();
    write("merged.evtx", &events);
    // A log's name says nothing: here are Sysmon's events and others.
    write("Security.evtx", &events);
    let collected = |event: &Event| Event { channel: "ForwardedEvents".to_owned(), ..event.clone() };
    let forwarded: Vec<Event> = events.iter().map(collected).collect();
    write("ForwardedEvents.evtx", &forwarded);
    for file in ["merged.evtx", "Security.evtx", "ForwardedEvents.evtx"] {
        assert_eq!(found(folder.path(), file), expected(), "{file}");
    }
    // Each event of a mixed log by itself: half of them forwarded, half of them not.
    let mixed: Vec<Event> = events.iter().zip(forwarded).enumerate().map(half).collect();
    write("mixed.evtx", &mixed);
    assert_eq!(found(folder.path(), "mixed.evtx"), expected());
}

fn half((number, (plain, forwarded)): (usize, (&Event, Event))) -> Event {
    if number % 2 == 0 { plain.clone() } else { forwarded }
}

#[test]
fn a_record_that_also_lies_in_free_space_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.yml"), RULES).unwrap();
    let logon = |second| {
        evtx::logged_on(
            stamp(second),
            "EXAMPLE\\admin",
            &vigie_example::ident::Sid::local_system(),
            "203.0.113.9",
        )
    };
    let mut log = evtx_writer::to_bytes(&[logon(1), logon(2), logon(3)], 1).unwrap();
    let chunk = &mut log[FILE_HEADER_BYTES..FILE_HEADER_BYTES + CHUNK_BYTES];
    let word = |chunk: &[u8], at: usize| u32::from_le_bytes(chunk[at..at + 4].try_into().unwrap()) as usize;
    // The last record once more behind the end of the records, twice: the first of them as it was, the second with
    // another id, as an event that the log forgot.
    let (last, free) = (word(chunk, 44), word(chunk, 48));
    let size = word(chunk, last + 4);
    chunk.copy_within(last..last + size, free);
    chunk.copy_within(last..last + size, free + size);
    chunk[free + size + 8] = 99;
    fs::write(folder.path().join("Security.evtx"), &log).unwrap();
    let records: Vec<String> =
        found(folder.path(), "Security.evtx").into_iter().map(|(_, record)| record).collect();
    assert_eq!(records, ["record 1", "record 2", "record 3", "record 99"]);
}
