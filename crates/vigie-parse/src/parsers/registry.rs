//! Registry hives: every value with the time of its key, transaction logs applied, and what they say of the server.
//!
//! Format: <https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md>. A value
//! is named as Sysmon names it (`HKLM\System\CurrentControlSet\...`), so that rules for registry changes can be asked of
//! the state as well. A log of transactions that is a file of its own is checked, and applied where its hive is read.

use std::borrow::Cow;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;
use vigie_model::schema::Wanted;
use vigie_model::{BatchBuilder, Schema};

use super::little_endian::{u32_at, u64_at, utf16};
use super::registry_hive::{BASE_BLOCK_BYTES, Hive, Key, Seen, Value, trimmed};
use super::{registry_facts, registry_log};
use crate::input::hexadecimal;
use crate::{Artifact, Head, Input, Parser, Sink};

/// A hive is held in memory to be read; of a larger one this many bytes.
const HIVE_BYTES_MAX: usize = 256 << 20;
/// Bytes of one transaction log.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// Bytes of a value that are read, before they become text.
const DATA_BYTES_MAX: usize = 16 << 10;
/// Bytes of a value that are shown as they are.
const SHOWN_BYTES_MAX: usize = 64;
/// Bins begin at multiples of this, in bytes.
const BIN_ALIGNMENT: usize = 4096;
/// Size of a bin's header, in bytes.
const BIN_HEADER_BYTES: usize = 32;
/// The endings of transaction logs, in the order in which they are applied.
const LOG_ENDINGS: [&str; 3] = [".log", ".log1", ".log2"];

static FIELDS: [&str; 5] = ["EventType", "TargetObject", "Details", "ValueType", "Bytes"];

/// Reads registry hives and their transaction logs.
#[derive(Clone, Copy, Debug)]
pub struct Registry;

static ARTIFACT: Artifact = Artifact {
    name: "windows.registry",
    title: "Registry hive (SYSTEM, SOFTWARE, NTUSER.DAT, ...) and its transaction logs",
    density: Density::State,
    proves: "Which Exchange build and updates were installed and when, the host's name, what starts by itself (services, \
             run keys), what the antivirus was told to skip, whether Microsoft's clean-up tools ran.",
    location: r"C:\Windows\System32\config\{SYSTEM,SOFTWARE}, C:\Users\<user>\NTUSER.DAT, each with .LOG1 and .LOG2",
    source: "https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md",
};

impl Parser for Registry {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        head.bytes.starts_with(b"regf") && head.bytes.len() >= 512
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut bytes = Vec::new();
        // `Input` gives its end in place of errors, and the caller reports them.
        let _read = input.by_ref().take(HIVE_BYTES_MAX as u64).read_to_end(&mut bytes);
        let taken = bytes.len();
        let account = if matches!(u32_at(&bytes, 28), Some(1 | 2 | 6)) {
            account_for_log(&bytes, sink)
        } else {
            let account = account_for_bins(&bytes, sink);
            replay(&mut bytes, input, sink);
            read_hive(&bytes, input.path, sink);
            account
        };
        if taken == HIVE_BYTES_MAX {
            let message = format!("{HIVE_BYTES_MAX} bytes of the hive are read");
            sink.diagnostic(Code::LimitReached, &format!("offset {taken}"), &message, 0);
        }
        account
    }
}

/// A log by itself. Older entries behind the newest are what the format leaves there.
fn account_for_log(bytes: &[u8], sink: &mut dyn Sink) -> Account {
    let length = bytes.len() as u64;
    if registry_log::checksum_holds(bytes) {
        return Account { parsed_bytes: length, rejected_bytes: 0 };
    }
    sink.diagnostic(Code::BadRecord, "offset 0", "the base block's checksum is wrong", length);
    Account { parsed_bytes: 0, rejected_bytes: length }
}

/// Bins that hold what their headers say are known structure; whatever else stands in the file is not.
fn account_for_bins(bytes: &[u8], sink: &mut dyn Sink) -> Account {
    let mut account = Account::default();
    let mut reject = |account: &mut Account, at: usize, length: usize, message: &str| {
        account.rejected_bytes = account.rejected_bytes.saturating_add(length as u64);
        sink.diagnostic(Code::BadChunk, &format!("offset {at}"), message, length as u64);
    };
    let mut at = BASE_BLOCK_BYTES.min(bytes.len());
    if registry_log::checksum_holds(bytes) {
        account.parsed_bytes = at as u64;
    } else {
        reject(&mut account, 0, at, "the base block's checksum is wrong");
    }
    // Behind the end that the header states lies room that Windows reserved, with whatever stood there before.
    let is_sound = account.rejected_bytes == 0;
    let end = BASE_BLOCK_BYTES.saturating_add(u32_at(bytes, 40).map_or(0, |size| size as usize));
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let bin = bin_bytes(rest, at).or((is_sound && at >= end).then_some(rest.len()));
        let next = bin.unwrap_or(BIN_ALIGNMENT.min(rest.len()));
        if bin.is_some() {
            account.parsed_bytes = account.parsed_bytes.saturating_add(next as u64);
        } else {
            reject(&mut account, at, next, "no bin of the hive");
        }
        at = at.saturating_add(next);
    }
    account
}

/// The size of a bin whose header is right and whose cells fill it.
fn bin_bytes(rest: &[u8], at: usize) -> Option<usize> {
    let stated_at = u32_at(rest, 4).filter(|_| rest.starts_with(b"hbin"))?;
    let size = u32_at(rest, 8)? as usize;
    let is_right = BASE_BLOCK_BYTES.checked_add(stated_at as usize) == Some(at)
        && size > 0
        && size.is_multiple_of(BIN_ALIGNMENT)
        && size <= rest.len();
    if !is_right {
        return None;
    }
    let mut cell = BIN_HEADER_BYTES;
    while cell < size {
        let length = u32_at(rest, cell)?.cast_signed().unsigned_abs() as usize;
        if length < 8 || !length.is_multiple_of(8) {
            return None;
        }
        cell = cell.checked_add(length)?;
    }
    (cell == size).then_some(size)
}

/// Applies the logs that lie beside a dirty hive.
fn replay(bytes: &mut Vec<u8>, input: &Input<'_>, sink: &mut dyn Sink) {
    if !registry_log::is_dirty(bytes) {
        return;
    }
    // Windows switches between the two logs: the one that begins earlier is applied first.
    let mut logs: Vec<(u32, &str)> = LOG_ENDINGS
        .into_iter()
        .filter_map(|ending| Some((first_sequence(input.beside(ending)?), ending)))
        .collect();
    logs.sort_by_key(|(sequence, _)| *sequence);
    let mut replayed = registry_log::Replayed::default();
    for (_, ending) in logs {
        let Some(reader) = input.beside(ending) else { continue };
        let mut log = Vec::new();
        if reader.take(LOG_BYTES_MAX).read_to_end(&mut log).is_ok() {
            let one = registry_log::replay(bytes, &log, HIVE_BYTES_MAX);
            replayed.entries = replayed.entries.saturating_add(one.entries);
            replayed.pages = replayed.pages.saturating_add(one.pages);
        }
    }
    let message = match replayed.entries {
        0 => "its last changes are in no transaction log beside it".to_owned(),
        entries => {
            format!("{entries} entries of its transaction logs were applied, {} pages", replayed.pages)
        }
    };
    sink.diagnostic(Code::HiveDirty, "offset 4", &message, 0);
}

/// The sequence number that a log's base block states.
fn first_sequence(reader: Box<dyn Read + Send>) -> u32 {
    let mut head = Vec::new();
    // A log that cannot be read is found to be so when it is applied.
    let _read = reader.take(8).read_to_end(&mut head);
    u32_at(&head, 4).unwrap_or(0)
}

/// What a hive is, by the keys it has.
fn kind_of(hive: &Hive<'_>, path: &str) -> (&'static str, String) {
    let has = |key: &str| hive.find(key).is_some();
    let user = || {
        let folder = path.rsplit(['\\', '/']).nth(1).filter(|folder| !folder.is_empty());
        format!(r"HKU\{}", folder.unwrap_or("unknown"))
    };
    let base_name = hive.bytes.get(48..112).map(utf16).unwrap_or_default();
    let named = |name: &str| trimmed(&base_name).to_ascii_lowercase().contains(name);
    if has("Select") && (has("ControlSet001") || has("ControlSet002")) {
        ("SYSTEM", r"HKLM\System".to_owned())
    } else if has("Microsoft") && has("Classes") {
        ("SOFTWARE", r"HKLM\Software".to_owned())
    } else if has("SAM") {
        ("SAM", r"HKLM".to_owned())
    } else if has("Policy") && named("security") {
        ("SECURITY", r"HKLM\Security".to_owned())
    } else if has("Software") || has("Control Panel") {
        ("NTUSER", user())
    } else if named("usrclass") {
        ("USRCLASS", format!("{}_Classes", user()))
    } else {
        ("", "HKLM".to_owned())
    }
}

struct Reading {
    wanted: Wanted,
    builder: BatchBuilder,
    prefix: String,
    /// `ControlSet001`, the one in use: rules name it `CurrentControlSet`.
    current_set: Option<String>,
    seen: Seen,
    /// Bytes of values that may still be turned into text: cells that many values share must not multiply.
    budget: usize,
}

fn read_hive(bytes: &[u8], path: &str, sink: &mut dyn Sink) {
    let hive = Hive { bytes };
    if hive.root().is_none() {
        sink.diagnostic(Code::BadRecord, "offset 36", "no root key", 0);
        return;
    }
    let (kind, prefix) = kind_of(&hive, path);
    registry_facts::give(&hive, kind, sink);
    let schema = Schema {
        artifact: Cow::Borrowed(ARTIFACT.name),
        stream: kind.to_owned(),
        fields: FIELDS.iter().map(|name| Cow::Borrowed(*name)).collect(),
        ..Schema::default()
    };
    let mut reading = Reading {
        wanted: sink.wants(&schema),
        builder: BatchBuilder::new(Arc::new(schema)),
        prefix,
        current_set: registry_facts::current_control_set(&hive),
        seen: Seen::of(bytes.len()),
        budget: bytes.len().saturating_mul(2),
    };
    let mut flow = ControlFlow::Continue(());
    let mut again = hive.walk(&mut |key, path| {
        flow = add_key(&mut reading, &hive, key, path, sink);
        flow.is_continue()
    });
    if reading.budget == 0 {
        again = again.saturating_add(1);
    }
    if again > 0 {
        let message = format!("{again} keys, lists or values are referred to more than once");
        sink.diagnostic(Code::BadRecord, "offset 4096", &message, 0);
    }
    if flow.is_continue() && !reading.builder.is_empty() {
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = sink.batch(&reading.builder.take());
    }
}

/// Gives a row for each value of a key, and one for a key that has none.
fn add_key(
    reading: &mut Reading,
    hive: &Hive<'_>,
    key: Key<'_>,
    path: &str,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let object = object_of(reading, path);
    let position = position_of(key.cell);
    let time = key.written();
    if key.value_count() == 0 {
        let values = [Some("CreateKey"), Some(object.as_str()), None, None, None];
        return push(reading, time, position, values, sink);
    }
    if !reading.seen.first_time(key.value_list()) {
        reading.budget = 0;
        return ControlFlow::Continue(());
    }
    for value in hive.values(key) {
        if !reading.seen.first_time(value.cell) {
            reading.budget = 0;
            continue;
        }
        let target = if reading.wanted.has(1) { named(&object, &value) } else { String::new() };
        let shown = if reading.wanted.has(2) || reading.wanted.has(4) {
            let data = hive.data(value, DATA_BYTES_MAX.min(reading.budget));
            reading.budget = reading.budget.saturating_sub(data.len());
            details(value.kind(), &data)
        } else {
            (String::new(), String::new())
        };
        let (details, bytes) = (shown.0.as_str(), Some(shown.1.as_str()).filter(|bytes| !bytes.is_empty()));
        let values =
            [Some("SetValue"), Some(target.as_str()), Some(details), Some(type_name(value.kind())), bytes];
        if push(reading, time, position_of(value.cell), values, sink).is_break() {
            return ControlFlow::Break(());
        }
    }
    ControlFlow::Continue(())
}

fn position_of(cell: u32) -> Position {
    let offset = u64::from(cell).saturating_add(BASE_BLOCK_BYTES as u64);
    Position { number: offset, offset }
}

fn push(
    reading: &mut Reading,
    time: Option<vigie_model::Time>,
    position: Position,
    values: [Option<&str>; 5],
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let wanted = &reading.wanted;
    let values = values.into_iter().enumerate().map(|(column, value)| value.filter(|_| wanted.has(column)));
    reading.builder.push(time, position, values);
    if reading.builder.is_full() { sink.batch(&reading.builder.take()) } else { ControlFlow::Continue(()) }
}

/// The name of a key as rules write it.
fn object_of(reading: &Reading, path: &str) -> String {
    if !reading.wanted.has(1) {
        return String::new();
    }
    let (first, rest) = path.split_once('\\').unwrap_or((path, ""));
    let first = match &reading.current_set {
        Some(current) if first.eq_ignore_ascii_case(current) => "CurrentControlSet",
        _ => first,
    };
    [reading.prefix.as_str(), first, rest]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\\")
}

fn named(object: &str, value: &Value<'_>) -> String {
    let name = value.name();
    format!(r"{object}\{}", if name.is_empty() { "(Default)" } else { name.as_str() })
}

fn type_name(kind: u32) -> &'static str {
    match kind {
        0 => "REG_NONE",
        1 => "REG_SZ",
        2 => "REG_EXPAND_SZ",
        3 => "REG_BINARY",
        4 => "REG_DWORD",
        5 => "REG_DWORD_BIG_ENDIAN",
        6 => "REG_LINK",
        7 => "REG_MULTI_SZ",
        8 => "REG_RESOURCE_LIST",
        9 => "REG_FULL_RESOURCE_DESCRIPTOR",
        10 => "REG_RESOURCE_REQUIREMENTS_LIST",
        11 => "REG_QWORD",
        _ => "unknown",
    }
}

/// A value as Sysmon shows it, and its bytes where that is only `Binary Data`.
fn details(kind: u32, data: &[u8]) -> (String, String) {
    let text = match kind {
        1 | 2 | 6 => trimmed(&utf16(data)),
        7 => trimmed(&utf16(data)).split('\0').collect::<Vec<_>>().join("; "),
        4 => u32_at(data, 0).map_or_else(String::new, |number| format!("DWORD (0x{number:08x})")),
        11 => u64_at(data, 0).map_or_else(String::new, |number| {
            format!("QWORD (0x{:08x}-0x{:08x})", number.wrapping_shr(32), number & 0xffff_ffff)
        }),
        _ => {
            let shown = hexadecimal(data.get(..SHOWN_BYTES_MAX).unwrap_or(data));
            return ("Binary Data".to_owned(), shown);
        }
    };
    (text, String::new())
}

#[cfg(test)]
mod tests {
    use super::details;

    #[test]
    fn values_are_shown_as_sysmon_shows_them() {
        assert_eq!(details(4, &[1, 0, 0, 0]).0, "DWORD (0x00000001)");
        assert_eq!(details(11, &[1, 0, 0, 0, 2, 0, 0, 0]).0, "QWORD (0x00000002-0x00000001)");
        assert_eq!(details(7, b"a\0\0\0b\0\0\0\0\0").0, "a; b");
        assert_eq!(details(3, &[0xab, 0x01]), ("Binary Data".to_owned(), "ab01".to_owned()));
        assert_eq!(details(4, &[1]).0, "");
    }
}
