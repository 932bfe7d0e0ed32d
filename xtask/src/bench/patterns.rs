//! The texts that the rules of the packs look for, as a list for ripgrep.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use vigie_detect::ir::{Piece, Predicate};
use vigie_detect::{RuleSet, bind};

use super::stages;

/// Shorter texts (`GET`, `200`) stand in every line: ripgrep would stop at the first and have nothing to do.
const BYTES_MIN: usize = 5;

/// A list of patterns on disk.
pub(super) struct Patterns {
    pub(super) path: PathBuf,
    pub(super) count: usize,
}

/// Writes one text for each pattern of each rule that applies to the artifact: its longest piece. So many at most,
/// spread over all of them.
pub(super) fn write(rules: &RuleSet, artifact: &str, path: &Path, max: usize) -> anyhow::Result<Patterns> {
    let schema = stages::schema_of(artifact);
    let mut texts = BTreeSet::new();
    for rule in rules.compiled() {
        if bind::source_for(&rule.source, &schema).is_none() {
            continue;
        }
        rule.condition.visit(&mut |test| {
            let Predicate::Text(pattern) = &test.predicate else { return };
            let pieces = pattern.pieces.iter().filter_map(|piece| match piece {
                Piece::Text(bytes) => std::str::from_utf8(bytes).ok(),
                Piece::One | Piece::Many | Piece::Dash => None,
            });
            texts.extend(pieces.max_by_key(|text| text.len()).map(str::to_owned));
        });
    }
    texts.retain(|text| text.len() >= BYTES_MIN);
    let step = texts.len().div_ceil(max.max(1)).max(1);
    let list: Vec<&str> = texts.iter().step_by(step).map(String::as_str).collect();
    std::fs::write(path, list.join("\n") + "\n")
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Patterns { path: path.to_path_buf(), count: list.len() })
}
