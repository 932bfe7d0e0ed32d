//! Runs the built program and keeps what it printed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What a run printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `vigie` in a folder.
pub(crate) fn vigie(folder: &Path, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_vigie"))
        .args(args.iter().map(OsStr::new))
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env("COLUMNS", "80")
        // Never the knowledge of whoever runs the tests; a test may keep its own there.
        .env("VIGIE_HOME", folder.join("vigie-home"))
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The assessment that a run left in a folder.
pub(crate) fn assessment(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("assessment.json")).unwrap()).unwrap()
}

/// The verdict and stage of the first pack.
pub(crate) fn verdict(assessment: &Value) -> (&str, &str) {
    let verdict = &assessment["verdicts"][0];
    (verdict["verdict"].as_str().unwrap(), verdict["stage"].as_str().unwrap())
}

/// The codes of all diagnostics.
pub(crate) fn codes(assessment: &Value) -> Vec<&str> {
    assessment["diagnostics"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap()).collect()
}

/// Every byte of every file is parsed or rejected.
pub(crate) fn assert_accounted(assessment: &Value) {
    for entry in assessment["manifest"].as_array().unwrap() {
        let number = |key: &str| entry[key].as_u64().unwrap();
        assert_eq!(number("parsed_bytes") + number("rejected_bytes"), number("size"), "{entry}");
        assert_ne!(entry["artifact"].is_null(), entry["unread"].is_null(), "{entry}");
    }
}
