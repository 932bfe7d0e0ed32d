//! Evidence that is there and gave nothing: a file that could not be opened takes its stream's coverage with it.

use std::collections::BTreeSet;

use vigie_model::Diagnostic;
use vigie_model::diagnostic::{Code, Effect};
use vigie_model::evidence::{FactKind, ManifestEntry};

use crate::host::{FileEvidence, HostEvidence, Scope};

/// Streams of which something was lost on no known day; `*` stands for all.
pub(crate) fn streams(host: &HostEvidence<'_>) -> Vec<String> {
    let mut lost: Vec<String> = Vec::new();
    if host.scope == Scope::Narrowed {
        lost.push("*".to_owned());
    }
    for file in host.files.iter().filter(|file| file.tally.streams.is_empty()) {
        if file.diagnostics.iter().any(|diagnostic| diagnostic.code.effect() == Effect::Damage) {
            lost.extend(stream_of(&file.entry.path).or_else(|| container_of(&file.entry)));
        }
    }
    lost.extend(host.diagnostics.iter().filter_map(of_collection));
    if !has_web_folders(&host.files) || !pages_left_out(&host.files).is_empty() {
        lost.push("web.root".to_owned());
    }
    lost
}

/// What a diagnostic of the whole collection may have cost: a known stream, or anything.
fn of_collection(diagnostic: &Diagnostic) -> Option<String> {
    let cannot_tell = matches!(
        diagnostic.code,
        Code::CannotOpen | Code::LimitReached | Code::ContainerDamaged | Code::Encrypted | Code::KnownUnread
    );
    let damage = diagnostic.code.effect() == Effect::Damage;
    let anything = || cannot_tell.then(|| "*".to_owned());
    damage.then(|| stream_of(&diagnostic.path).or_else(anything)).flatten()
}

/// Anything may have been in an archive or a disk image that stayed closed; one that lay among the host's own files is
/// a file like others.
fn container_of(entry: &ManifestEntry) -> Option<String> {
    const ENDINGS: &[&str] = &[
        ".zip", ".7z", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".e01", ".vhd", ".vhdx",
        ".vmdk", ".qcow2", ".raw", ".dd", ".img", ".001",
    ];
    let path = entry.path.to_ascii_lowercase();
    let is_evidence = entry.host_path.is_none() && ENDINGS.iter().any(|ending| path.ends_with(ending));
    is_evidence.then(|| "*".to_owned())
}

/// The stream that a file of this path would have given; `None` for files that no way in needs.
fn stream_of(path: &str) -> Option<String> {
    let path = path.to_ascii_lowercase().replace('\\', "/");
    let has = |part: &str| path.contains(part);
    let stream = if has("w3svc") {
        "iis.w3c"
    } else if (has("httpproxy") && has("/logging/")) || has("httpproxy_") {
        "exchange.httpproxy"
    } else if has("ecpserver") || has("/ecp/server/") {
        "exchange.ecp"
    } else if has("oabgenerator") {
        "exchange.oabgenerator"
    } else if has(".evtx") {
        "windows.event"
    } else if has("wwwroot") || has("/frontend/httpproxy/") {
        "web.root"
    } else {
        return None;
    };
    Some(stream.to_owned())
}

/// Whether both places where web shells were planted are in the collection: the web server's root and the pages
/// of Exchange's front end. One stray page of either says nothing of the other.
fn has_web_folders(files: &[FileEvidence]) -> bool {
    let pages = || files.iter().filter(|file| file.entry.artifact.as_deref() == Some("web.root"));
    let any = |part: &str| pages().any(|file| file.entry.path.to_ascii_lowercase().contains(part));
    any("wwwroot") && any("owa")
}

/// Pages that the volume's file table holds in web folders and that are not in the collection, by their paths. Where no
/// page was collected at all, that is what there is to say.
pub(crate) fn pages_left_out(files: &[FileEvidence]) -> Vec<&str> {
    let collected: BTreeSet<String> = files
        .iter()
        .filter(|file| file.entry.artifact.as_deref() == Some("web.root"))
        .map(|file| without_drive(file.entry.host_path.as_deref().unwrap_or(&file.entry.path)))
        .collect();
    if collected.is_empty() {
        return Vec::new();
    }
    let pages = files.iter().flat_map(|file| &file.facts).filter(|fact| fact.kind == FactKind::WebPage);
    let is_missing = |path: &str| {
        let path = without_drive(path);
        !collected.contains(&path) && !collected.iter().any(|known| known.ends_with(&path))
    };
    pages.map(|fact| fact.value.as_str()).filter(|path| is_missing(path)).collect()
}

/// `\inetpub\wwwroot\x.aspx`, lower case, of a path with a drive or of one in a collection.
fn without_drive(path: &str) -> String {
    let path = path.to_ascii_lowercase().replace('/', "\\");
    let rest = path.split_once(':').filter(|(drive, _)| drive.len() == 1).map(|(_, rest)| rest.to_owned());
    rest.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::stream_of;

    #[test]
    fn a_path_tells_the_stream_of_a_file_that_cannot_be_read() {
        for (path, stream) in [
            ("x.zip!/C/inetpub/logs/LogFiles/W3SVC1/u_ex210301.log", Some("iis.w3c")),
            ("C\\V15\\Logging\\HttpProxy\\Ecp\\HttpProxy_2021030100-1.LOG", Some("exchange.httpproxy")),
            ("V15/FrontEnd/HttpProxy/owa/auth/x.aspx", Some("web.root")),
            ("C/Windows/System32/winevt/Logs/Security.evtx", Some("windows.event")),
            ("C/Windows/System32/config/SYSTEM", None),
        ] {
            assert_eq!(stream_of(path).as_deref(), stream, "{path}");
        }
    }
}
