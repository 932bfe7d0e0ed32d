//! Assessments of our own, under `tests/fixtures`, by their spoken names.

use std::fs;
use std::path::PathBuf;

use vigie_model::Assessment;
use vigie_report::{Lang, Role, Style, renderer};

/// Every sample.
pub(crate) const NAMES: &[&str] =
    &["compromised-hotel", "patched-clean", "late-logs", "attempted-only", "hostile-text", "empty"];

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub(crate) fn json(name: &str) -> serde_json::Value {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn assessment(name: &str) -> Assessment {
    serde_json::from_value(json(name)).unwrap()
}

/// Renders into a string.
pub(crate) fn render(assessment: &Assessment, format: &str, lang: Lang, role: Role) -> String {
    let style = Style { lang, role, ..Style::default() };
    let mut out = Vec::new();
    renderer(format).unwrap().render(assessment, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Compares with a golden file, or accepts with `UPDATE_EXPECT=1`.
pub(crate) fn expect(file: &str, actual: &str) {
    let path = folder().join("golden").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{file} differs; look at it with UPDATE_EXPECT=1 and git diff\n{actual}");
}
