//! Collections as people and tools leave them, whole and damaged.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vigie_model::diagnostic::Code;
use vigie_parse::{Collection, FileReport, Limits, open, read};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::recorder::Recorder;

const LOG: &str = "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time cs-uri-stem sc-status\n2021-03-03 05:00:00 /owa/ 200\n";

fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn open_one(path: &Path) -> Collection {
    let mut collections = open(&[path.to_owned()], &Limits::default());
    assert_eq!(collections.len(), 1, "{collections:?}");
    collections.remove(0)
}

fn report(collection: &Collection, path: &str) -> FileReport {
    let evidence = collection.evidence.iter().find(|evidence| evidence.path == path);
    let evidence = evidence.unwrap_or_else(|| panic!("{path} is not in {:?}", paths(collection)));
    read(evidence, &Limits::default(), &mut Recorder::default())
}

fn paths(collection: &Collection) -> Vec<&str> {
    collection.evidence.iter().map(|evidence| evidence.path.as_str()).collect()
}

fn codes(collection: &Collection) -> Vec<(Code, &str)> {
    collection.diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.path.as_str())).collect()
}

#[test]
fn a_folder_of_kape_gives_host_paths() {
    let root = TempDir::new().unwrap();
    put(root.path(), "C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", LOG);
    put(root.path(), "D/Exchange/V15/Logging/notes.bin", [1, 2, 3]);
    let collection = open_one(root.path());
    let read = report(&collection, "C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log");
    assert_eq!(read.entry.host_path.as_deref(), Some("C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex210303.log"));
    assert_eq!((read.entry.artifact.as_deref(), read.entry.events), (Some("iis.w3c"), 1));
    assert_eq!(report(&collection, "D/Exchange/V15/Logging/notes.bin").entry.rejected_bytes, 3);
}

#[test]
fn velociraptor_names_its_host_and_escapes_its_paths() {
    let root = TempDir::new().unwrap();
    let archive = zip(&[
        ("client_info.json", br#"{"Hostname":"MAIL01","Fqdn":"MAIL01.hotel.example"}"#),
        ("uploads/auto/C%3A/inetpub/logs/LogFiles/W3SVC2/u_ex210303.log", LOG.as_bytes()),
        ("uploads/ntfs/%5C%5C.%5CC%3A/$Extend/$UsnJrnl%3A$J", b"x"),
    ]);
    put(root.path(), "c.zip", archive);
    let collection = open_one(&root.path().join("c.zip"));
    assert_eq!(collection.host.as_deref(), Some("MAIL01"));
    let hosts: Vec<_> = collection.evidence.iter().map(|evidence| evidence.host_path.as_deref()).collect();
    let log = "C:\\inetpub\\logs\\LogFiles\\W3SVC2\\u_ex210303.log";
    assert_eq!(hosts, [None, Some(log), Some("C:\\$Extend\\$UsnJrnl:$J")]);
    let read = report(&collection, "c.zip!/uploads/auto/C%3A/inetpub/logs/LogFiles/W3SVC2/u_ex210303.log");
    assert_eq!((read.entry.events, read.entry.rejected_bytes), (1, 0));
}

#[test]
fn the_name_of_a_velociraptor_archive_names_its_host() {
    let root = TempDir::new().unwrap();
    put(root.path(), "Collection-MAIL-01.hotel.example-2021-11-21T18_05_56-08_00.zip", zip(&[("a", b"b")]));
    let collection =
        open_one(&root.path().join("Collection-MAIL-01.hotel.example-2021-11-21T18_05_56-08_00.zip"));
    assert_eq!(collection.host.as_deref(), Some("MAIL-01.hotel.example"));
}

#[test]
fn a_folder_of_176_archives_is_176_collections() {
    let root = TempDir::new().unwrap();
    for index in 0..176 {
        put(root.path(), &format!("hotel{index:03}.zip"), zip(&[("C/inetpub/u_ex.log", LOG.as_bytes())]));
    }
    put(root.path(), "damaged.zip", b"PK\x03\x04 and nothing else");
    put(root.path(), "notes.txt", "read me");
    let collections = open(&[root.path().to_owned()], &Limits::default());
    assert_eq!(collections.len(), 178);
    let names: Vec<&str> = collections.iter().map(|collection| collection.name.as_str()).collect();
    assert!(names.contains(&"hotel175.zip") && names.contains(&"damaged.zip"), "{names:?}");
    let damaged = collections.iter().find(|collection| collection.name.starts_with("damaged")).unwrap();
    assert_eq!(codes(damaged), [(Code::ContainerDamaged, "damaged.zip")]);
    assert_eq!(report(damaged, "damaged.zip").entry.size, 21);
}

#[test]
fn folders_with_the_same_marks_are_several_hosts() {
    let root = TempDir::new().unwrap();
    for host in ["MAIL01", "MAIL02"] {
        put(root.path(), &format!("{host}/inetpub/logs/LogFiles/W3SVC1/u_ex.log"), LOG);
        put(root.path(), &format!("{host}/Logging/HttpProxy/Owa/x.LOG"), LOG);
    }
    let collections = open(&[root.path().to_owned()], &Limits::default());
    let names: Vec<&str> = collections.iter().map(|collection| collection.name.as_str()).collect();
    assert_eq!(names, ["MAIL01", "MAIL02"]);
    assert_eq!(collections[0].evidence.len(), 2);
}

#[test]
fn folders_with_different_marks_are_one_host() {
    let root = TempDir::new().unwrap();
    put(root.path(), "web/W3SVC1/u_ex.log", LOG);
    put(root.path(), "exchange/Logging/HttpProxy/Owa/x.LOG", LOG);
    put(root.path(), "loose.log", LOG);
    assert_eq!(open_one(root.path()).evidence.len(), 3);
}

#[test]
fn loose_files_named_together_are_one_collection() {
    let root = TempDir::new().unwrap();
    put(root.path(), "a.log", LOG);
    put(root.path(), "b.log", "");
    let missing = root.path().join("missing.log");
    let files: Vec<PathBuf> = vec![root.path().join("b.log"), root.path().join("a.log"), missing.clone()];
    let collections = open(&files, &Limits::default());
    assert_eq!(collections.len(), 1);
    assert_eq!(collections[0].evidence.len(), 3);
    assert_eq!(report(&collections[0], &missing.to_string_lossy()).diagnostics[0].code, Code::CannotOpen);
    let empty = report(&collections[0], &root.path().join("b.log").to_string_lossy());
    assert_eq!(empty.diagnostics[0].code, Code::Empty);
    assert_eq!(
        empty.entry.sha256.unwrap(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[test]
fn an_empty_folder_is_an_empty_collection() {
    let root = TempDir::new().unwrap();
    assert!(open_one(root.path()).evidence.is_empty());
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_named_and_not_opened() {
    let root = TempDir::new().unwrap();
    put(root.path(), "a.log", LOG);
    std::os::unix::fs::symlink("/etc/passwd", root.path().join("link.log")).unwrap();
    std::os::unix::fs::symlink(".", root.path().join("loop")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.path().join("pipe.log")).status().unwrap();
    assert!(made.success());
    let collection = open_one(root.path());
    assert_eq!(paths(&collection), ["a.log", "link.log", "loop", "pipe.log"]);
    for path in ["link.log", "loop", "pipe.log"] {
        let read = report(&collection, path);
        assert_eq!(read.diagnostics[0].code, Code::NotRegularFile);
        assert_eq!((read.entry.size, read.entry.sha256), (0, None));
    }
}

#[test]
fn archives_in_archives_are_read_in_place() {
    let inner = zip(&[("C/inetpub/logs/u_ex.log", LOG.as_bytes())]);
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, options) in [("stored.zip", stored), ("packed.zip", SimpleFileOptions::default())] {
        writer.start_file(name, options).unwrap();
        writer.write_all(&inner).unwrap();
    }
    let root = TempDir::new().unwrap();
    put(root.path(), "all.zip", writer.finish().unwrap().into_inner());
    let collections = open(&[root.path().join("all.zip")], &Limits::default());
    let names: Vec<&str> = collections.iter().map(|collection| collection.name.as_str()).collect();
    assert_eq!(names, ["all.zip!/packed.zip", "all.zip!/stored.zip"]);
    for (collection, name) in collections.iter().zip(["packed", "stored"]) {
        let read = report(collection, &format!("all.zip!/{name}.zip!/C/inetpub/logs/u_ex.log"));
        assert_eq!((read.entry.events, read.entry.rejected_bytes), (1, 0));
    }
    let limits = Limits { nested_bytes_max: 10, ..Limits::default() };
    let limited = open(&[root.path().join("all.zip")], &limits);
    let packed = limited.iter().find_map(|collection| {
        collection.evidence.iter().find(|evidence| evidence.path == "all.zip!/packed.zip")
    });
    let read = read(packed.unwrap(), &limits, &mut Recorder::default());
    assert_eq!((read.diagnostics[0].code, read.entry.sha256), (Code::LimitReached, None));
}

#[test]
fn unsafe_names_are_escaped_and_said() {
    let entries: Vec<(&str, &[u8])> = vec![
        ("../up.log", b"1"),
        ("/abs.log", b"2"),
        ("C\\inetpub\\u_ex.log", LOG.as_bytes()),
        ("a/x.aspx:hidden", b"3"),
        ("gpj.\u{202e}exe", b"4"),
    ];
    let root = TempDir::new().unwrap();
    put(root.path(), "n.zip", zip(&entries));
    let collection = open_one(&root.path().join("n.zip"));
    let unsafe_paths: Vec<&str> = codes(&collection).into_iter().map(|(_, path)| path).collect();
    assert_eq!(
        unsafe_paths,
        ["n.zip!/../up.log", "n.zip!//abs.log", "n.zip!/a/x.aspx:hidden", "n.zip!/gpj.\\u{202e}exe"]
    );
    let read = report(&collection, "n.zip!/C/inetpub/u_ex.log");
    assert_eq!(read.entry.host_path.as_deref(), Some("C:\\inetpub\\u_ex.log"));
    assert!(collection.evidence.iter().all(|evidence| evidence.open(&Limits::default()).is_ok()));
}

#[test]
fn the_same_name_twice_is_read_twice() {
    // Both names have the same length, so the archive can be made to repeat one.
    let mut twice = zip(&[("a.log", b"first"), ("b.log", b"second")]);
    for at in 0..twice.len().saturating_sub(5) {
        if twice[at..].starts_with(b"b.log") {
            twice[at] = b'a';
        }
    }
    let root = TempDir::new().unwrap();
    put(root.path(), "d.zip", twice);
    let collection = open_one(&root.path().join("d.zip"));
    assert_eq!(codes(&collection), [(Code::Duplicate, "d.zip!/a.log")]);
    let sizes: Vec<_> = collection
        .evidence
        .iter()
        .map(|evidence| read(evidence, &Limits::default(), &mut Recorder::default()).entry.size)
        .collect();
    assert_eq!(sizes, [5, 6]);
}

#[test]
fn a_damaged_directory_gives_the_entries_that_can_be_read() {
    let whole = zip(&[("C/inetpub/1.log", LOG.as_bytes()), ("C/inetpub/2.log", LOG.as_bytes())]);
    let directory = whole.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let second = whole.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let root = TempDir::new().unwrap();
    let mut broken = whole.clone();
    broken[second] = b'X';
    for (name, bytes) in [("cut.zip", &whole[..directory]), ("broken.zip", &broken[..])] {
        put(root.path(), name, bytes);
        let collection = open_one(&root.path().join(name));
        assert_eq!(codes(&collection), [(Code::ContainerDamaged, name)]);
        for log in ["1.log", "2.log"] {
            let read = report(&collection, &format!("{name}!/C/inetpub/{log}"));
            assert_eq!((read.entry.events, read.entry.sha256.is_some()), (1, true), "{name} {log}");
        }
    }
}

#[test]
fn an_entry_that_is_not_what_its_checksum_says_is_damaged() {
    let mut bytes = zip(&[("C/inetpub/1.log", LOG.as_bytes())]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 16] ^= 0xff;
    let root = TempDir::new().unwrap();
    put(root.path(), "c.zip", bytes);
    let collection = open_one(&root.path().join("c.zip"));
    let read = report(&collection, "c.zip!/C/inetpub/1.log");
    assert_eq!(read.diagnostics[0].code, Code::ContainerDamaged);
    assert_eq!((read.entry.events, read.entry.sha256), (1, None));
}

#[test]
fn an_encrypted_entry_is_said_to_be() {
    let mut bytes = zip(&[("C/inetpub/1.log", LOG.as_bytes())]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 8] |= 1;
    let root = TempDir::new().unwrap();
    put(root.path(), "e.zip", bytes);
    let collection = open_one(&root.path().join("e.zip"));
    let read = report(&collection, "e.zip!/C/inetpub/1.log");
    assert_eq!(read.diagnostics[0].code, Code::Encrypted);
    assert_eq!(read.entry.rejected_bytes, LOG.len() as u64);
}

#[test]
fn limits_stop_a_bomb_while_it_is_read() {
    let root = TempDir::new().unwrap();
    let zeros = vec![0_u8; 80 << 20];
    put(root.path(), "b.zip", zip(&[("zeros.log", &zeros)]));
    let limits = Limits { ratio_max: 10, ..Limits::default() };
    let collections = open(&[root.path().join("b.zip")], &limits);
    let read = read(&collections[0].evidence[0], &limits, &mut Recorder::default());
    assert_eq!(read.diagnostics.iter().filter(|diagnostic| diagnostic.code == Code::LimitReached).count(), 1);
    assert_eq!(read.entry.size, read.entry.parsed_bytes + read.entry.rejected_bytes);
    assert_eq!(read.entry.sha256, None);
    let limits = Limits { entry_bytes_max: 1 << 20, ..Limits::default() };
    let mut given = Vec::new();
    let stopped = collections[0].evidence[0].open(&limits).unwrap().read_to_end(&mut given);
    assert!(stopped.is_err() && given.len() < 2 << 20);
}

#[test]
fn entries_that_share_bytes_are_not_read() {
    let whole = zip(&[("1.log", LOG.as_bytes()), ("2.log", LOG.as_bytes())]);
    let second = whole.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let mut shared = whole;
    shared[second + 42..second + 46].fill(0);
    let root = TempDir::new().unwrap();
    put(root.path(), "o.zip", shared);
    let collection = open_one(&root.path().join("o.zip"));
    let opened: Vec<bool> =
        collection.evidence.iter().map(|evidence| evidence.open(&Limits::default()).is_ok()).collect();
    assert_eq!(opened.iter().filter(|opened| **opened).count(), 1);
}

#[test]
fn many_files_stop_at_the_limit() {
    let root = TempDir::new().unwrap();
    for index in 0..20 {
        put(root.path(), &format!("{index}.log"), LOG);
    }
    let limits = Limits { entries_max: 7, ..Limits::default() };
    let collections = open(&[root.path().to_owned()], &limits);
    assert_eq!(collections[0].evidence.len(), 7);
    assert_eq!(codes(&collections[0]), [(Code::LimitReached, "")]);
}

#[test]
fn bytes_put_before_an_archive_do_not_hide_it() {
    let root = TempDir::new().unwrap();
    let archive = zip(&[("C/inetpub/1.log", LOG.as_bytes())]);
    let nested = zip(&[("inner.zip", &[&archive[..], b"trailing"].concat())]);
    put(root.path(), "p.zip", nested);
    let collection = open_one(&root.path().join("p.zip"));
    assert_eq!(report(&collection, "p.zip!/inner.zip!/C/inetpub/1.log").entry.events, 1);
}

#[test]
fn zip64_archives_are_read() {
    let root = TempDir::new().unwrap();
    let mut writer = ZipWriter::new(File::create(root.path().join("z.zip")).unwrap());
    writer.start_file("C/inetpub/1.log", SimpleFileOptions::default().large_file(true)).unwrap();
    writer.write_all(LOG.as_bytes()).unwrap();
    for index in 0..66_000 {
        writer.start_file(format!("C/x/{index}"), SimpleFileOptions::default()).unwrap();
    }
    writer.finish().unwrap();
    let collection = open_one(&root.path().join("z.zip"));
    assert_eq!(collection.evidence.len(), 66_001);
    assert_eq!(report(&collection, "z.zip!/C/inetpub/1.log").entry.events, 1);
}
