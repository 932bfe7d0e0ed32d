//! Which files belong to one host, and what the container says the host is called.
//!
//! Each archive is a collection of its own. Below a folder, collections lie side by side when two or more subfolders
//! show the same mark of a root (a drive, `inetpub`, `Logging`, ...); otherwise all is one host's. The engine may
//! merge or split further by the host names that stand in events.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use vigie_model::Diagnostic;

use super::{Collection, Evidence, Findings, Found, Limits, layout, velociraptor};

/// Bytes of `client_info.json` that are read.
const CLIENT_INFO_BYTES_MAX: u64 = 1 << 20;

/// One collection out of everything found.
pub(super) fn single(findings: Findings) -> Collection {
    let name = match findings.found.as_slice() {
        [only] => only.evidence.path.clone(),
        found => format!("{} files", found.len()),
    };
    let evidence = findings.found.into_iter().map(|found| found.evidence).collect();
    collection(name, evidence, findings.diagnostics)
}

/// One collection per host, named after its folder or archive below `name`.
pub(super) fn split(findings: Findings, name: &str) -> Vec<Collection> {
    let roots = roots_of(&findings.found, name);
    let mut groups: BTreeMap<String, (Vec<Evidence>, Vec<Diagnostic>)> = BTreeMap::new();
    for found in findings.found {
        let root = root_of(&found.evidence.path, &roots);
        groups.entry(root).or_default().0.push(found.evidence);
    }
    for diagnostic in findings.diagnostics {
        let root = root_of(&diagnostic.path, &roots);
        groups.entry(root).or_default().1.push(diagnostic);
    }
    if groups.is_empty() {
        groups.entry(String::new()).or_default();
    }
    let name_of = |root: &str| {
        let shown = root.trim_end_matches('/').trim_end_matches('!');
        if shown.is_empty() { name.to_owned() } else { shown.to_owned() }
    };
    let collections = groups.into_iter();
    collections
        .map(|(root, (evidence, diagnostics))| collection(name_of(&root), evidence, diagnostics))
        .collect()
}

fn collection(name: String, mut evidence: Vec<Evidence>, mut diagnostics: Vec<Diagnostic>) -> Collection {
    evidence.sort_by(|a, b| a.path.cmp(&b.path));
    velociraptor::put_back_holes(&mut evidence, &Limits::default());
    diagnostics.extend(velociraptor::partial(&evidence, &Limits::default()));
    diagnostics.sort();
    let host = evidence
        .iter()
        .find_map(client_name)
        .or_else(|| host_of_name(&name))
        .or_else(|| evidence.iter().find_map(|evidence| host_of_name(evidence.path.split_once("!/")?.0)));
    Collection { host, name, evidence, diagnostics }
}

/// The roots of collections, as prefixes that end in `/`; empty when all is one.
fn roots_of(found: &[Found], name: &str) -> BTreeSet<String> {
    let mut marks: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Found { evidence, archive_len } in found {
        let archive =
            evidence.path.get(..*archive_len).filter(|archive| !archive.is_empty() && *archive != name);
        let (root, mark) = match (archive, mark_of(&evidence.path)) {
            // An archive among a host's own files belongs to that host.
            (Some(archive), Some((root, mark))) if root.len() < archive.len() => {
                (root.to_owned(), Some(mark))
            }
            (Some(archive), mark) => {
                let root = format!("{archive}!/");
                marks.entry(root.clone()).or_default().insert("archive".to_owned());
                (root, mark.map(|(_, mark)| mark))
            }
            (None, Some((root, mark))) => (root.to_owned(), Some(mark)),
            (None, None) => continue,
        };
        marks.entry(root).or_default().extend(mark);
    }
    let mut seen: BTreeMap<&String, usize> = BTreeMap::new();
    for mark in marks.values().flatten() {
        let count = seen.entry(mark).or_default();
        *count = count.saturating_add(1);
    }
    let is_shared = |mark: &String| seen.get(mark).is_some_and(|count| *count > 1);
    let shared = marks.iter().filter(|(_, own)| own.iter().any(is_shared));
    let roots: BTreeSet<String> = shared.map(|(root, _)| root.clone()).collect();
    if roots.len() < 2 { BTreeSet::new() } else { roots }
}

/// The root above a file and the mark of a layout that shows it, the shallowest one.
fn mark_of(path: &str) -> Option<(&str, String)> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut start = 0_usize;
    for (index, part) in parts.iter().enumerate() {
        let rest = parts.get(index.saturating_add(1)..).unwrap_or_default();
        if let Some(mark) = layout::root_mark(part, rest) {
            return Some((path.get(..start)?, mark));
        }
        start = start.saturating_add(part.len()).saturating_add(1);
    }
    None
}

/// The longest root that holds a path, or the one that the file itself is when it is an archive damaged altogether.
fn root_of(path: &str, roots: &BTreeSet<String>) -> String {
    let itself = format!("{path}!/");
    if roots.contains(&itself) {
        return itself;
    }
    let ends = path.match_indices('/').map(|(at, _)| at.saturating_add(1));
    let prefixes: Vec<&str> = ends.filter_map(|end| path.get(..end)).collect();
    prefixes
        .iter()
        .rev()
        .find(|prefix| roots.contains(**prefix))
        .map_or_else(String::new, |prefix| (*prefix).to_owned())
}

/// The host's name out of Velociraptor's `client_info.json`.
fn client_name(evidence: &Evidence) -> Option<String> {
    let is_info = evidence.path == "client_info.json" || evidence.path.ends_with("/client_info.json");
    if !is_info || evidence.host_path.is_some() {
        return None;
    }
    let mut text = Vec::new();
    evidence.open(&Limits::default()).ok()?.take(CLIENT_INFO_BYTES_MAX).read_to_end(&mut text).ok()?;
    let info: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let name = ["Hostname", "hostname", "Fqdn", "fqdn"].iter().find_map(|key| {
        let value = info.get(key).or_else(|| info.get("os_info")?.get(key))?;
        value.as_str().filter(|name| is_host_name(name))
    })?;
    Some(name.to_owned())
}

/// The host's name out of a file name as Velociraptor writes it: `Collection-MAIL01-2021-11-21T18_05_56-08_00.zip`.
fn host_of_name(path: &str) -> Option<String> {
    let rest = path.rsplit('/').next()?.strip_prefix("Collection-")?;
    let end = rest.match_indices("-20").find(|(at, _)| {
        let date = rest.as_bytes().get(at.saturating_add(1)..at.saturating_add(11)).unwrap_or_default();
        matches!(date, [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1]
            if [y0, y1, y2, y3, m0, m1, d0, d1].iter().all(|byte| byte.is_ascii_digit()))
    })?;
    let host = rest.get(..end.0)?;
    is_host_name(host).then(|| host.to_owned())
}

fn is_host_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !name.is_empty() && name.len() <= 253 && name.bytes().all(plain)
}
