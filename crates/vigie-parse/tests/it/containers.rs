//! Containers other than zip, as people pack evidence and as attackers would.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use tempfile::TempDir;
use vigie_model::diagnostic::Code;
use vigie_parse::{Collection, Evidence, FileReport, Limits, open, read};

use crate::recorder::Recorder;

pub(crate) const LOG: &str = "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time cs-uri-stem sc-status\n2021-03-03 05:00:00 /owa/ 200\n";

pub(crate) fn open_bytes(name: &str, bytes: &[u8]) -> (TempDir, Vec<Collection>) {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join(name), bytes).unwrap();
    let collections = open(&[root.path().join(name)], &Limits::default());
    (root, collections)
}

pub(crate) fn evidence(collections: &[Collection]) -> Vec<&Evidence> {
    collections.iter().flat_map(|collection| &collection.evidence).collect()
}

pub(crate) fn read_path(collections: &[Collection], path: &str) -> FileReport {
    let all = evidence(collections);
    let found = all.iter().find(|evidence| evidence.path == path);
    let paths: Vec<&str> = all.iter().map(|evidence| evidence.path.as_str()).collect();
    read(
        found.unwrap_or_else(|| panic!("{path} is not in {paths:?}")),
        &Limits::default(),
        &mut Recorder::default(),
    )
}

fn codes(collections: &[Collection]) -> Vec<(Code, &str)> {
    let all = collections.iter().flat_map(|collection| &collection.diagnostics);
    all.map(|diagnostic| (diagnostic.code, diagnostic.path.as_str())).collect()
}

/// A member of a tar: name, kind, link, content.
type Member<'a> = (&'a str, u8, &'a str, &'a [u8]);

pub(crate) fn tar(members: &[Member<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, link, content) in members {
        bytes.extend(header(name, *kind, link, content.len()));
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn header(name: &str, kind: u8, link: &str, size: usize) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, format!("{:011o}\0", 1_614_747_600).as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn sample() -> Vec<u8> {
    tar(&[
        ("./C/inetpub/logs/LogFiles/W3SVC1/", b'5', "", b""),
        ("./C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", b'0', "", LOG.as_bytes()),
        ("./C/inetpub/logs/LogFiles/W3SVC1/u_ex210304.log", b'0', "", LOG.as_bytes()),
    ])
}

#[test]
fn tars_are_read_in_every_wrapping() {
    let wrapped = [
        ("a.tar", sample()),
        ("a.tar.gz", gzip(&sample())),
        ("a.tar.xz", xz(&sample())),
        ("a.tar.zst", zstandard(&sample())),
        ("a.tar.bz2", bzip2(&sample())),
        ("not named as one", gzip(&sample())),
    ];
    for (name, bytes) in wrapped {
        let (_root, collections) = open_bytes(name, &bytes);
        assert_eq!(codes(&collections), [], "{name}");
        let all = evidence(&collections);
        assert_eq!(all.len(), 2, "{name}");
        let host_path = all[0].host_path.as_deref();
        assert_eq!(host_path, Some("C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex210303.log"), "{name}");
        // Out of the order of the stream too.
        for day in ["04", "03", "04"] {
            let path = format!("{name}!/C/inetpub/logs/LogFiles/W3SVC1/u_ex2103{day}.log");
            let report = read_path(&collections, &path);
            assert_eq!((report.entry.events, report.entry.rejected_bytes), (1, 0), "{path}");
            assert_eq!(report.entry.modified.unwrap().to_string(), "2021-03-03T05:00:00.000000Z");
        }
    }
}

#[test]
fn compressed_logs_are_logs_of_the_host() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("C/inetpub/logs/LogFiles/W3SVC1");
    fs::create_dir_all(&folder).unwrap();
    let pairs = [("u_ex1.log.gz", gzip(LOG.as_bytes())), ("u_ex2.log.zst", zstandard(LOG.as_bytes()))];
    for (name, bytes) in &pairs {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let collections = open(&[root.path().to_owned()], &Limits::default());
    assert_eq!(collections.len(), 1);
    for (evidence, name) in collections[0].evidence.iter().zip(["u_ex1.log", "u_ex2.log"]) {
        let expected = format!("C:\\inetpub\\logs\\LogFiles\\W3SVC1\\{name}");
        assert_eq!(evidence.host_path.as_deref(), Some(expected.as_str()));
        let report = read(evidence, &Limits::default(), &mut Recorder::default());
        assert_eq!(
            (report.entry.events, report.entry.size, report.diagnostics.len()),
            (1, LOG.len() as u64, 0)
        );
    }
    let loose: Vec<_> = pairs.iter().map(|(name, _)| folder.join(name)).collect();
    let together = open(&loose, &Limits::default());
    assert_eq!((together.len(), together[0].evidence.len()), (1, 2));
}

#[test]
fn a_stream_cut_short_gives_what_came_before() {
    let packed = gzip(&sample());
    let (_root, collections) = open_bytes("cut.tar.gz", &packed[..packed.len() - 12]);
    let kept = evidence(&collections);
    assert!(!kept.is_empty());
    let cut = gzip(&LOG.repeat(1000).into_bytes());
    let (_root, collections) = open_bytes("cut.log.gz", &cut[..cut.len() - 9]);
    let report = read(evidence(&collections)[0], &Limits::default(), &mut Recorder::default());
    assert_eq!(report.diagnostics.iter().filter(|it| it.code == Code::ContainerDamaged).count(), 1);
    assert!(report.entry.events > 0 && report.entry.sha256.is_none());
}

#[test]
fn a_tar_cannot_point_outside() {
    let long = format!("{}/x.log", "deep/".repeat(40));
    let pax = format!("{} path={long}\n", long.len() + 10);
    let bytes = tar(&[
        ("../up.log", b'0', "", b"1"),
        ("/etc/passwd", b'0', "", b"2"),
        ("C:\\Windows\\x.log", b'0', "", b"3"),
        ("\\\\server\\share\\x", b'0', "", b"4"),
        ("link", b'2', "/etc/passwd", b""),
        ("again", b'1', "../up.log", b""),
        ("stray", b'1', "/etc/shadow", b""),
        ("A.LOG", b'0', "", b"5"),
        ("a.log", b'0', "", b"6"),
        ("a.log", b'0', "", b"7"),
        ("dev", b'3', "", b""),
        ("pax", b'x', "", pax.as_bytes()),
        ("short", b'0', "", b"8"),
        ("x.aspx:hidden", b'0', "", b"9"),
    ]);
    let (_root, collections) = open_bytes("t.tar", &bytes);
    let mut said = codes(&collections);
    said.sort();
    assert_eq!(
        said,
        [
            (Code::UnsafeName, "t.tar!/../up.log"),
            (Code::UnsafeName, "t.tar!///server/share/x"),
            (Code::UnsafeName, "t.tar!//etc/passwd"),
            (Code::UnsafeName, "t.tar!/C:/Windows/x.log"),
            (Code::UnsafeName, "t.tar!/x.aspx:hidden"),
            (Code::Duplicate, "t.tar!/a.log"),
            (Code::Duplicate, "t.tar!/a.log"),
            (Code::Duplicate, "t.tar!/again"),
        ]
    );
    for path in ["t.tar!/link", "t.tar!/stray", "t.tar!/dev"] {
        assert_eq!(read_path(&collections, path).diagnostics[0].code, Code::NotRegularFile, "{path}");
    }
    assert_eq!(read_path(&collections, &format!("t.tar!/{long}")).entry.size, 1);
}

#[test]
fn damage_in_a_tar_costs_only_itself() {
    let mut bytes = sample();
    let second = bytes.windows(15).rposition(|window| window == b"u_ex210303.log\0").unwrap();
    bytes[second] ^= 0xff;
    let (_root, collections) = open_bytes("d.tar", &bytes);
    assert_eq!(codes(&collections), [(Code::ContainerDamaged, "d.tar")]);
    let report = read_path(&collections, "d.tar!/C/inetpub/logs/LogFiles/W3SVC1/u_ex210304.log");
    assert_eq!(report.entry.events, 1);
}

#[test]
fn holes_of_sparse_files_are_zeros() {
    // GNU 1.0: the map as text before the data.
    let mut stored = b"2\n0\n3\n1000\n2\n".to_vec();
    stored.resize(512, 0);
    stored.extend_from_slice(b"abcde");
    let record = |key: &str, value: &str| {
        let bare = key.len() + value.len() + 3;
        let length = bare + (bare + 2).to_string().len();
        format!("{length} {key}={value}\n")
    };
    let pax = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "holes.bin")]
        .iter()
        .chain(&[("GNU.sparse.realsize", "1002")])
        .map(|(key, value)| record(key, value))
        .collect::<String>();
    let bytes = tar(&[("p", b'x', "", pax.as_bytes()), ("s", b'0', "", &stored), ("after", b'0', "", b"x")]);
    let (_root, collections) = open_bytes("s.tar", &bytes);
    let all = evidence(&collections);
    let mut content = Vec::new();
    let sparse = all.iter().find(|evidence| evidence.path == "s.tar!/holes.bin").unwrap();
    sparse.open(&Limits::default()).unwrap().read_to_end(&mut content).unwrap();
    let mut expected = b"abc".to_vec();
    expected.resize(1000, 0);
    expected.extend_from_slice(b"de");
    assert_eq!(content, expected);
    assert_eq!(read_path(&collections, "s.tar!/after").entry.size, 1);
}

#[test]
fn containers_in_containers_are_read_in_place() {
    let inner = gzip(&sample());
    let outer = tar(&[("hotel.tar.gz", b'0', "", &inner), ("plain.tar", b'0', "", &sample())]);
    for (name, bytes) in [("o.tar", outer.clone()), ("o.tar.gz", gzip(&outer))] {
        let (_root, collections) = open_bytes(name, &bytes);
        for inner in ["hotel.tar.gz", "plain.tar"] {
            let path = format!("{name}!/{inner}!/C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log");
            assert_eq!(read_path(&collections, &path).entry.events, 1);
        }
    }
    let mut deep = sample();
    for _ in 0..6 {
        deep = tar(&[("deeper.tar", b'0', "", &deep)]);
    }
    let (_root, collections) = open_bytes("deep.tar", &deep);
    let all = evidence(&collections);
    assert_eq!(all.len(), 1);
    let report = read(all[0], &Limits::default(), &mut Recorder::default());
    assert_eq!(report.diagnostics[0].code, Code::LimitReached);
}

#[test]
fn bombs_stop_at_the_ratio() {
    let zeros = vec![0; 96 << 20];
    let limits = Limits { ratio_max: 10, ..Limits::default() };
    let mut large = header("zeros.log", b'0', "", zeros.len());
    large.extend_from_slice(&zeros);
    for (name, bytes) in [("b.log.gz", gzip(&zeros)), ("b.tar.gz", gzip(&large))] {
        let root = TempDir::new().unwrap();
        fs::write(root.path().join(name), bytes).unwrap();
        let collections = open(&[root.path().join(name)], &limits);
        let all = evidence(&collections);
        let reports = all.iter().map(|evidence| read(evidence, &limits, &mut Recorder::default()));
        let said: Vec<Code> = reports.flat_map(|report| report.diagnostics).map(|it| it.code).collect();
        let listed = collections.iter().flat_map(|it| &it.diagnostics).map(|it| it.message.as_str());
        let stopped =
            said.contains(&Code::LimitReached) || listed.clone().any(|it| it.contains("came out of"));
        assert!(stopped, "{name}: {said:?} {:?}", listed.collect::<Vec<_>>());
    }
}

#[test]
fn cut_anywhere_or_flipped_nothing_panics() {
    let wrapped = [("a.tar", sample()), ("a.tar.gz", gzip(&sample())), ("a.tar.xz", xz(&sample()))];
    let zst = ("a.tar.zst", zstandard(&sample()));
    for (name, bytes) in wrapped.iter().chain([&zst]) {
        let root = TempDir::new().unwrap();
        let step = (bytes.len() / 60).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x81;
            for damaged in [&bytes[..at], &flipped[..]] {
                read_all(&root.path().join(name), damaged);
            }
        }
    }
}

/// Opens bytes as a file and reads whatever is listed; every byte is accounted for.
pub(crate) fn read_all(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    for evidence in open(&[path.to_owned()], &Limits::default()).iter().flat_map(|it| &it.evidence) {
        let entry = read(evidence, &Limits::default(), &mut Recorder::default()).entry;
        assert_eq!(entry.size, entry.parsed_bytes + entry.rejected_bytes, "{}", entry.path);
    }
}

#[test]
fn a_sparse_upload_of_velociraptor_gets_its_holes_back() {
    let map = br#"{"ranges":[{"file_length":3,"length":3},{"original_offset":3,"length":97},{"original_offset":100,"file_length":2,"length":2}]}"#;
    let journal =
        br#"{"ranges":[{"length":9301852160},{"original_offset":9301852160,"file_length":4,"length":4}]}"#;
    let uploads = br#"{"vfs_path":"C:\\x\\part.dat","file_size":10,"uploaded_size":4}"#;
    let bytes = tar(&[
        ("uploads/auto/C%3A/x/holes.dat", b'0', "", b"abcde"),
        ("uploads/auto/C%3A/x/holes.dat.idx", b'0', "", map),
        ("uploads/ntfs/%5C%5C.%5CC%3A/$Extend/$UsnJrnl%3A$J", b'0', "", b"USN!"),
        ("uploads/ntfs/%5C%5C.%5CC%3A/$Extend/$UsnJrnl%3A$J.idx", b'0', "", journal),
        ("uploads/auto/C%3A/x/part.dat", b'0', "", b"part"),
        ("uploads.json", b'0', "", uploads),
    ]);
    let (_root, collections) = open_bytes("v.tar", &bytes);
    let content = |end: &str| {
        let all = evidence(&collections);
        let found = all.iter().find(|it| it.path.ends_with(end)).unwrap();
        let mut content = Vec::new();
        found.open(&Limits::default()).unwrap().read_to_end(&mut content).unwrap();
        assert_eq!(content.len() as u64, found.size);
        content
    };
    let holes = content("holes.dat");
    assert_eq!((holes.len(), &holes[..3], &holes[100..]), (102, &b"abc"[..], &b"de"[..]));
    assert_eq!(content("$J"), b"USN!");
    assert_eq!(codes(&collections), [(Code::ChangedWhileRead, "v.tar!/uploads/auto/C%3A/x/part.dat")]);
}
