//! Event logs that were damaged or made up: at every byte, and in the ways in which readers of this format failed their
//! users. A test named after a thread stands for what was told there (`chainsaw#208`).

use std::collections::BTreeMap;

use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;
use vigie_parse::parsers::evtx::Evtx;
use vigie_parse::{Head, parse_bytes, recognise};

use crate::contract::assert_accounted;
use crate::golden::fixtures;
use crate::recorder::Recorder;

const FILE_HEADER: usize = 4096;
/// Where the records of the first chunk begin.
const RECORDS: usize = FILE_HEADER + 512;

/// Five records of four kinds, in one chunk.
fn sound() -> Vec<u8> {
    std::fs::read(fixtures().join("windows.evtx/closed-properly/input")).unwrap()
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Where each record of the first chunk begins, and where the last one ends.
fn records(bytes: &[u8]) -> Vec<usize> {
    let end = FILE_HEADER + number(bytes, FILE_HEADER + 48);
    let mut starts = vec![RECORDS];
    while starts[starts.len() - 1] < end {
        starts.push(starts[starts.len() - 1] + number(bytes, starts[starts.len() - 1] + 4));
    }
    starts
}

fn read(bytes: &[u8]) -> (Recorder, Account) {
    let mut recorder = Recorder::default();
    let account = parse_bytes(&Evtx, "Security.evtx", bytes, &mut recorder);
    assert_eq!(account.parsed_bytes + account.rejected_bytes, bytes.len() as u64);
    (recorder, account)
}

/// What was read of each record, by its number.
fn events(bytes: &[u8]) -> BTreeMap<String, String> {
    let (recorder, _) = read(bytes);
    let mut events: BTreeMap<String, String> = BTreeMap::new();
    let mut number = String::new();
    for line in recorder.text.lines().filter(|line| !line.starts_with("##") && !line.is_empty()) {
        if let Some((_, place)) = line.split_once(" @ ").filter(|_| !line.starts_with(' ')) {
            place.clone_into(&mut number);
        }
        events.entry(number.clone()).or_default().push_str(line);
    }
    events
}

/// The log up to the end of its second record: all that can be special, and small enough for every byte.
fn small() -> Vec<u8> {
    let bytes = sound();
    bytes[..records(&bytes)[2]].to_vec()
}

/// The places of a file that say something; the block of its header is nearly all zeroes.
fn telling(bytes: &[u8]) -> impl Iterator<Item = usize> {
    (0..128).chain((128..FILE_HEADER).step_by(512)).chain(FILE_HEADER..bytes.len())
}

#[test]
fn a_log_cut_at_every_byte_is_accounted_for() {
    let bytes = small();
    for end in telling(&bytes) {
        assert_accounted(&Evtx, "Security.evtx", &bytes[..end]);
    }
}

#[test]
fn a_log_with_every_byte_flipped_is_accounted_for() {
    let mut bytes = small();
    for at in telling(&small()) {
        let kept = bytes[at];
        bytes[at] ^= [0xff, 0x01, 0x80][at % 3];
        assert_accounted(&Evtx, "Security.evtx", &bytes);
        bytes[at] = kept;
    }
}

/// One bad record, and the whole file was lost.
#[test]
fn chainsaw_208_a_bad_record_costs_only_itself() {
    let bytes = sound();
    let starts = records(&bytes);
    let whole = events(&bytes);
    assert_eq!(whole.len(), 5);
    // The last record refers to templates and names of others but defines none that they use.
    let mut damaged = bytes.clone();
    for at in (starts[4]..starts[5]).step_by(3) {
        damaged[at] = !bytes[at];
        let left = events(&damaged);
        damaged[at] = bytes[at];
        for (number, event) in whole.iter().take(4) {
            assert_eq!(left.get(number), Some(event), "byte {at} changed another record");
        }
    }
}

/// A record that states a size of nothing, or of 3 GB: readers did not end, or asked for the memory.
#[test]
fn evtx_290_sizes_that_cannot_be_are_passed_over() {
    for size in [0_u32, 1, 27, 0xc000_0000, u32::MAX] {
        let mut bytes = sound();
        let second = records(&bytes)[1];
        bytes[second + 4..second + 8].copy_from_slice(&size.to_le_bytes());
        let (recorder, account) = read(&bytes);
        assert_eq!(recorder.events, 4, "size {size}");
        assert!(account.rejected_bytes > 0);
        assert!(recorder.diagnostics.iter().any(|(code, ..)| *code == Code::BadRecord));
    }
}

/// A name, or a template, whose link to the next one leads back to it.
#[test]
fn evtx_263_links_that_lead_back_are_not_followed() {
    let mut bytes = sound();
    let template = FILE_HEADER + number(&bytes, RECORDS + 34);
    let own = u32::try_from(template - FILE_HEADER).unwrap();
    bytes[template..template + 4].copy_from_slice(&own.to_le_bytes());
    let (recorder, _) = read(&bytes);
    assert_eq!(recorder.events, 5);
}

/// A template that holds itself.
#[test]
fn evtx_264_a_template_within_a_template_is_turned_down() {
    let mut bytes = sound();
    let template = FILE_HEADER + number(&bytes, RECORDS + 34);
    let offset = number(&bytes, RECORDS + 34);
    // In place of the root element: an instance of the same template.
    let body = template + 24 + 4;
    bytes[body..body + 2].copy_from_slice(&[0x0c, 1]);
    bytes[body + 6..body + 10].copy_from_slice(&u32::try_from(offset).unwrap().to_le_bytes());
    let (recorder, account) = read(&bytes);
    assert!(recorder.events < 5 && account.rejected_bytes > 0);
    assert!(recorder.diagnostics.iter().any(|(code, ..)| *code == Code::BadRecord));
}

/// Values that are binary XML in binary XML in binary XML, as deep as a chunk allows.
#[test]
fn evtx_288_nesting_without_end_is_bounded() {
    let mut bytes = sound();
    let (start, end) = (records(&bytes)[0], FILE_HEADER + 65_536);
    let size = u32::try_from(end - start).unwrap();
    bytes[start + 4..start + 8].copy_from_slice(&size.to_le_bytes());
    bytes[end - 4..].copy_from_slice(&size.to_le_bytes());
    bytes[FILE_HEADER + 48..FILE_HEADER + 52].copy_from_slice(&65_536_u32.to_le_bytes());
    let mut at = start + 24;
    bytes[at..at + 4].copy_from_slice(&[0x0f, 1, 1, 0]);
    at += 4;
    // Each value is all of the rest: a value token, the type of binary XML, a size.
    while at + 8 < end {
        let rest = u16::try_from(end - at - 8).unwrap_or(u16::MAX);
        bytes[at..at + 2].copy_from_slice(&[0x05, 0x21]);
        bytes[at + 2..at + 4].copy_from_slice(&rest.to_le_bytes());
        at += 4;
    }
    let (recorder, account) = read(&bytes);
    assert_eq!(recorder.events, 0);
    assert!(account.rejected_bytes > 60_000);
}

/// Dirty chunks were passed over without a word.
#[test]
fn python_evtx_85_a_dirty_log_is_read_and_said_to_be_dirty() {
    let bytes = std::fs::read(fixtures().join("windows.evtx/left-dirty/input")).unwrap();
    let (recorder, account) = read(&bytes);
    assert_eq!((recorder.events, account.rejected_bytes), (5, 0));
    assert!(recorder.diagnostics.iter().any(|(code, ..)| *code == Code::DirtyLog));
}

/// An event log under another name was passed over.
#[test]
fn chainsaw_99_a_log_is_known_by_its_content() {
    let bytes = sound();
    for path in ["Security.evt", "logs/security.evtx_data", "C:\\x\\no-extension"] {
        let head = Head { path, bytes: &bytes[..65_536], size: bytes.len() as u64 };
        assert_eq!(recognise(&head).unwrap().artifact().name, "windows.evtx");
    }
}

/// Events collected from other machines: each record says its own channel and computer.
#[test]
fn chainsaw_25_each_record_has_the_channel_that_it_states() {
    let (recorder, _) = read(&sound());
    for channel in ["Microsoft-Windows-Sysmon/Operational", "MSExchange Management", "Security"] {
        assert!(recorder.text.contains(&format!("## windows.event/{channel}")), "{channel}");
    }
}

/// Records behind the end that a chunk states are what an attacker, or an export, left there.
#[test]
fn records_in_free_space_are_read_and_marked() {
    let mut bytes = sound();
    let starts = records(&bytes);
    let third = u32::try_from(starts[3] - FILE_HEADER).unwrap();
    // The chunk now says that it ends before its fourth record.
    bytes[FILE_HEADER + 48..FILE_HEADER + 52].copy_from_slice(&third.to_le_bytes());
    let (recorder, _) = read(&bytes);
    assert_eq!(recorder.events, 5);
    let marked = recorder.text.matches("Salvaged: behind the records that its chunk counts").count();
    assert_eq!(marked, 2);
    let salvaged = recorder.diagnostics.iter().filter(|(code, ..)| *code == Code::Salvaged);
    assert_eq!(salvaged.count(), 2);
    // Its template gone, such a record is nobody's any more.
    let template = FILE_HEADER + number(&bytes, starts[3] + 34);
    bytes[template + 4] ^= 1;
    assert_eq!(read(&bytes).0.events, 4);
}

/// A log whose first bytes were cut off, or into which some were put, goes on at another place.
#[test]
fn chunks_are_found_where_they_do_not_belong() {
    let bytes = sound();
    let (recorder, account) = read(&bytes[FILE_HEADER..]);
    assert_eq!((recorder.events, account.rejected_bytes), (5, 0));
    let mut moved = bytes.clone();
    moved.splice(FILE_HEADER..FILE_HEADER, *b"seventeen bytes in");
    let (recorder, account) = read(&moved);
    assert_eq!((recorder.events, account.rejected_bytes), (5, 18));
}

/// What a record was before somebody changed it must not pass for its copy.
#[test]
fn the_original_of_a_changed_record_is_read_beside_it() {
    let sound = sound();
    // Behind the log, the same chunk without its magic: what a writer left there.
    let mut left = sound[FILE_HEADER..].to_vec();
    left[..8].fill(0);
    let doubled = [sound.as_slice(), left.as_slice()].concat();
    let (recorder, _) = read(&doubled);
    let repeated = |recorder: &Recorder| {
        let codes = recorder.diagnostics.iter();
        codes
            .filter(|(code, ..)| *code == Code::RecordsRepeated)
            .map(|(_, place, _)| place.clone())
            .collect::<Vec<_>>()
    };
    let first = format!("offset {}", sound.len() + 512);
    assert_eq!((recorder.events, repeated(&recorder)), (5, vec![first.clone()]));
    // The third record changed in its middle: its id, time, size and end are as they were.
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let (command, starts) = (utf16("net user"), records(&sound));
    let at = sound.windows(command.len()).position(|part| part == command).unwrap();
    assert!(starts[2] < at && at + 64 < starts[3]);
    let mut changed = doubled.clone();
    changed[at..at + 6].copy_from_slice(&utf16("ver"));
    let (recorder, _) = read(&changed);
    assert_eq!((recorder.events, repeated(&recorder)), (6, vec![first]));
    for command in ["CommandLine: ver user", "CommandLine: net user"] {
        assert_eq!(recorder.text.matches(command).count(), 1, "{command}");
    }
    assert_eq!(recorder.text.matches("Salvaged: in a chunk whose header is damaged").count(), 1);
}
