//! Which host a file is of: named by the user, by the collection, by its events, or by its path.

use std::collections::{BTreeMap, BTreeSet};

use vigie_assess::FileEvidence;
use vigie_model::Diagnostic;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::FactKind;
use vigie_parse::Collection;

/// Reports of tools that are run on one machine for all servers of an organization: of whichever server they tell. (EOMT names
/// none; it stands here because it is not the server's own log either.)
const REPORTS: [&str; 3] = ["exchange.eomt", "exchange.healthchecker", "exchange.testproxylogon"];

/// The files of one host.
#[derive(Debug)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Where the name comes from.
    pub from: &'static str,
    /// Its files, in path order.
    pub files: Vec<FileEvidence>,
    /// What concerns the collection as a whole.
    pub diagnostics: Vec<Diagnostic>,
}

/// Splits a collection by the servers that its Exchange logs name.
///
/// Only Exchange's own logs split: event logs may hold forwarded events of others, or the name a machine had
/// before it was renamed. A file that names no server goes with the files nearest to it. A report on a server that
/// is none of these proves nothing of the one it lies with: what it says is left out, and that is noted.
pub fn split(collection: &Collection, files: Vec<FileEvidence>, given: Option<&str>) -> Vec<Host> {
    let mut hosts = assign(collection, files, given);
    hosts.iter_mut().for_each(leave_out_others);
    hosts
}

fn assign(collection: &Collection, files: Vec<FileEvidence>, given: Option<&str>) -> Vec<Host> {
    let one = |name: String, from: &'static str, files: Vec<FileEvidence>| {
        vec![Host { name, from, files, diagnostics: collection.diagnostics.clone() }]
    };
    if let Some(given) = given {
        return one(given.to_owned(), "option", files);
    }
    let servers: BTreeSet<String> = files.iter().filter_map(exchange_server).collect();
    match (servers.len(), &collection.host) {
        (0 | 1, Some(host)) => one(host.clone(), "collection", files),
        (0, None) => match most_named(&files) {
            Some(name) => one(name, "events", files),
            None => reported(collection, files),
        },
        (1, None) => one(servers.into_iter().next().unwrap_or_default(), "events", files),
        _ => by_server(collection, files, &servers),
    }
}

/// Nothing but reports names a server: one name is taken for the host's; of several, each is one only where there is
/// nothing else, for nobody knows whose the other files are.
fn reported(collection: &Collection, files: Vec<FileEvidence>) -> Vec<Host> {
    let names: BTreeSet<String> = files.iter().filter_map(reported_server).collect();
    let is_all = files.iter().all(|file| file.entry.artifact.is_none() || is_report(file));
    match names.len() {
        0 => unnamed(collection, files),
        1 => {
            let name = names.into_iter().next().unwrap_or_default();
            vec![Host { name, from: "events", files, diagnostics: collection.diagnostics.clone() }]
        }
        _ if is_all => by_server(collection, files, &names),
        _ => unnamed(collection, files),
    }
}

/// Takes what reports say of other servers out of a host's evidence.
fn leave_out_others(host: &mut Host) {
    let mut names: BTreeSet<String> = host.files.iter().filter_map(exchange_server).collect();
    names.extend(short(&host.name));
    for file in &mut host.files {
        let Some(other) = reported_server(file).filter(|name| !names.contains(name)) else { continue };
        file.facts.clear();
        file.hits.clear();
        let message = format!("a report on {other}, not on {}", host.name);
        let path = &file.entry.path;
        file.diagnostics.push(Diagnostic::once(path, Code::ReportOfOther, String::new(), message));
    }
}

fn unnamed(collection: &Collection, files: Vec<FileEvidence>) -> Vec<Host> {
    let mut diagnostics = collection.diagnostics.clone();
    let message = format!("named after {}", collection.name);
    diagnostics.push(Diagnostic::once("", Code::HostUnnamed, String::new(), message));
    let name = collection.name.strip_suffix(".zip").unwrap_or(&collection.name).to_owned();
    vec![Host { name, from: "path", files, diagnostics }]
}

/// The server an Exchange log says it is of: the first name it gives, upper case, without its domain. Only what the
/// server itself writes says so.
fn exchange_server(file: &FileEvidence) -> Option<String> {
    let is_exchange =
        file.entry.artifact.as_deref().is_some_and(|artifact| artifact.starts_with("exchange."));
    if is_exchange && !is_report(file) { host_name(file) } else { None }
}

/// The server that a report is on.
fn reported_server(file: &FileEvidence) -> Option<String> {
    if is_report(file) { host_name(file) } else { None }
}

fn is_report(file: &FileEvidence) -> bool {
    file.entry.artifact.as_deref().is_some_and(|artifact| REPORTS.contains(&artifact))
}

fn host_name(file: &FileEvidence) -> Option<String> {
    let fact = file.facts.iter().find(|fact| fact.kind == FactKind::HostName)?;
    short(&fact.value)
}

/// A host's name in upper case, without its domain.
fn short(name: &str) -> Option<String> {
    let short = name.split('.').next().unwrap_or_default().trim();
    (!short.is_empty()).then(|| short.to_uppercase())
}

/// The name that most files give; reports have no say.
fn most_named(files: &[FileEvidence]) -> Option<String> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for name in files.iter().filter(|file| !is_report(file)).filter_map(host_name) {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().max_by(|(a, m), (b, n)| m.cmp(n).then_with(|| b.cmp(a))).map(|(name, _)| name)
}

fn by_server(collection: &Collection, files: Vec<FileEvidence>, servers: &BTreeSet<String>) -> Vec<Host> {
    let mut folders: BTreeMap<String, String> = BTreeMap::new();
    for file in &files {
        let Some(server) = exchange_server(file) else { continue };
        for folder in ancestors(&file.entry.path) {
            folders.entry(folder.to_owned()).or_insert_with(|| server.clone());
        }
    }
    let mut of_server: BTreeMap<String, Vec<FileEvidence>> = BTreeMap::new();
    for file in files {
        let told = || reported_server(&file).filter(|name| servers.contains(name));
        let near = || ancestors(&file.entry.path).find_map(|folder| folders.get(folder).cloned());
        let owner = exchange_server(&file).or_else(told).or_else(near).or_else(|| servers.first().cloned());
        of_server.entry(owner.unwrap_or_default()).or_default().push(file);
    }
    let diagnostics = || collection.diagnostics.clone();
    of_server
        .into_iter()
        .map(|(name, files)| Host { name, from: "events", files, diagnostics: diagnostics() })
        .collect()
}

/// The folders above a path, nearest first, the root last.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let cuts = path.rmatch_indices(['/', '\\']).filter_map(|(cut, _)| path.get(..cut));
    cuts.chain(std::iter::once(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_end_at_the_root() {
        assert_eq!(ancestors("a/b\\c").collect::<Vec<_>>(), ["a/b", "a", ""]);
    }
}
