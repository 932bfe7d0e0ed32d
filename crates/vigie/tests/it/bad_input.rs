//! Bad input: a clear message and the documented exit code, and nothing is lost silently.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::run::{assert_accounted, assessment, codes, vigie};

const IIS: &str = "#Software: Microsoft Internet Information Services 10.0\r\n\
#Fields: date time cs-method cs-uri-stem c-ip sc-status\r\n2021-03-01 00:00:01 GET /owa/ 203.0.113.9 200\r\n";

fn zip_with(path: &Path, fill: impl FnOnce(&mut zip::ZipWriter<fs::File>)) {
    let mut writer = zip::ZipWriter::new(fs::File::create(path).unwrap());
    fill(&mut writer);
    writer.finish().unwrap();
}

#[test]
fn an_empty_folder_is_unreadable_not_clean() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let ran = vigie(folder.path(), &["check", "empty"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("nothing could be read"), "{}", ran.err);
}

#[test]
fn a_file_that_is_no_evidence_is_named_and_hashed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "Dear guests, the pool is closed.").unwrap();
    let ran = vigie(folder.path(), &["check", "letter.txt", "--output", "out"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let assessment = assessment(&folder.path().join("out"));
    assert_accounted(&assessment);
    let entry = &assessment["manifest"][0];
    assert_eq!(entry["sha256"].as_str().unwrap().len(), 64);
    assert!(!entry["unread"].as_str().unwrap().is_empty());
}

#[test]
fn a_path_that_does_not_exist_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let ran = vigie(folder.path(), &["check", "no-such-folder"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("no-such-folder"), "{}", ran.err);
}

#[test]
fn a_password_zip_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.zip");
    zip_with(&path, |zip| {
        zip.start_file("W3SVC1/u_ex210301.log", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(IIS.as_bytes()).unwrap();
    });
    // The encryption flag, in the local header and in the central directory.
    let mut bytes = fs::read(&path).unwrap();
    for (signature, flag) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = bytes.windows(4).position(|window| window == signature).unwrap();
        bytes[at + flag] |= 1;
    }
    fs::write(&path, bytes).unwrap();
    let ran = vigie(folder.path(), &["check", "secret.zip", "--output", "out"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(codes(&assessment(&folder.path().join("out"))).contains(&"V0103"));
}

#[test]
fn a_bomb_is_stopped_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.zip");
    zip_with(&path, |zip| {
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file("W3SVC1/u_ex210228.log", options).unwrap();
        let zeros = vec![b'0'; 1 << 20];
        for _ in 0..100 {
            zip.write_all(&zeros).unwrap();
        }
        zip.start_file("W3SVC1/u_ex210301.log", options).unwrap();
        zip.write_all(IIS.as_bytes()).unwrap();
    });
    let ran = vigie(folder.path(), &["check", "bomb.zip", "--output", "out"]);
    assert_eq!(ran.code, 30, "{}", ran.err);
    let assessment = assessment(&folder.path().join("out"));
    assert!(codes(&assessment).contains(&"V0104"), "{:?}", codes(&assessment));
    assert_accounted(&assessment);
    let read = assessment["manifest"].as_array().unwrap().iter().filter(|entry| entry["events"] == 1).count();
    assert_eq!(read, 1);
}

#[test]
fn a_rule_with_an_error_stops_the_run_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("u_ex.log"), IIS).unwrap();
    let rule = "title: Broken\nid: 6b5ae0c6-9ab2-4a5e-8d38-0f1b5f6b0f01\nlevel: high\nlogsource:\n  category: webserver\n\
detection:\n  a:\n    cs-method|nosuchmodifier: GET\n  condition: a\n";
    fs::write(folder.path().join("broken.yml"), rule).unwrap();
    let ran = vigie(folder.path(), &["check", "u_ex.log", "--rules", "broken.yml"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("broken.yml:"), "{}", ran.err);
    let ran = vigie(
        folder.path(),
        &["check", "u_ex.log", "--rules", "broken.yml", "--keep-going", "--output", "out"],
    );
    assert_eq!(ran.code, 30, "{}", ran.err);
    let assessment = assessment(&folder.path().join("out"));
    assert_eq!(assessment["not_loaded"].as_array().unwrap().len(), 1);
}

#[test]
fn a_report_is_not_overwritten_unless_asked() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("u_ex.log"), IIS).unwrap();
    let args = ["check", "u_ex.log", "--output", "out"];
    assert_eq!(vigie(folder.path(), &args).code, 30);
    let again = vigie(folder.path(), &args);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("--clobber"), "{}", again.err);
    assert_eq!(vigie(folder.path(), &[&args[..], &["--clobber"]].concat()).code, 30);
}

#[test]
fn a_named_pipe_and_a_link_out_of_the_evidence_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let evidence = folder.path().join("evidence");
    fs::create_dir(&evidence).unwrap();
    fs::write(evidence.join("u_ex.log"), IIS).unwrap();
    let made = std::process::Command::new("mkfifo").arg(evidence.join("pipe.log")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("/etc/passwd", evidence.join("link.log")).unwrap();
    std::os::unix::fs::symlink(&evidence, evidence.join("loop")).unwrap();
    let ran = vigie(folder.path(), &["check", "evidence", "--output", "out"]);
    assert_eq!(ran.code, 30, "{}", ran.err);
    let assessment = assessment(&folder.path().join("out"));
    assert_eq!(codes(&assessment).iter().filter(|code| **code == "V0102").count(), 3);
    assert!(!assessment.to_string().contains("root:x:0"));
}

#[test]
fn a_reader_that_goes_away_does_not_make_a_verdict_clean() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("u_ex.log"), IIS).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_vigie"))
        .args(["check", "u_ex.log", "--json"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(30));
}

#[test]
fn the_order_of_arguments_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), IIS).unwrap();
    fs::write(folder.path().join("b.log"), IIS.replace("/owa/", "/ecp/")).unwrap();
    let out = |args: &[&str]| vigie(folder.path(), &[&["check", "--json"], args].concat()).out;
    assert_eq!(out(&["a.log", "b.log"]), out(&["b.log", "a.log"]));
}
