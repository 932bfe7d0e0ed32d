//! New knowledge comes as one signed file: what is unsigned, older or broken is refused, and what is taken is in force.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use crate::run::vigie;

/// A key pair's public half, and the signature of some bytes.
fn signed(bytes: &[u8]) -> (String, String) {
    let keys = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let signature =
        minisign::sign(None, &keys.sk, Cursor::new(bytes), Some("knowledge for tests"), None).unwrap();
    (keys.pk.to_base64(), signature.into_string())
}

/// A folder of knowledge up to a day, with one flaw more, and one pack.
fn source(folder: &Path, as_of: &str) {
    let knowledge = folder.join("knowledge");
    fs::create_dir_all(&knowledge).unwrap();
    let bundled = |name: &str| vigie_assess::knowledge::bundled_text(name).unwrap();
    fs::write(knowledge.join("about.toml"), format!("format = 1\nas_of = \"{as_of}\"\n")).unwrap();
    let row = "CVE-2099-0001\tSep26SU\tSE\tRTM\t15.2.2562.48\t2026-09-08\t\ta test\n";
    fs::write(knowledge.join("fixes.tsv"), format!("{}{row}", bundled("fixes.tsv"))).unwrap();
    // A pack like another, under a name of its own; its cases are for tests and do not travel.
    let pack = folder.join("packs/next");
    fs::create_dir_all(pack.join("cases")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/proxytoken");
    for entry in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        fs::copy(&entry, pack.join(entry.file_name().unwrap())).unwrap();
    }
    let text = fs::read_to_string(pack.join("pack.toml")).unwrap();
    fs::write(pack.join("pack.toml"), text.replacen("id = \"proxytoken\"", "id = \"next\"", 1)).unwrap();
    fs::write(pack.join("text.fr.toml"), "").unwrap();
    fs::write(pack.join("cases/evidence.log"), "not for everybody").unwrap();
}

fn build(folder: &Path, as_of: &str) {
    source(&folder.join("source"), as_of);
    let built = vigie(folder, &["pack", "build", "source", "--output", "new.zip"]);
    assert_eq!(built.code, 0, "{}", built.err);
    assert!(built.out.contains(as_of), "{}", built.out);
}

fn sign(folder: &Path) {
    let (key, signature) = signed(&fs::read(folder.join("new.zip")).unwrap());
    fs::write(folder.join("signer.pub"), key).unwrap();
    fs::write(folder.join("new.zip.minisig"), signature).unwrap();
}

#[test]
fn a_signed_and_newer_bundle_is_taken_and_in_force_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    build(folder, "2026-09-08");
    sign(folder);
    let before = vigie(folder, &["explain", "CVE-2099-0001"]);
    assert_eq!(before.code, 2, "{}", before.out);
    let verified = vigie(folder, &["pack", "verify", "new.zip", "--key", "signer.pub"]);
    assert_eq!(verified.code, 0, "{}", verified.err);
    let packs = format!("{} packs", vigie_detect::pack::bundled_ids().len() + 1);
    assert!(
        verified.out.contains("knowledge for tests") && verified.out.contains(&packs),
        "{}",
        verified.out
    );
    let taken = vigie(folder, &["pack", "update", "new.zip", "--key", "signer.pub"]);
    assert_eq!(taken.code, 0, "{}", taken.err);
    let after = vigie(folder, &["explain", "CVE-2099-0001"]);
    assert!(
        after.out.contains("15.2.2562.48") && after.out.contains("known up to 2026-09-08"),
        "{}",
        after.out
    );
    let packs = vigie(folder, &["packs"]).out;
    assert!(packs.contains("as of 2026-09-08"));
    assert!(
        packs.contains("\nnext  ") && packs.contains("\nproxylogon  "),
        "what is new, beside what there was"
    );
    let bytes = fs::read(folder.join("new.zip")).unwrap();
    assert!(!bytes.windows(12).any(|name| name == b"evidence.log"), "cases do not travel");
    let forgotten = vigie(folder, &["pack", "forget"]);
    let came = format!("gone back to the knowledge of {}", vigie_assess::knowledge::bundled().unwrap().as_of);
    assert!(forgotten.out.contains(&came), "{}", forgotten.out);
    assert_eq!(vigie(folder, &["explain", "CVE-2099-0001"]).code, 2);
}

#[test]
fn an_unsigned_or_foreign_bundle_is_refused_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    build(folder, "2026-09-08");
    let unsigned = vigie(folder, &["pack", "update", "new.zip"]);
    assert_ne!(unsigned.code, 0);
    assert!(unsigned.err.contains("unsigned"), "{}", unsigned.err);
    sign(folder);
    let unnamed = vigie(folder, &["pack", "update", "new.zip"]);
    assert!(unnamed.code == 2 && unnamed.err.contains("--key"), "{} {}", unnamed.code, unnamed.err);
    // Another's key.
    fs::write(folder.join("signer.pub"), signed(b"other").0).unwrap();
    let foreign = vigie(folder, &["pack", "update", "new.zip", "--key", "signer.pub"]);
    assert!(foreign.code != 0 && foreign.err.contains("not one of this file"), "{}", foreign.err);
    assert!(!folder.join("vigie-home").exists(), "nothing is kept of what was refused");
    let forced = vigie(folder, &["pack", "update", "new.zip", "--force"]);
    assert_eq!(forced.code, 0, "{}", forced.err);
    assert!(
        forced.out.contains("(unsigned)") && forced.err.contains("without a signature"),
        "{}",
        forced.err
    );
    assert_eq!(vigie(folder, &["explain", "CVE-2099-0001"]).code, 0);
}

#[test]
fn one_byte_changed_after_signing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    build(folder, "2026-09-08");
    sign(folder);
    let path = folder.join("new.zip");
    let mut bytes = fs::read(&path).unwrap();
    // The date of the last entry, in its record at the end: the zip stays whole.
    let at = bytes.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap() + 12;
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let changed = vigie(folder, &["pack", "update", "new.zip", "--key", "signer.pub"]);
    assert!(changed.code != 0 && changed.err.contains("not one of this file"), "{}", changed.err);
}

#[test]
fn an_older_bundle_is_refused_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    build(folder, "2026-01-01");
    sign(folder);
    let older = vigie(folder, &["pack", "update", "new.zip", "--key", "signer.pub"]);
    let in_use = vigie_assess::knowledge::bundled().unwrap().as_of.to_string();
    assert!(older.code == 2 && older.err.contains(&in_use), "{} {}", older.code, older.err);
    let forced = vigie(folder, &["pack", "update", "new.zip", "--key", "signer.pub", "--force"]);
    assert!(forced.code == 0 && forced.out.contains("knowledge for tests"), "{} {}", forced.out, forced.err);
    assert!(vigie(folder, &["packs"]).out.contains("as of 2026-01-01"));
}

#[test]
fn a_bundle_with_a_broken_table_or_pack_or_a_foreign_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    source(&folder.join("source"), "2026-09-08");
    fs::write(folder.join("source/knowledge/kev.tsv"), "cve\tadded\tdue\transomware\tsource\nCVE-1\tsoon\n")
        .unwrap();
    let broken = vigie(folder, &["pack", "build", "source", "--output", "new.zip"]);
    assert!(broken.code != 0 && broken.err.contains("knowledge/kev.tsv:2"), "{}", broken.err);
    fs::remove_file(folder.join("source/knowledge/kev.tsv")).unwrap();
    fs::create_dir_all(folder.join("source/packs/odd")).unwrap();
    fs::write(folder.join("source/packs/odd/pack.toml"), "id = 7\n").unwrap();
    assert_eq!(vigie(folder, &["pack", "build", "source", "--output", "new.zip"]).code, 0);
    let odd = vigie(folder, &["pack", "update", "new.zip", "--force"]);
    assert!(odd.code != 0 && odd.err.contains("does not load"), "{}", odd.err);
    // Names that would leave the bundle.
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("packs/../../evil.toml", zip::write::SimpleFileOptions::default()).unwrap();
    fs::write(folder.join("evil.zip"), writer.finish().unwrap().into_inner()).unwrap();
    let evil = vigie(folder, &["pack", "update", "evil.zip", "--force"]);
    assert!(evil.code != 0 && evil.err.contains("no name of a file"), "{}", evil.err);
    assert!(!folder.join("vigie-home").exists());
}

#[test]
fn what_was_changed_after_it_was_taken_is_named_and_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    build(folder, "2026-09-08");
    assert_eq!(vigie(folder, &["pack", "update", "new.zip", "--force"]).code, 0);
    fs::write(folder.join("vigie-home/knowledge.zip"), b"PK").unwrap();
    let run = vigie(folder, &["packs"]);
    assert!(run.code == 3 && run.err.contains("vigie pack forget"), "{} {}", run.code, run.err);
}
