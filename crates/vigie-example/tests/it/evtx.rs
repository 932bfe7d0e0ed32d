//! Event logs that we write, read by the `evtx` crate.

use evtx::{EvtxParser, ParserSettings};
use serde_json::Value as Json;
use vigie_example::evtx_writer::{self, Data, Event, Provider, Value, damage};
use vigie_example::ident::{Guid, Sid};
use vigie_model::Time;

fn time(text: &str) -> Time {
    Time::parse(text.as_bytes()).unwrap()
}

fn sysmon(number: u32) -> Event {
    Event {
        provider: Provider {
            name: "Microsoft-Windows-Sysmon".to_owned(),
            guid: Some(Guid::from_digits(0x5770_385f_c22a_43e0_bf4c_06f5_698f_fbd9)),
        },
        channel: "Microsoft-Windows-Sysmon/Operational".to_owned(),
        computer: "MAIL01.example".to_owned(),
        time: time("2021-03-03T05:12:44.123456Z"),
        id: 1,
        qualifiers: None,
        version: 5,
        level: 4,
        task: 1,
        keywords: 0x8000_0000_0000_0000,
        process_id: 2104,
        thread_id: 3320,
        user: Some(Sid::local_system()),
        data: Data::Named(vec![
            ("RuleName".to_owned(), Value::Text("-".to_owned())),
            ("UtcTime".to_owned(), Value::Text("2021-03-03 05:12:44.123".to_owned())),
            ("ProcessGuid".to_owned(), Value::Guid(Guid::from_digits(1))),
            ("ProcessId".to_owned(), Value::U32(number)),
            ("CommandLine".to_owned(), Value::Text(format!("\"cmd\" /c écho <{number}> & dir"))),
            ("LogonId".to_owned(), Value::Hex64(0x3e7)),
        ]),
    }
}

fn management(id: u16, strings: usize) -> Event {
    Event {
        provider: Provider { name: "MSExchange CmdletLogs".to_owned(), guid: None },
        channel: "MSExchange Management".to_owned(),
        qualifiers: Some(49_152),
        id,
        level: 4,
        keywords: 0x0080_0000_0000_0000,
        user: None,
        data: Data::Positional((0..strings).map(|place| format!("value {place}")).collect()),
        ..sysmon(0)
    }
}

fn read(bytes: &[u8]) -> Vec<Json> {
    let settings = ParserSettings::new().num_threads(1).validate_checksums(true);
    let mut parser = EvtxParser::from_buffer(bytes.to_vec()).unwrap().with_configuration(settings);
    parser.records_json_value().map(|record| record.unwrap().data).collect()
}

#[test]
fn fields_are_read_back() {
    let bytes = evtx_writer::to_bytes(&[sysmon(7), management(1, 27), sysmon(8)], 41).unwrap();
    let records = read(&bytes);
    assert_eq!(records.len(), 3);
    let system = &records[0]["Event"]["System"];
    assert_eq!(system["Provider"]["#attributes"]["Name"], "Microsoft-Windows-Sysmon");
    assert_eq!(system["Provider"]["#attributes"]["Guid"], "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}");
    assert_eq!(system["EventID"], 1);
    assert_eq!(system["EventRecordID"], 41);
    assert_eq!(system["Channel"], "Microsoft-Windows-Sysmon/Operational");
    assert_eq!(system["Computer"], "MAIL01.example");
    assert_eq!(system["TimeCreated"]["#attributes"]["SystemTime"], "2021-03-03T05:12:44.1234560Z");
    assert_eq!(system["Keywords"], "0x8000000000000000");
    assert_eq!(system["Security"]["#attributes"]["UserID"], "S-1-5-18");
    let data = &records[2]["Event"]["EventData"];
    assert_eq!(data["CommandLine"], "\"cmd\" /c écho <8> & dir");
    assert_eq!(data["ProcessId"], 8);
    assert_eq!(data["LogonId"], "0x3e7");
    let event_id = &records[1]["Event"]["System"]["EventID"];
    assert_eq!((&event_id["#text"], &event_id["#attributes"]["Qualifiers"]), (&1.into(), &49_152.into()));
    let strings = records[1]["Event"]["EventData"]["Data"]["#text"].as_array().unwrap();
    assert_eq!(strings.len(), 27);
    assert_eq!(strings[26], "value 26");
}

#[test]
fn many_records_fill_several_chunks_without_loss() {
    let events: Vec<Event> = (0..900)
        .map(|number| if number % 7 == 0 { management(1 + (number % 5) as u16, 9) } else { sysmon(number) })
        .collect();
    let bytes = evtx_writer::to_bytes(&events, 1).unwrap();
    assert!(bytes.len() > 4096 + 2 * 65_536);
    let records = read(&bytes);
    let ids: Vec<u64> =
        records.iter().map(|record| record["Event"]["System"]["EventRecordID"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=900).collect::<Vec<_>>());
    assert!(records.iter().zip(0_u32..).all(|(record, number)| {
        let data = &record["Event"]["EventData"];
        if number % 7 == 0 { data["Data"]["#text"][8] == "value 8" } else { data["ProcessId"] == number }
    }));
}

#[test]
fn the_largest_event_fits_and_a_larger_one_is_refused() {
    let long = |units: usize| Event {
        data: Data::Named(vec![("Text".to_owned(), Value::Text("x".repeat(units)))]),
        ..sysmon(0)
    };
    assert!(evtx_writer::to_bytes(&[long(31_000)], 1).is_ok());
    assert!(evtx_writer::to_bytes(&[long(32_767)], 1).is_err());
}

#[test]
fn an_empty_log_is_a_log() {
    let bytes = evtx_writer::to_bytes(&[], 1).unwrap();
    assert_eq!((bytes.len(), read(&bytes).len()), (4096 + 65_536, 0));
}

#[test]
fn damage_is_seen_by_the_reader() {
    let whole = evtx_writer::to_bytes(&(0..300).map(sysmon).collect::<Vec<_>>(), 1).unwrap();
    let count = |bytes: &[u8]| {
        let settings = ParserSettings::new().num_threads(1).validate_checksums(true);
        let mut parser = EvtxParser::from_buffer(bytes.to_vec()).unwrap().with_configuration(settings);
        parser.records_json_value().flatten().count()
    };
    let mut flipped = whole.clone();
    damage::flip_in_chunk(&mut flipped, 0);
    let mut zeroed = whole.clone();
    damage::zero_chunk(&mut zeroed, 1);
    let mut short = whole.clone();
    damage::cut(&mut short, 4096 + 65_536 + 100);
    let all = count(&whole);
    assert_eq!(all, 300);
    assert!([count(&flipped), count(&zeroed), count(&short)].iter().all(|left| *left < all));
    let mut dirty = whole;
    damage::leave_dirty(&mut dirty);
    assert_eq!(dirty[120], 1);
}
