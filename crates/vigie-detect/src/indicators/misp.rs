//! MISP events: their attributes and those of their objects, as the platform exports them.
//!
//! <https://www.misp-project.org/datamodels/>. An event, a list of events, what a search of events or attributes answers.
//! `to_ids: false` means "for people": such attributes are named and not evaluated. Of `a|b` types the part that names
//! the thing is evaluated: the hash of `filename|sha256`, the address of `ip-dst|port`.

use serde_json::Value;
use vigie_model::rule::{Confidence, Level};

use super::feed::{Feed, Known, id, techniques};
use super::value::{condition, refang};
use crate::ir::{Expr, Validity};

/// Whether the document is of MISP.
pub(super) fn is_it(document: &Value) -> bool {
    !groups(document).is_empty()
}

/// Attributes with the event that they belong to, if they are told with one.
struct Group<'a> {
    event: Option<&'a Value>,
    /// The JSON pointer of the member that holds the attributes.
    pointer: String,
    attributes: &'a Vec<Value>,
    object: &'a str,
}

/// Every list of attributes in the document.
fn groups(document: &Value) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    let answer = &document["response"];
    let (base, start) = if answer.is_null() { ("", document) } else { ("/response", answer) };
    match start {
        Value::Array(events) => {
            for (index, one) in events.iter().enumerate() {
                event(&one["Event"], &format!("{base}/{index}/Event"), &mut groups);
            }
        }
        _ if start["Event"].is_object() => event(&start["Event"], &format!("{base}/Event"), &mut groups),
        _ => {
            if let Some(attributes) = start["Attribute"].as_array() {
                let pointer = format!("{base}/Attribute");
                groups.push(Group { event: None, pointer, attributes, object: "" });
            }
        }
    }
    groups
}

fn event<'a>(event: &'a Value, pointer: &str, groups: &mut Vec<Group<'a>>) {
    if let Some(attributes) = event["Attribute"].as_array() {
        let pointer = format!("{pointer}/Attribute");
        groups.push(Group { event: Some(event), pointer, attributes, object: "" });
    }
    for (index, object) in event["Object"].as_array().into_iter().flatten().enumerate() {
        if let Some(attributes) = object["Attribute"].as_array() {
            let pointer = format!("{pointer}/Object/{index}/Attribute");
            let name = object["name"].as_str().unwrap_or_default();
            groups.push(Group { event: Some(event), pointer, attributes, object: name });
        }
    }
}

/// Reads every attribute.
pub(super) fn read(document: &Value, feed: &mut Feed) {
    for group in groups(document) {
        for (index, attribute) in group.attributes.iter().enumerate() {
            if let Err(reason) = add(feed, &group, attribute) {
                let pointer = format!("{}/{index}", group.pointer);
                feed.mistake(&pointer, &reason, "correct the value, or take the attribute out");
            }
        }
    }
}

fn add(feed: &mut Feed, group: &Group<'_>, attribute: &Value) -> Result<(), String> {
    let text = |name: &str| attribute[name].as_str().unwrap_or_default();
    let (kind, value) = (text("type"), text("value"));
    if kind.is_empty() || value.is_empty() {
        return Err("an attribute needs a type and a value".to_owned());
    }
    let event = group.event.unwrap_or(&Value::Null);
    let info = event["info"].as_str().or_else(|| attribute["Event"]["info"].as_str()).unwrap_or_default();
    let parts = parts(kind, value);
    let (our_kind, our_value) = parts.first().map_or((kind, value.to_owned()), |(k, v)| (*k, v.clone()));
    let object = if group.object.is_empty() { String::new() } else { format!(" of a {}", group.object) };
    let known = Known {
        id: id(our_kind, &our_value),
        title: format!("MISP: {our_kind}{object} {our_value}"),
        description: described(info, attribute, kind, value),
        level: level(event, our_kind),
        confidence: Confidence::Medium,
        attack: techniques(&format!("{}{}", event["Tag"], attribute["Tag"])),
        valid: Validity::default(),
    };
    if attribute["deleted"] == true {
        feed.add_dead(known, "the attribute is marked as deleted".to_owned());
    } else if attribute["to_ids"] == false || attribute["to_ids"] == "0" {
        feed.add_dead(
            known,
            "to_ids is false: it tells people something and is not for detection".to_owned(),
        );
    } else if parts.is_empty() {
        feed.add_dead(known, unread(kind));
    } else {
        let mut any = Vec::new();
        for (kind, value) in &parts {
            any.push(condition(kind, value).map_err(|reason| format!("{kind} {value}: {reason}"))?.0);
        }
        let expr = if any.len() == 1 { any.remove(0) } else { Expr::Or(any) };
        feed.add(known, expr);
    }
    Ok(())
}

/// Our kinds and values of an attribute; none when events are not matched by such.
fn parts(kind: &str, value: &str) -> Vec<(&'static str, String)> {
    let (first, second) = value.split_once('|').unwrap_or((value, ""));
    let net = |value: &str| refang(value);
    match kind {
        "md5" => vec![("md5", net(value))],
        "sha1" => vec![("sha1", net(value))],
        "sha256" => vec![("sha256", net(value))],
        "filename|md5" | "malware-sample" => vec![("md5", net(second))],
        "filename|sha1" => vec![("sha1", net(second))],
        "filename|sha256" => vec![("sha256", net(second))],
        "filename" => vec![("path", value.trim().to_owned())],
        "ip-src" | "ip-dst" => vec![("address", net(value))],
        "ip-src|port" | "ip-dst|port" => vec![("address", net(first))],
        "domain" | "hostname" => vec![("domain", net(value))],
        "hostname|port" => vec![("domain", net(first))],
        "domain|ip" => vec![("domain", net(first)), ("address", net(second))],
        "url" | "link" | "uri" => vec![("url", net(value))],
        "user-agent" => vec![("user-agent", value.trim().to_owned())],
        _ => Vec::new(),
    }
}

fn unread(kind: &str) -> String {
    match kind {
        "yara" => "a YARA rule: write it to a .yar file and give that with --yara".to_owned(),
        "sigma" => "a Sigma rule: write it to a .yml file and give that with --rules".to_owned(),
        _ => format!("`{kind}` is a type that events are not matched by"),
    }
}

fn described(info: &str, attribute: &Value, kind: &str, value: &str) -> String {
    let mut parts = Vec::new();
    if !info.is_empty() {
        parts.push(format!("Of the event: {info}."));
    }
    if let Some(comment) = attribute["comment"].as_str().filter(|comment| !comment.is_empty()) {
        parts.push(format!("Comment: {comment}."));
    }
    if kind.contains('|') {
        parts.push(format!("Given as {kind}: {value}."));
    }
    for (name, word) in [("first_seen", "first seen"), ("last_seen", "last seen")] {
        if let Some(time) = attribute[name].as_str() {
            parts.push(format!("The feed says: {word} {time}."));
        }
    }
    parts.join(" ")
}

/// From the event's threat level; an address alone never more than medium.
fn level(event: &Value, kind: &str) -> Level {
    let threat = &event["threat_level_id"];
    let level = match threat.as_str().map_or_else(|| threat.as_u64(), |text| text.parse().ok()) {
        Some(1) => Level::High,
        Some(3) => Level::Low,
        Some(_) | None => Level::Medium,
    };
    if matches!(kind, "address" | "domain" | "url" | "user-agent") { level.min(Level::Medium) } else { level }
}
