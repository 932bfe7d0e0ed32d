//! The assessments that a command is given: where they lie, what was passed over on the way, and their bytes.

use std::fs;
use std::path::{Path, PathBuf};

use super::usage_error;
use crate::bundle;

/// Folders below a given one that are looked into.
const DEPTH_MAX: usize = 8;
/// Bytes of an assessment at most: those of a busy server have some ten million.
const BYTES_MAX: u64 = 256 << 20;

/// An assessment's file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Folders that may be named after its organisation, the likeliest first.
    pub(super) folders: Vec<String>,
}

/// A file or folder that was not looked into.
#[derive(Debug)]
pub(super) struct PassedOver {
    pub(super) path: PathBuf,
    pub(super) why: String,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct All {
    pub(super) files: Vec<Found>,
    pub(super) passed_over: Vec<PassedOver>,
}

impl All {
    fn pass_over(&mut self, path: &Path, why: &dyn ToString) {
        self.passed_over.push(PassedOver { path: path.to_owned(), why: why.to_string() });
    }
}

/// The bytes of an assessment.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    bundle::read(path, BYTES_MAX)
}

/// Every assessment under the given paths, each once, in the order of their names.
pub(super) fn find(paths: &[PathBuf]) -> anyhow::Result<All> {
    let mut all = All::default();
    for path in paths {
        if path.is_file() {
            let folders = path.parent().and_then(name).into_iter().collect();
            all.files.push(Found { path: path.clone(), folders });
            continue;
        }
        if !path.is_dir() {
            return Err(usage_error(format!("{} is no file and no folder", path.display())));
        }
        // Among several folders each may be an organisation's; a single one is where they all lie.
        let own = if paths.len() > 1 { name(path) } else { None };
        walk(path, &mut Vec::new(), own.as_ref(), &mut all);
    }
    all.files.sort_by(|a, b| a.path.cmp(&b.path));
    all.files.dedup_by(|a, b| a.path == b.path);
    Ok(all)
}

fn name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

fn walk(folder: &Path, below: &mut Vec<String>, own: Option<&String>, all: &mut All) {
    if below.len() > DEPTH_MAX {
        all.pass_over(folder, &"folders lie too deep in one another");
        return;
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            all.pass_over(folder, &error);
            return;
        }
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(error) => all.pass_over(folder, &error),
        }
    }
    for path in paths {
        let is_assessment = path.file_name().is_some_and(|name| name == "assessment.json");
        match fs::symlink_metadata(&path) {
            Ok(data) if data.is_dir() => {
                below.push(name(&path).unwrap_or_default());
                walk(&path, below, own, all);
                below.pop();
            }
            Ok(data) if is_assessment && data.is_file() => {
                let folders = below.iter().chain(own).cloned().collect();
                all.files.push(Found { path, folders });
            }
            Ok(_) if is_assessment => all.pass_over(&path, &"it is no regular file"),
            Ok(_) => {}
            Err(error) => all.pass_over(&path, &error),
        }
    }
}
