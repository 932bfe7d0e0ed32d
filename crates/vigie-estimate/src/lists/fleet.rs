//! Vigie's own findings as a list of victims: one `assessment.json`, or a folder of them, one host each.
//!
//! A host counts when a verdict of it says compromised or presumed compromised; the others are counted as read, not as
//! victims. A register kept elsewhere is an ordinary list with a `verdict` column.

use super::Lists;
use super::fields::Field;
use crate::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest assessment that is read.
const MAX_ASSESSMENT: u64 = 256 << 20;
/// Most assessments of a folder.
const MAX_HOSTS: usize = 100_000;
/// How deep folders of a fleet are nested: `fleet/customer/host/assessment.json`.
const MAX_DEPTH: usize = 4;
const FILE_NAME: &str = "assessment.json";

/// Whether a verdict makes its host a victim.
pub(crate) fn is_victim(verdict: &str) -> bool {
    let word = verdict.trim().to_lowercase().replace(['_', '-'], " ");
    word == "compromised" || word == "presumed compromised"
}

/// Reads every assessment below a folder as one list.
///
/// # Errors
/// The folder cannot be read, holds none, or one of them is no assessment.
pub(super) fn read_folder(lists: &mut Lists, folder: &Path) -> Result<(), Error> {
    let mut found = Vec::new();
    collect(folder, 0, &mut found)?;
    if found.is_empty() {
        let message = format!("no {FILE_NAME} in this folder");
        return Err(Error::Input { path: folder.to_owned(), message });
    }
    for path in found {
        let file = std::fs::File::open(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        read_assessment(lists, file, &path)?;
    }
    Ok(())
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries =
        std::fs::read_dir(folder).map_err(|source| Error::Read { path: folder.to_owned(), source })?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if found.len() >= MAX_HOSTS {
            let message = format!("more than {MAX_HOSTS} assessments");
            return Err(Error::Input { path: folder.to_owned(), message });
        }
        // Links are not followed: a folder of evidence may link anywhere.
        let kind = std::fs::symlink_metadata(&path).map(|m| m.file_type());
        if kind.as_ref().is_ok_and(std::fs::FileType::is_dir) && depth < MAX_DEPTH {
            collect(&path, depth + 1, found)?;
        } else if path.file_name().is_some_and(|n| n == FILE_NAME) && kind.is_ok_and(|k| k.is_file()) {
            found.push(path);
        }
    }
    Ok(())
}

/// Adds the host of one assessment to the last list.
///
/// # Errors
/// It cannot be read, or is no assessment.
pub(super) fn read_assessment(lists: &mut Lists, input: impl Read, path: &Path) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let read = input.take(MAX_ASSESSMENT).read_to_end(&mut bytes);
    read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let wrong = |message: String| Error::Input { path: path.to_owned(), message };
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|e| wrong(format!("not a JSON document: {e}")))?;
    let (Some(host), Some(verdicts)) =
        (value.get("host").and_then(|h| h.as_str()), value.get("verdicts").and_then(|v| v.as_array()))
    else {
        return Err(wrong(
            "neither JSON lines nor an assessment (`host` and `verdicts` are missing)".to_owned(),
        ));
    };
    let words: Vec<&str> =
        verdicts.iter().filter_map(|v| v.get("verdict").and_then(|w| w.as_str())).collect();
    let verdict = words.iter().find(|w| is_victim(w)).or(words.first()).copied().unwrap_or("");
    let Some(list) = lists.metas.len().checked_sub(1).and_then(|i| u16::try_from(i).ok()) else {
        return Ok(());
    };
    if let Some(meta) = lists.metas.last_mut() {
        meta.source.get_or_insert_with(|| "vigie".to_owned());
        meta.claims.get_or_insert_with(|| "compromised".to_owned());
    }
    let line = u32::try_from(lists.metas[list as usize].rows + 1).unwrap_or(u32::MAX);
    lists.add(list, line, &[(Field::OwnName, host), (Field::Verdict, verdict)]);
    Ok(())
}
