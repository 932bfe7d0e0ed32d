//! What an indicator's value asks of events: which fields, and how they compare.

use vigie_model::rule::Confidence;

use crate::ir::{Expr, Piece, Predicate, Test};
use crate::sigma::value::{check_regex, parse_network, pattern_of};

/// Fields that hold a client's or a peer's address.
pub(super) const ADDRESS_FIELDS: &[&str] = &[
    "c-ip",
    "X-Forwarded-For",
    "ClientIpAddress",
    "ClientIP",
    "client-ip",
    "original-client-ip",
    "SourceIp",
    "DestinationIp",
    "SourceAddress",
    "DestAddress",
    "IpAddress",
    "src_ip",
    "dst_ip",
];
pub(super) const PATH_FIELDS: &[&str] =
    &["TargetFilename", "Image", "ParentImage", "ImageLoaded", "NewProcessName", "ParentProcessName", "Path"];
pub(super) const HOST_FIELDS: &[&str] = &["cs-host", "UrlHost", "QueryName", "DestinationHostname"];
pub(super) const COMMAND_FIELDS: &[&str] = &["CommandLine", "ParentCommandLine", "ProcessCommandLine"];
pub(super) const AGENT_FIELDS: &[&str] = &["cs(User-Agent)", "UserAgent"];
/// Fields that hold a request: its path, or the whole of it.
pub(super) const URL_FIELDS: &[&str] = &["cs-uri-stem", "UrlStem", "Url"];

/// The condition of an indicator of a kind, and how sure a match makes.
pub(super) fn condition(kind: &str, value: &str) -> Result<(Expr, Confidence), String> {
    let hex = |length: usize| value.len() == length && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let checked =
        |length: usize| if hex(length) { Ok(()) } else { Err(format!("not a {kind} of {length} digits")) };
    if value.trim().is_empty() {
        return Err(format!("a {kind} without a value"));
    }
    match kind {
        "sha256" => checked(64).map(|()| (hash(kind, value), Confidence::High)),
        "sha1" => checked(40).map(|()| (hash(kind, value), Confidence::High)),
        "md5" => checked(32).map(|()| (hash(kind, value), Confidence::High)),
        "path" => Ok((path(value), Confidence::High)),
        "address" => {
            let network = parse_network(value).ok_or_else(|| "not an address or network".to_owned())?;
            Ok((any(ADDRESS_FIELDS, |field| test(field, Predicate::Network(network))), Confidence::Medium))
        }
        "user-agent" => Ok((user_agent(value), Confidence::Medium)),
        "domain" => Ok((any(HOST_FIELDS, |field| domain(field, value)), Confidence::Medium)),
        "url" => Ok((url(value), Confidence::Medium)),
        "command" => Ok((any(COMMAND_FIELDS, |field| exact(field, value)), Confidence::Medium)),
        _ => Err(format!(
            "`{kind}` is no type: sha256, sha1, md5, path, address, user-agent, domain, url or command"
        )),
    }
}

/// A test of one field.
pub(super) fn test(field: &str, predicate: Predicate) -> Expr {
    Expr::Test(Test { field: Some(field.to_owned()), predicate })
}

/// The same of several fields: one is enough.
pub(super) fn any(fields: &[&str], one: impl Fn(&str) -> Expr) -> Expr {
    Expr::Or(fields.iter().map(|field| one(field)).collect())
}

/// Text that a value is, begins with, ends with or holds, without regard to case.
pub(super) fn text(value: &str, from_start: bool, to_end: bool) -> Predicate {
    Predicate::Text(pattern_of(from_start, to_end, false, vec![Piece::Text(value.as_bytes().to_vec())]))
}

pub(super) fn exact(field: &str, value: &str) -> Expr {
    test(field, text(value, true, true))
}

/// A pattern of pieces, anchored at both ends.
pub(super) fn like(field: &str, pieces: &[Piece]) -> Expr {
    test(field, Predicate::Text(pattern_of(true, true, false, pieces.to_vec())))
}

/// A regular expression, found anywhere; only what can be found in linear time.
pub(super) fn regex(pattern: &str) -> Result<Predicate, String> {
    match check_regex(pattern) {
        Ok(()) => Ok(Predicate::Regex(pattern.to_owned())),
        Err(reason) => {
            let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
            Err(format!("the regular expression cannot be run in linear time: {reason}"))
        }
    }
}

/// Of a file, or in the list of hashes that Sysmon writes.
pub(super) fn hash(kind: &str, value: &str) -> Expr {
    Expr::Or(vec![exact(kind, value), test("Hashes", text(&format!("{kind}={value}"), false, false))])
}

/// The whole value, or its end from a separator on.
fn path(value: &str) -> Expr {
    let starts_whole = value.starts_with(['\\', '/']) || value.get(1..2) == Some(":");
    any(PATH_FIELDS, |field| {
        if starts_whole {
            test(field, text(value, false, true))
        } else {
            let end = |separator: &str| test(field, text(&format!("{separator}{value}"), false, true));
            Expr::Or(vec![exact(field, value), end("\\"), end("/")])
        }
    })
}

/// IIS writes `+` for blanks, HttpProxy blanks for commas.
fn user_agent(value: &str) -> Expr {
    Expr::Or(vec![
        exact("cs(User-Agent)", &value.replace(' ', "+")),
        exact("UserAgent", value),
        exact("UserAgent", &value.replace(',', " ")),
    ])
}

fn domain(field: &str, value: &str) -> Expr {
    Expr::Or(vec![exact(field, value), test(field, text(&format!(".{value}"), false, true))])
}

fn url(value: &str) -> Expr {
    let (host, rest) = match value.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or((rest, ""), |(host, _)| (host, &rest[host.len()..])),
        None => ("", value),
    };
    let (stem, query) = rest.split_once('?').map_or((rest, ""), |(stem, query)| (stem, query));
    let request = |stem_field: &str, query_field: &str, host_field: &str| {
        let mut parts = Vec::new();
        if !stem.is_empty() {
            parts.push(exact(stem_field, stem));
        }
        if !query.is_empty() {
            parts.push(test(query_field, text(query, false, false)));
        }
        if !host.is_empty() {
            parts.push(exact(host_field, host));
        }
        Expr::And(parts)
    };
    Expr::Or(vec![
        request("cs-uri-stem", "cs-uri-query", "cs-host"),
        request("UrlStem", "UrlQuery", "UrlHost"),
        test("Url", text(value, false, true)),
    ])
}

/// Longer values are taken as they are.
const REFANGED_BYTES_MAX: usize = 4 << 10;

/// A value as it was before somebody made it harmless for mail and reports: `hxxp://evil[.]example`.
pub(super) fn refang(value: &str) -> String {
    const MARKS: &[(&str, &str)] = &[
        ("[://]", "://"),
        ("[:]", ":"),
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("[/]", "/"),
        ("[@]", "@"),
        ("\\.", "."),
    ];
    let mut plain = value.trim().to_owned();
    if plain.len() > REFANGED_BYTES_MAX {
        return plain;
    }
    for (mark, meant) in MARKS {
        while let Some(at) = plain.to_ascii_lowercase().find(mark) {
            plain.replace_range(at..at + mark.len(), meant);
        }
    }
    for (mark, meant) in [("hxxp", "http"), ("fxp", "ftp"), ("meow", "http")] {
        if plain.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark))
            && plain.get(mark.len()..).is_some_and(|rest| rest.starts_with(':') || rest.starts_with("s:"))
        {
            plain.replace_range(..mark.len(), meant);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_spellings_are_undone() {
        for (written, meant) in [
            ("hxxp://evil[.]example/a", "http://evil.example/a"),
            ("hXXps[:]//evil(dot)example", "https://evil.example"),
            (" 203.0.113[.]7 ", "203.0.113.7"),
            ("fxp://a[dot]b", "ftp://a.b"),
            ("plain.example", "plain.example"),
        ] {
            assert_eq!(refang(written), meant);
        }
    }
}
