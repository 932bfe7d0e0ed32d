//! What an attacker may leave in place of evidence: the program ends, says so, stays within its memory, and neither
//! writes nor reads beside what it was given.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Schema};
use vigie_parse::{Limits, Sink, collection};

use crate::run::{assert_accounted, codes, vigie};

const LOG: &[u8] =
    b"#Fields: date time cs-method cs-uri-stem c-ip sc-status\r\n2021-03-01 00:00:01 GET /owa/ 203.0.113.9 200\r\n";

/// Entries of each archive with very many: nearly what the directory of a zip can count without its 64-bit form.
const MANY: usize = 65_000;
/// Address space in which both are read, in bytes: 320 MiB were enough (2.3 KB an entry), 312 were not.
const MANY_BYTES: u64 = 352 << 20;

/// A stored zip, written by hand: writers refuse such names.
fn zip(entries: impl Iterator<Item = (Vec<u8>, &'static [u8])>) -> Vec<u8> {
    let (mut data, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u64);
    for (name, content) in entries {
        let (size, start) = (u32::try_from(content.len()).unwrap(), u32::try_from(data.len()).unwrap());
        let mut fields = vec![0; 12];
        fields.extend(crc(content).to_le_bytes());
        fields.extend(size.to_le_bytes());
        fields.extend(size.to_le_bytes());
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields.extend([0, 0]);
        // Version 2.0, names in UTF-8.
        fields[0] = 20;
        fields[3] = 8;
        data.extend(b"PK\x03\x04");
        data.extend(&fields[..10]);
        data.extend(&fields[12..]);
        data.extend(&name);
        data.extend(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields[..10]);
        directory.extend(&fields[12..]);
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(&name);
        count += 1;
    }
    let (size, start) = (u32::try_from(directory.len()).unwrap(), u32::try_from(data.len()).unwrap());
    data.extend(&directory);
    data.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(count).unwrap().to_le_bytes();
    data.extend([count, count].concat());
    data.extend(size.to_le_bytes());
    data.extend(start.to_le_bytes());
    data.extend([0, 0]);
    data
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn tar(names: impl Iterator<Item = String>) -> Vec<u8> {
    let mut tape = Vec::new();
    for name in names {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(b"00000000000");
        header[136..147].copy_from_slice(b"14000000000");
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tape.extend(header);
    }
    tape.extend([0; 1024]);
    tape
}

/// Every path under a folder, in order.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(tree(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

#[test]
fn names_that_lead_out_are_read_where_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    // Deep enough that whatever climbs out of it, or out of its output, still lands where the test looks.
    let deep = folder.path().join("a/b/c/d");
    fs::create_dir_all(&deep).unwrap();
    fs::create_dir(folder.path().join("tmp")).unwrap();
    let absolute = folder.path().join("tmp/vigie-absolute.log").display().to_string();
    let names: [&[u8]; 16] = [
        b"../../../../tmp/vigie-escaped.log",
        b"../../../vigie-escaped.log",
        b"../../vigie-escaped.log",
        b"logs/../../../vigie-climbed.log",
        absolute.as_bytes(),
        b"/etc/vigie-escaped.log",
        b"C:\\Windows\\vigie-escaped.log",
        b"\\\\server\\share\\vigie-escaped.log",
        b"\\\\?\\C:\\vigie-escaped.log",
        b"a/u_ex.log:hidden",
        b"a/u_ex\0.log",
        b"a/U_EX.LOG",
        b"a/u_ex.log",
        b"a/CON",
        b"a/\x1b[2J\xe2\x80\xae.log",
        b"./a//b/./u_ex.log",
    ];
    let bytes = zip(names.iter().map(|name| (name.to_vec(), LOG)));
    fs::write(deep.join("evil.zip"), bytes).unwrap();
    let before = tree(folder.path());
    let ran = vigie(&deep, &["check", "evil.zip", "--output", "out", "--json", "--host", "../../x"]);
    // Folders of such names look like hosts, and a host is an assessment of its own.
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let hosts = told.as_array().cloned().unwrap_or_else(|| vec![told]);
    hosts.iter().for_each(assert_accounted);
    let files: usize = hosts.iter().map(|host| host["manifest"].as_array().unwrap().len()).sum();
    assert_eq!(files, names.len());
    assert!(hosts.iter().any(|host| codes(host).contains(&"V0105")), "{}", ran.out);
    assert!(!ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'));
    let timeline = vigie(&deep, &["timeline", "evil.zip"]);
    assert_eq!(timeline.out.lines().count(), names.len() + 1, "{}", timeline.err);
    assert!(!timeline.out.contains(['\u{1b}', '\u{202e}', '\0']));
    let output = deep.join("out");
    assert!(output.is_dir(), "{}", ran.err);
    let beside: Vec<PathBuf> =
        tree(folder.path()).into_iter().filter(|path| !path.starts_with(&output)).collect();
    assert_eq!(beside, before, "nothing but the output was written");
    for outside in ["/tmp/vigie-escaped.log", "/etc/vigie-escaped.log", "C:\\Windows\\vigie-escaped.log"] {
        assert!(!Path::new(outside).exists(), "{outside}");
    }
}

/// Runs in a shell that limits the address space, in bytes.
#[cfg(unix)]
fn within(folder: &Path, bytes: u64, args: &[&str]) -> std::process::Output {
    let limit = format!("ulimit -v {}; exec \"$0\" \"$@\"", bytes >> 10);
    let program = env!("CARGO_BIN_EXE_vigie");
    std::process::Command::new("sh")
        .args(["-c", &limit, program])
        .args(args)
        .current_dir(folder)
        // By default each thread reserves 64 MiB of addresses, and the bound would be one on threads.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn very_many_entries_are_all_listed_within_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let name = |number: usize| format!("C/inetpub/logs/{number:08}.log");
    let content = |number: usize| if number == 0 { LOG } else { &b""[..] };
    let bytes = zip((0..MANY).map(|number| (name(number).into_bytes(), content(number))));
    fs::write(folder.path().join("many.zip"), bytes).unwrap();
    fs::write(folder.path().join("many.tar"), tar((0..MANY).map(name))).unwrap();
    let args = ["timeline", "many.zip", "many.tar", "--threads", "2", "--max-memory", "64M"];
    let ran = within(folder.path(), MANY_BYTES, &args);
    let err = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(0), "{err}");
    assert!(err.contains(&format!("1 of {} files were read", 2 * MANY)), "{err}");
    assert_eq!(ran.stdout.split(|byte| *byte == b'\n').count(), 3, "the head, one row, and the end");
}

#[cfg(unix)]
#[test]
fn links_in_circles_and_pipes_end() {
    let folder = tempfile::tempdir().unwrap();
    let evidence = folder.path().join("in");
    fs::create_dir_all(evidence.join("a/b")).unwrap();
    fs::write(evidence.join("a/u_ex.log"), LOG).unwrap();
    fs::write(folder.path().join("secret.log"), LOG).unwrap();
    for (target, link) in [("..", "a/b/up"), ("self", "self"), ("two", "one"), ("one", "two")] {
        std::os::unix::fs::symlink(target, evidence.join(link)).unwrap();
    }
    std::os::unix::fs::symlink("../secret.log", evidence.join("out.log")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(evidence.join("pipe.log")).status().unwrap();
    assert!(made.success());
    let ran = within(folder.path(), 512 << 20, &["timeline", "in", "--threads", "1"]);
    let (out, err) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    assert_eq!(ran.status.code(), Some(0), "{err}");
    assert_eq!(out.lines().count(), 2, "only the log inside was read: {out}");
    assert_eq!(err.matches("(V0102)").count(), 6, "{err}");
}

/// Takes everything and keeps nothing.
struct Any;

impl Sink for Any {
    fn wants(&mut self, _schema: &Schema) -> Wanted {
        Wanted::All
    }

    fn batch(&mut self, _batch: &EventBatch) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }

    fn fact(&mut self, _fact: Fact) {}

    fn diagnostic(&mut self, _code: Code, _place: &str, _message: &str, _bytes: u64) {}
}

#[test]
fn files_that_shrink_grow_or_go_after_they_were_listed_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["gone.log", "grown.log", "shrunk.log"] {
        fs::write(path(name), LOG.repeat(2)).unwrap();
    }
    let limits = Limits::default();
    let collections = collection::open(&[folder.path().to_owned()], &limits);
    fs::remove_file(path("gone.log")).unwrap();
    fs::write(path("grown.log"), LOG.repeat(3)).unwrap();
    fs::write(path("shrunk.log"), LOG).unwrap();
    let mut found = Vec::new();
    for evidence in &collections[0].evidence {
        let report = vigie_parse::read(evidence, &limits, &mut Any);
        assert_eq!(report.entry.parsed_bytes + report.entry.rejected_bytes, report.entry.size);
        found.extend(report.diagnostics.into_iter().map(|found| found.code));
    }
    assert_eq!(found, [Code::CannotOpen, Code::ChangedWhileRead, Code::ChangedWhileRead]);
}
