//! The assessments of many organisations: where they lie, and what could not be read of them.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use vigie_directive::{Known, known};
use vigie_model::directive::SetAside;
use vigie_model::finding::Statement;

use super::super::usage_error;

/// Folders below a given one that are looked into.
const DEPTH_MAX: usize = 8;
/// Bytes of an assessment at most: those of a busy server have some ten million.
const BYTES_MAX: u64 = 256 << 20;

/// An assessment's file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Folders that may be named after its organisation, the likeliest first.
    folders: Vec<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct All {
    pub(super) files: Vec<Found>,
    pub(super) passed_over: Vec<SetAside>,
}

impl Found {
    /// Reads what directives ask of it.
    pub(super) fn read(&self) -> Result<Known, String> {
        let bytes = up_to(&self.path, BYTES_MAX + 1).map_err(|error| error.to_string())?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(format!("larger than {BYTES_MAX} bytes"));
        }
        known::read(&self.path.display().to_string(), self.folders.clone(), &bytes)
    }
}

/// A file's bytes, no more than `limit` of them.
pub(super) fn up_to(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file that could not be read, by name.
pub(super) fn unreadable(path: &Path, why: &str) -> SetAside {
    let reason = Statement::new("unreadable").with("why", why);
    SetAside { source: path.display().to_string(), host: String::new(), reason }
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
        all.passed_over.push(unreadable(folder, "folders lie too deep in one another"));
        return;
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            all.passed_over.push(unreadable(folder, &error.to_string()));
            return;
        }
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(error) => all.passed_over.push(unreadable(folder, &error.to_string())),
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
            Ok(_) if is_assessment => all.passed_over.push(unreadable(&path, "it is no regular file")),
            Ok(_) => {}
            Err(error) => all.passed_over.push(unreadable(&path, &error.to_string())),
        }
    }
}
