//! Indicators of a pack as rules: `indicators.csv`, one indicator a line.
//!
//! The header is `type,value,stage,way,level,title,note`; a cell with a comma stands in double quotes, lines that
//! begin with `#` are comments. Types:
//! * `sha256`, `sha1`, `md5`: of a file, wherever a log or a web root tells it;
//! * `path`: a host path or the end of one from a separator on: `\aspnet_client\x.aspx`, `C:\root\x.dmp`, `x.aspx`;
//! * `address`: an IP address or a network;
//! * `user-agent`: as the client sent it (IIS writes `+` for blanks, HttpProxy blanks for commas: both are read);
//! * `domain`: a name and all names below it;
//! * `url`: a path with or without a query, or a whole `https://host/path`.
//!
//! `stage`, `way`, `level` and `title` are as in a rule; `way` and `note` may be empty.

use vigie_model::pack::Pack;
use vigie_model::rule::{Confidence, Level, RuleInfo, Stage};

use crate::error::LoadError;
use crate::ir::{Expr, LogSource, Piece, Predicate, Rule, Test};
use crate::place::Text;
use crate::sigma::value::{parse_network, pattern_of};

const HEADER: [&str; 7] = ["type", "value", "stage", "way", "level", "title", "note"];

/// Fields that hold a client's or a peer's address.
const ADDRESS_FIELDS: &[&str] = &[
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
const PATH_FIELDS: &[&str] =
    &["TargetFilename", "Image", "ParentImage", "ImageLoaded", "NewProcessName", "ParentProcessName", "Path"];
const HOST_FIELDS: &[&str] = &["cs-host", "UrlHost", "QueryName", "DestinationHostname"];

/// Reads the file: rules and mistakes.
pub(crate) fn read(path: &str, content: &str, pack: &Pack) -> (Vec<Rule>, Vec<LoadError>) {
    let text = Text { path, body: content, lines_before: 0 };
    let (mut rules, mut errors) = (Vec::new(), Vec::new());
    let mut lines = content.lines().enumerate().filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    if let Some((index, line)) = lines.next()
        && cells(line) != HEADER
    {
        errors.push(text.error_at(index, 0, "the first line must name the columns", &HEADER.join(",")));
    }
    for (index, line) in lines {
        match read_line(path, line, pack) {
            Ok(rule) => rules.push(rule),
            Err((cell, message)) => {
                let byte = line.find(&cell).unwrap_or(0);
                errors.push(text.error_at(
                    index,
                    byte,
                    message,
                    "see the top of indicators.rs for the format",
                ));
            }
        }
    }
    (rules, errors)
}

fn read_line(path: &str, line: &str, pack: &Pack) -> Result<Rule, (String, String)> {
    let cells = cells(line);
    let Ok([kind, value, stage, way, level, title, note]) = <[String; 7]>::try_from(cells) else {
        return Err((String::new(), format!("the line does not have {} columns", HEADER.len())));
    };
    let Some(stage) = Stage::from_word(&stage).filter(|stage| *stage != Stage::NoTrace) else {
        return Err((stage.clone(), format!("`{stage}` is no stage")));
    };
    let Some(level) = Level::ALL.iter().copied().find(|known| known.word() == level) else {
        return Err((level.clone(), format!("`{level}` is no level")));
    };
    if !way.is_empty() && !pack.way.iter().any(|known| known.id == way) {
        return Err((way.clone(), format!("the pack has no way in `{way}`")));
    }
    if title.is_empty() {
        return Err((String::new(), "the indicator has no title".into()));
    }
    let (condition, confidence) = condition(&kind, &value).map_err(|message| (value.clone(), message))?;
    let info = RuleInfo {
        id: format!("{}:{kind}:{value}", pack.id),
        title,
        description: note,
        level,
        confidence,
        pack: Some(pack.id.clone()),
        stage: Some(stage),
        way: (!way.is_empty()).then_some(way),
        source: path.to_owned(),
        ..RuleInfo::default()
    };
    let source = LogSource { indicator: true, ..LogSource::default() };
    Ok(Rule::new(info, source, condition))
}

fn condition(kind: &str, value: &str) -> Result<(Expr, Confidence), String> {
    let hex = |length: usize| value.len() == length && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let checked =
        |length: usize| if hex(length) { Ok(()) } else { Err(format!("not a {kind} of {length} digits")) };
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
        _ => Err(format!("`{kind}` is no type: sha256, sha1, md5, path, address, user-agent, domain or url")),
    }
}

fn test(field: &str, predicate: Predicate) -> Expr {
    Expr::Test(Test { field: Some(field.to_owned()), predicate })
}

fn any(fields: &[&str], one: impl Fn(&str) -> Expr) -> Expr {
    Expr::Or(fields.iter().map(|field| one(field)).collect())
}

fn text(value: &str, from_start: bool, to_end: bool) -> Predicate {
    Predicate::Text(pattern_of(from_start, to_end, false, vec![Piece::Text(value.as_bytes().to_vec())]))
}

fn exact(field: &str, value: &str) -> Expr {
    test(field, text(value, true, true))
}

fn hash(kind: &str, value: &str) -> Expr {
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

/// The cells of a line; double quotes hold commas, and `""` is a quote.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
