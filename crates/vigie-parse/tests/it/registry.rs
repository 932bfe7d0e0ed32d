//! Hives as Windows leaves them, and as nobody should be able to: what fixtures hold of them, and what must hold beyond.

use std::ops::ControlFlow;

use vigie_example::clock::at;
use vigie_example::hive_writer::{Key, PAGE_BYTES, Value, make_dirty, make_dirty_old, write};
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Schema};
use vigie_parse::parsers::registry::Registry;
use vigie_parse::{Sink, parse_bytes};

use crate::made::Made;
use crate::recorder::Recorder;

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// The software of a mail server: Exchange 2016 CU19, and the update of March 2021 when it is patched.
fn software(patched: bool) -> Key {
    let mut root =
        Key::new("CsiTool-CreateHive-{00000000-0000-0000-0000-000000000000}", at("2020-12-19T03:00:00Z"));
    root.at("Classes\\.aspx").values.push((String::new(), text("aspxfile")));
    let setup = root.at(r"Microsoft\ExchangeServer\v15\Setup");
    setup.written = at("2020-12-19T04:40:00Z");
    for (name, number) in
        [("MsiProductMajor", 15), ("MsiProductMinor", 1), ("MsiBuildMajor", 2176), ("MsiBuildMinor", 2)]
    {
        setup.values.push((name.to_owned(), Value::Number(number)));
    }
    setup.values.push(("MsiInstallPath".to_owned(), text(r"D:\Exchange\V15\")));
    let exclusions = root.at(r"Microsoft\Windows Defender\Exclusions\Paths");
    exclusions.written = at("2021-03-03T05:20:00Z");
    exclusions.values.push((r"C:\ProgramData".to_owned(), Value::Number(0)));
    let run = root.at(r"Microsoft\Windows\CurrentVersion\Run");
    run.values.push(("Updater".to_owned(), Value::Expand(r"%PUBLIC%\upd.exe".to_owned())));
    run.values.push(("Größe".to_owned(), Value::Long(1 << 32)));
    run.values.push(("Blob".to_owned(), Value::Bytes((0..=255).cycle().take(20_000).collect())));
    run.values.push(("List".to_owned(), Value::Texts(vec!["one".to_owned(), "two".to_owned()])));
    if patched {
        let patch = root
            .at(r"Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products\AE1D43\Patches\0C7F");
        patch.written = at("2021-03-10T21:42:00Z");
        patch.values.push((
            "DisplayName".to_owned(),
            text("Security Update for Exchange Server 2016 Cumulative Update 19 (KB5000871) 15.1.2176.9"),
        ));
        patch.values.push(("Installed".to_owned(), text("20210310")));
        patch.values.push(("State".to_owned(), Value::Number(1)));
        root.at(r"MSERTBootstrap\PatchState").written = at("2021-03-11T08:00:00Z");
    }
    root
}

fn system() -> Key {
    let mut root = Key::new("ROOT", at("2021-03-03T05:00:00Z"));
    root.at("Select").values.push(("Current".to_owned(), Value::Number(1)));
    root.at(r"ControlSet001\Control\ComputerName\ComputerName")
        .values
        .push(("ComputerName".to_owned(), text("MAIL01")));
    let service = root.at(r"ControlSet001\Services\Updater");
    service.written = at("2021-03-03T05:13:00Z");
    service.values.push(("ImagePath".to_owned(), Value::Expand(r"C:\Windows\Temp\svc.exe -k".to_owned())));
    service.values.push(("Start".to_owned(), Value::Number(2)));
    root.at(r"ControlSet002\Services\Old");
    root
}

fn hive(root: &Key, name: &str) -> Vec<u8> {
    write(root, &format!(r"\SystemRoot\System32\Config\{name}"), 7)
}

/// A hive whose last write did not end, and its log.
fn dirty(make: fn(&mut [u8], &[u8], u32) -> Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let mut before = hive(&software(false), "SOFTWARE");
    let mut changed = software(false);
    let path = r"Microsoft\Windows Defender\Exclusions\Paths";
    r"C:\inetpub\ww".clone_into(&mut changed.at(path).values[0].0);
    changed.at(path).written = at("2021-03-04T01:00:00Z");
    let after = hive(&changed, "SOFTWARE");
    let log = make(&mut before, &after, 8);
    (before, log)
}

/// A hive in which the first key of the root's list is the root itself.
fn with_a_cycle() -> Vec<u8> {
    let mut bytes = hive(&system(), "SYSTEM");
    let root = word(&bytes, 36);
    let list = word(&bytes, PAGE_BYTES + root as usize + 4 + 28) as usize;
    let entry = PAGE_BYTES + list + 8;
    bytes[entry..entry + 4].copy_from_slice(&root.to_le_bytes());
    bytes
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The files of the fixtures.
pub(crate) fn made() -> Vec<Made> {
    let (dirty_hive, log) = dirty(make_dirty);
    let (old_hive, old_log) = dirty(make_dirty_old);
    let mut wiped = hive(&software(true), "SOFTWARE");
    let last = wiped.len() - PAGE_BYTES;
    wiped[last..].fill(0);
    vec![
        (
            "windows.registry/exchange-with-the-update-of-march/input/C/Windows/System32/config/SOFTWARE",
            hive(&software(true), "SOFTWARE"),
        ),
        (
            "windows.registry/services-and-the-name-of-the-host/input/C/Windows/System32/config/SYSTEM",
            hive(&system(), "SYSTEM"),
        ),
        ("windows.registry/dirty-with-its-log/input/C/Windows/System32/config/SOFTWARE", dirty_hive.clone()),
        ("windows.registry/dirty-with-its-log/input/C/Windows/System32/config/SOFTWARE.LOG1", log),
        ("windows.registry/dirty-with-a-log-of-the-old-format/input/SOFTWARE", old_hive),
        ("windows.registry/dirty-with-a-log-of-the-old-format/input/software.log1", old_log),
        ("windows.registry/dirty-without-a-log/input", dirty_hive),
        ("windows.registry/a-key-that-contains-itself/input", with_a_cycle()),
        ("windows.registry/its-last-page-wiped/input", wiped),
    ]
}

#[test]
fn what_the_log_holds_replaces_what_the_hive_holds() {
    let (before, _) = dirty(make_dirty);
    let mut recorder = Recorder::default();
    parse_bytes(&Registry, "SOFTWARE", &before, &mut recorder);
    assert!(recorder.text.contains(r"Exclusions\\Paths\\C:\\ProgramData"));
    assert!(recorder.diagnostics.iter().any(|(code, _, _)| *code == Code::HiveDirty));
}

/// Counts what comes out, so that shared cells cannot multiply it.
#[derive(Default)]
struct Size(usize);

impl Sink for Size {
    fn wants(&mut self, _: &Schema) -> Wanted {
        Wanted::All
    }
    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        self.0 += batch.text.len();
        ControlFlow::Continue(())
    }
    fn fact(&mut self, _: Fact) {}
    fn diagnostic(&mut self, _: Code, _: &str, _: &str, _: u64) {}
}

#[test]
fn cells_that_are_shared_do_not_multiply() {
    let mut root = Key::new("ROOT", at("2021-03-03T05:00:00Z"));
    for index in 0..2_000 {
        root.at(&format!("K{index}")).values.push(("v".to_owned(), Value::Bytes(vec![1; 64])));
    }
    let mut bytes = hive(&root, "SOFTWARE");
    // Every list of subkeys and of values becomes the first one: a naive reader would give 2000 times 2000 keys.
    let places: Vec<usize> = (0..bytes.len() - 1).filter(|at| &bytes[*at..*at + 2] == b"nk").collect();
    let (first, rest) = places.split_first().unwrap();
    let list = bytes[first + 28..first + 32].to_vec();
    let values = bytes[rest[0] + 40..rest[0] + 44].to_vec();
    for at in rest {
        bytes[at + 20] = 255;
        bytes[at + 28..at + 32].copy_from_slice(&list);
        bytes[at + 40..at + 44].copy_from_slice(&values);
    }
    let mut size = Size::default();
    parse_bytes(&Registry, "SOFTWARE", &bytes, &mut size);
    assert!(size.0 < bytes.len(), "{} bytes of text out of {}", size.0, bytes.len());
}
