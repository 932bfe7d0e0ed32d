//! Encrypted archives: opened with the right password, named with the wrong one. `tests/samples/README.md` says how
//! they were made.

use std::path::{Path, PathBuf};

use vigie_model::diagnostic::Code;
use vigie_parse::collection::{Password, open_with};
use vigie_parse::{Collection, FileReport, Limits, read};

use crate::recorder::Recorder;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name)
}

fn open(name: &str, passwords: &[&str]) -> Vec<Collection> {
    let passwords: Vec<Password> = passwords.iter().map(|it| Password::new(it.as_bytes())).collect();
    open_with(&[sample(name)], &Limits::default(), &passwords)
}

fn reports(collections: &[Collection]) -> Vec<FileReport> {
    let evidence = collections.iter().flat_map(|collection| &collection.evidence);
    evidence.map(|evidence| read(evidence, &Limits::default(), &mut Recorder::default())).collect()
}

#[test]
fn the_right_password_among_several_opens() {
    for name in ["zipcrypto.zip", "aes256.zip", "aes128.zip"] {
        let reports = reports(&open(name, &["wrong", "secret", "another"]));
        assert_eq!(reports.len(), 2, "{name}");
        for report in reports {
            assert_eq!(report.diagnostics, [], "{name}");
            assert_eq!((report.entry.events, report.entry.rejected_bytes), (1, 0), "{name}");
        }
    }
}

#[test]
fn the_customary_password_needs_not_be_given() {
    assert_eq!(reports(&open("aes128.zip", &[])).iter().map(|it| it.entry.events).sum::<u64>(), 2);
}

#[test]
fn a_wrong_or_missing_password_is_named() {
    let said = [
        (&[] as &[&str], "give its password with --password-file"),
        (&["x"], "the password given does not open it"),
        (&["x", "y"], "none of the 2 passwords given opens it"),
    ];
    for (passwords, expected) in said {
        for name in ["zipcrypto.zip", "aes256.zip"] {
            for report in reports(&open(name, passwords)) {
                assert_eq!(report.diagnostics[0].code, Code::Encrypted);
                assert!(report.entry.unread.unwrap().contains(expected), "{name} {passwords:?}");
                assert_eq!(report.entry.rejected_bytes, report.entry.size);
            }
        }
    }
}

#[test]
fn no_wrong_password_of_the_old_encryption_passes_for_right() {
    // Its check lets one in 256 pass: the checksum of the entry must decide.
    let many: Vec<String> = (0..1500).map(|index| format!("guess{index}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain(["secret"]).collect();
    for report in reports(&open("zipcrypto.zip", &many)) {
        assert_eq!((report.entry.events, report.diagnostics.len()), (1, 0));
    }
}

#[test]
fn a_password_is_never_shown() {
    assert_eq!(format!("{:?}", Password::new(b"secret")), "Password(..)");
}

#[test]
fn an_encrypted_velociraptor_collection_opens_or_says_what_it_needs() {
    let collections = open("velociraptor.zip", &["secret"]);
    let host = collections.iter().find_map(|collection| collection.host.as_deref());
    assert_eq!(host, Some("MAIL07"));
    assert_eq!(reports(&collections).iter().map(|it| it.entry.events).sum::<u64>(), 2);
    let closed = reports(&open("velociraptor.zip", &[]));
    let unread: Vec<_> = closed.iter().filter_map(|report| report.entry.unread.as_deref()).collect();
    assert!(
        unread.iter().any(|reason| reason.contains("scheme X509") && reason.contains("private key")),
        "{unread:?}"
    );
}

#[test]
fn a_changed_byte_of_an_aes_entry_is_noticed() {
    let mut bytes = std::fs::read(sample("aes128.zip")).unwrap();
    // Behind the first local header, salt and check: inside the stored data.
    let at = bytes.windows(4).position(|window| window == b".log").unwrap() + 60;
    bytes[at] ^= 1;
    let root = tempfile::TempDir::new().unwrap();
    std::fs::write(root.path().join("c.zip"), bytes).unwrap();
    let collections = open_with(&[root.path().join("c.zip")], &Limits::default(), &[]);
    let said: Vec<Code> =
        reports(&collections).into_iter().flat_map(|it| it.diagnostics).map(|it| it.code).collect();
    assert!(said.contains(&Code::ContainerDamaged), "{said:?}");
}

#[test]
fn sevenz_archives_are_read_plain_solid_and_sealed() {
    for name in ["solid.7z", "bzip2.7z", "ppmd.7z", "names-open.7z", "sealed.7z"] {
        let collections = open(name, &["wrong", "secret"]);
        let reports = reports(&collections);
        assert_eq!(reports.len(), 2, "{name}");
        for report in reports {
            assert_eq!((report.entry.events, report.diagnostics.len()), (1, 0), "{name}: {report:?}");
            assert!(report.entry.host_path.unwrap().starts_with("C:\\inetpub\\logs"));
        }
    }
}

#[test]
fn sealed_sevenz_archives_are_named_as_encrypted() {
    for (name, files) in [("names-open.7z", 2), ("sealed.7z", 1)] {
        let reports = reports(&open(name, &["wrong"]));
        assert_eq!(reports.len(), files, "{name}");
        for report in reports {
            assert_eq!(report.diagnostics[0].code, Code::Encrypted, "{name}");
            assert!(report.entry.unread.unwrap().contains("the password given does not open it"), "{name}");
        }
    }
}

#[test]
fn sevenz_and_zip_cut_anywhere_or_flipped_do_not_panic() {
    let root = tempfile::TempDir::new().unwrap();
    for name in ["solid.7z", "ppmd.7z", "aes256.zip", "zipcrypto.zip"] {
        let bytes = std::fs::read(sample(name)).unwrap();
        for at in (0..bytes.len()).step_by(7) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x41;
            for damaged in [&bytes[..at], &flipped[..]] {
                crate::containers::read_all(&root.path().join(name), damaged);
            }
        }
    }
}
