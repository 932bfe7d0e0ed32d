//! Folders on disk: every file listed, links and devices named but never followed or opened.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use vigie_model::Time;
use vigie_model::diagnostic::Code;

use super::inside::{self, Nest};
use super::{Evidence, FileTimes, Findings, Source, layout, names};

/// Lists all files below a folder.
pub(super) fn walk(root: &Path, nest: &Nest<'_>, findings: &mut Findings) {
    let limits = nest.limits;
    let mut stack = vec![(root.to_owned(), String::new(), 0_usize)];
    while let Some((folder, label, depth)) = stack.pop() {
        if depth > limits.depth_max {
            findings.note(
                &label,
                Code::LimitReached,
                format!("folders lie more than {} deep", limits.depth_max),
            );
            let source = Source::Unreadable(Code::LimitReached, "too deep".to_owned());
            findings.add(plain(label, 0, FileTimes::default(), source), 0);
            continue;
        }
        let children = match fs::read_dir(&folder) {
            Ok(children) => children,
            Err(error) => {
                let source = Source::Unreadable(Code::CannotOpen, error.to_string());
                findings.add(plain(label, 0, FileTimes::default(), source), 0);
                continue;
            }
        };
        for child in children {
            if findings.is_full(limits) {
                return;
            }
            let Ok(child) =
                child.inspect_err(|error| findings.note(&label, Code::CannotOpen, error.to_string()))
            else {
                continue;
            };
            let name = names::display(&child.file_name());
            let path = if label.is_empty() { name } else { format!("{label}/{name}") };
            match fs::symlink_metadata(child.path()) {
                Ok(meta) if meta.is_dir() => stack.push((child.path(), path, depth.saturating_add(1))),
                Ok(meta) => add_file(&child.path(), path, &meta, (nest, findings)),
                Err(error) => {
                    let source = Source::Unreadable(Code::CannotOpen, error.to_string());
                    findings.add(plain(path, 0, FileTimes::default(), source), 0);
                }
            }
        }
    }
}

fn add_file(file: &Path, path: String, meta: &Metadata, into: (&Nest<'_>, &mut Findings)) {
    let (nest, findings) = into;
    let evidence = evidence_of(file, path, meta);
    if meta.is_file() {
        inside::add_file(file, evidence, nest, findings);
    } else {
        findings.add(evidence, 0);
    }
}

/// A file that the command line names by itself.
pub(super) fn loose(file: &Path, label: &str, meta: &Metadata) -> Evidence {
    let mut evidence = evidence_of(file, label.to_owned(), meta);
    evidence.host_path = layout::host_path(&label.replace('\\', "/"));
    evidence
}

fn evidence_of(file: &Path, path: String, meta: &Metadata) -> Evidence {
    let times = times_of(meta);
    if meta.is_file() {
        return plain(path, meta.len(), times, Source::File(file.to_owned()));
    }
    let kind = if meta.is_symlink() {
        "a symbolic link: not followed"
    } else {
        "a pipe, socket or device: not opened"
    };
    plain(path, 0, times, Source::Unreadable(Code::NotRegularFile, kind.to_owned()))
}

fn plain(path: String, size: u64, times: FileTimes, source: Source) -> Evidence {
    Evidence { host_path: layout::host_path(&path), path, size, times, source }
}

/// Modification and creation, where the file system tells them.
pub(super) fn times_of(meta: &Metadata) -> FileTimes {
    FileTimes {
        modified: meta.modified().ok().and_then(to_time),
        created: meta.created().ok().and_then(to_time),
    }
}

fn to_time(time: SystemTime) -> Option<Time> {
    let micros = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok()?,
        Err(before) => i64::try_from(before.duration().as_micros()).ok()?.checked_neg()?,
    };
    Time::from_micros(micros)
}
