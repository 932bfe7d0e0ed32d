//! The house rules that a machine can check, as tests: `cargo test -p xtask`.

mod commands;
mod documents;
mod edges;
mod engine;
mod fuzzing;
mod manifests;
mod sources;

/// Fails with every offence at once, so that one run shows all there is to mend.
fn none(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}\n  {}", offences.join("\n  "));
}
