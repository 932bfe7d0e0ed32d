//! STIX 2.1 bundles (2.0 as well): indicators with STIX patterns, and objects that stand for themselves.
//!
//! <https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html>. Revoked indicators, patterns of other languages and
//! what events cannot answer become indicators that cannot fire, with the reason.

use serde_json::Value;
use vigie_model::Time;
use vigie_model::rule::{Confidence, Level};

use super::feed::{Feed, Known, techniques};
use super::stix_path;
use super::stix_pattern::{self, Refused};
use crate::ir::Validity;

/// Whether the document is a bundle, or a bare object of STIX.
pub(super) fn is_it(document: &Value) -> bool {
    document["type"] == "bundle" && document["objects"].is_array()
}

/// Reads every indicator and observable of a bundle.
pub(super) fn read(document: &Value, feed: &mut Feed) {
    let none = Vec::new();
    let objects = document["objects"].as_array().unwrap_or(&none);
    for (index, object) in objects.iter().enumerate() {
        if object["type"] == "indicator" {
            indicator(object, index, feed);
        }
    }
    for (index, object) in objects.iter().enumerate() {
        for (kind, value, condition) in stix_path::observables(object) {
            let pointer = format!("/objects/{index}");
            let known = Known {
                id: format!("stix:{kind}:{value}"),
                title: format!("Observable {kind} {value}"),
                description: "It stands in the bundle by itself; no indicator speaks of it.".to_owned(),
                level: Level::Low,
                confidence: Confidence::Low,
                ..Known::default()
            };
            match condition {
                // An indicator with the same meaning says more.
                Ok(expr) if feed.has(&expr) => {}
                Ok(expr) => feed.add(known, expr),
                Err(reason) => feed.add_dead(known, format!("{pointer}: {reason}")),
            }
        }
    }
}

fn indicator(object: &Value, index: usize, feed: &mut Feed) {
    let pointer = format!("/objects/{index}/pattern");
    let pattern = object["pattern"].as_str().unwrap_or_default();
    let language = object["pattern_type"].as_str().unwrap_or("stix");
    let known = known(object, pattern);
    if object["revoked"] == true {
        return feed.add_dead(known, "the feed has revoked it".to_owned());
    }
    if language != "stix" {
        let advice = match language {
            "yara" => ": write it to a .yar file and give that with --yara",
            "sigma" => ": write it to a .yml file and give that with --rules",
            _ => "",
        };
        return feed.add_dead(known, format!("its pattern is {language}, not STIX{advice}"));
    }
    if pattern.is_empty() {
        return feed.mistake(&pointer, "the indicator has no pattern", "STIX 2.1, section 4.7");
    }
    match stix_pattern::condition(pattern) {
        Ok(expr) => feed.add(known, expr),
        Err(Refused::Unanswerable(reason)) => feed.add_dead(known, reason),
        Err(Refused::Malformed(reason)) => {
            feed.mistake(&pointer, &reason, "patterns are as `[file:name = 'x.aspx']`: STIX 2.1, chapter 9");
        }
    }
}

fn known(object: &Value, pattern: &str) -> Known {
    let text = |name: &str| object[name].as_str().unwrap_or_default();
    let title = if text("name").is_empty() { pattern } else { text("name") };
    let mut description = text("description").to_owned();
    for (name, word) in [("valid_from", "valid from"), ("valid_until", "valid until")] {
        if !text(name).is_empty() {
            let separator = if description.is_empty() { "" } else { " " };
            description = format!("{description}{separator}The feed says: {word} {}.", text(name));
        }
    }
    let confidence = match object["confidence"].as_u64() {
        Some(70..) => Confidence::High,
        Some(0..30) => Confidence::Low,
        Some(30..70) | None => Confidence::Medium,
    };
    let level = match confidence {
        Confidence::High => Level::High,
        Confidence::Medium => Level::Medium,
        Confidence::Low => Level::Low,
    };
    let phases = object["kill_chain_phases"].to_string() + &object["external_references"].to_string();
    let id = if text("id").is_empty() { format!("stix:{pattern}") } else { text("id").to_owned() };
    let moment = |name: &str| Time::parse(text(name).as_bytes());
    let valid = Validity { from: moment("valid_from"), until: moment("valid_until") };
    Known { id, title: title.to_owned(), description, level, confidence, attack: techniques(&phases), valid }
}
