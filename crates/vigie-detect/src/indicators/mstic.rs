//! The feed that Microsoft published in March 2021, as CSV and as JSON, and later ones of its shape.
//!
//! <https://github.com/Azure/Azure-Sentinel/tree/master/Sample%20Data/Feeds>: one row an indicator, with the columns
//! `DateAdded`, `FirstSeen`, `Indicator`, `IndicatorType`, `TLP`; in JSON also `AdditionalMetadata` with further hashes.

use serde_json::Value;
use vigie_model::rule::{Confidence, Level};

use super::csv;
use super::feed::{Feed, Known, id};
use super::value::{condition, hash, refang};
use crate::ir::Expr;

/// Whether the document is such a feed.
pub(super) fn is_it(document: &Value) -> bool {
    document[0]["Indicator"].is_string() && document[0]["IndicatorType"].is_string()
}

/// Whether a first line names such columns.
pub(super) fn is_header(cells: &[String]) -> bool {
    ["Indicator", "IndicatorType"].iter().all(|name| cells.iter().any(|cell| cell == name))
}

/// Reads the JSON.
pub(super) fn read(document: &Value, feed: &mut Feed) {
    let none = Vec::new();
    for (index, row) in document.as_array().unwrap_or(&none).iter().enumerate() {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let more: Vec<(&str, &str)> = [("md5", "FileMd5"), ("sha1", "FileSha1")]
            .iter()
            .filter_map(|(kind, name)| Some((*kind, row["AdditionalMetadata"][*name].as_str()?)))
            .collect();
        let row =
            Row { kind: text("IndicatorType"), value: text("Indicator"), first_seen: text("FirstSeen") };
        if let Err(reason) = add(feed, &row, &more) {
            feed.mistake(&format!("/{index}/Indicator"), &reason, "give the row a value of its type");
        }
    }
}

/// Reads the CSV.
pub(super) fn read_csv(text: &str, feed: &mut Feed) {
    let mut header: Vec<String> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let cells = csv::cells(line);
        if header.is_empty() {
            header = cells;
            continue;
        }
        let cell = |name: &str| {
            let at = header.iter().position(|column| column == name)?;
            cells.get(at).map(String::as_str)
        };
        let get = |name: &str| cell(name).unwrap_or_default();
        let row = Row { kind: get("IndicatorType"), value: get("Indicator"), first_seen: get("FirstSeen") };
        if let Err(reason) = add(feed, &row, &[]) {
            feed.mistake(&format!("line {}", index + 1), &reason, "give the row a value of its type");
        }
    }
}

struct Row<'a> {
    kind: &'a str,
    value: &'a str,
    first_seen: &'a str,
}

fn add(feed: &mut Feed, row: &Row<'_>, more: &[(&'static str, &str)]) -> Result<(), String> {
    let kind = match row.kind.to_ascii_lowercase().as_str() {
        "sha256" | "filesha256" => "sha256",
        "sha1" | "filesha1" => "sha1",
        "md5" | "filemd5" => "md5",
        "filepath" | "filename" => "path",
        "domainname" | "domain" => "domain",
        "url" => "url",
        "useragent" => "user-agent",
        "ipaddress" | "ip" | "ipv4" | "ipv6" | "networkipv4" | "networkipv6" => "address",
        _ => "",
    };
    let value = if kind == "path" { row.value.trim().to_owned() } else { refang(row.value) };
    let shown = if kind.is_empty() { row.kind } else { kind };
    let mut known = Known {
        id: id(shown, &value),
        title: format!("MSTIC feed: {shown} {value}"),
        level: if kind == "domain" || kind == "address" { Level::Medium } else { Level::High },
        confidence: Confidence::High,
        ..Known::default()
    };
    if !row.first_seen.is_empty() {
        known.description = format!("First seen {}, says the feed.", row.first_seen);
    }
    if kind.is_empty() {
        feed.add_dead(known, format!("`{}` is a type that events are not matched by", row.kind));
        return Ok(());
    }
    let (first, confidence) = condition(kind, &value)?;
    known.confidence = confidence;
    let mut any = vec![first];
    for (kind, value) in more {
        // Each hash is of the same file; one of another length is left out, since the first one is enough.
        if condition(kind, value).is_ok() {
            any.push(hash(kind, value));
        }
    }
    let expr = if any.len() == 1 { any.remove(0) } else { Expr::Or(any) };
    feed.add(known, expr);
    Ok(())
}
