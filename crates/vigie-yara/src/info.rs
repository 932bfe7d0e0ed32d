//! What a rule says of itself: metadata and tags to the words that all rules share.

use vigie_model::rule::{Confidence, Level, Role, RuleInfo, Stage};
use yara_x::{MetaValue, Rule};

use crate::compile::{Owner, RuleFile};

/// From here on a score is of the level.
const SCORES: &[(i64, Level)] =
    &[(90, Level::Critical), (70, Level::High), (50, Level::Medium), (25, Level::Low)];

/// The rule for the report; an error says what is missing and what to do.
pub(crate) fn of(rule: &Rule<'_, '_>, file: &RuleFile) -> Result<RuleInfo, (String, String)> {
    let meta: Vec<(String, String)> =
        rule.metadata().map(|(name, value)| (name.to_ascii_lowercase(), written(&value))).collect();
    let get = |names: &[&str]| {
        let found = names.iter().find_map(|name| meta.iter().find(|(known, _)| known == name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    let tags: Vec<&str> = rule.tags().map(|tag| tag.identifier()).collect();
    let mut info = RuleInfo {
        title: rule.identifier().to_owned(),
        description: described(&get),
        level: level(&get, &tags),
        confidence: confidence(get(&["status", "confidence"])),
        attack: attack(&meta, &tags),
        source: file.path.clone(),
        ..RuleInfo::default()
    };
    match &file.owner {
        Owner::User => info.id = format!("yara:{}:{}", file.path, rule.identifier()),
        Owner::Pack(pack, ways) => {
            info.id = format!("{pack}:yara:{}", rule.identifier());
            info.pack = Some(pack.clone());
            in_pack(&mut info, ways, &get)?;
        }
    }
    Ok(info)
}

/// What a pack's rule must say: the step that a match proves, unless its role proves none.
fn in_pack<'a>(
    info: &mut RuleInfo,
    ways: &[String],
    get: &impl Fn(&[&str]) -> Option<&'a str>,
) -> Result<(), (String, String)> {
    if let Some(word) = get(&["role"]) {
        let known = Role::ALL.iter().copied().find(|role| role.word() == word);
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        info.role = known
            .ok_or_else(|| (format!("`{word}` is no role"), format!("roles are {}", roles.join(", "))))?;
    }
    let stage = get(&["stage"]);
    info.stage = stage.and_then(Stage::from_word).filter(|stage| *stage != Stage::NoTrace);
    if info.stage.is_none() && (info.role.proves() || stage.is_some()) {
        let message = stage.map_or_else(|| "no stage".to_owned(), |word| format!("`{word}` is no stage"));
        return Err((
            message,
            "write `stage = \"foothold\"` under meta, or give it a role that proves none".to_owned(),
        ));
    }
    if let Some(way) = get(&["way"]) {
        if !ways.iter().any(|known| known == way) {
            return Err((format!("the pack has no way in `{way}`"), format!("it has {}", ways.join(", "))));
        }
        info.way = Some(way.to_owned());
    }
    Ok(())
}

fn written(value: &MetaValue<'_>) -> String {
    match value {
        MetaValue::Integer(number) => number.to_string(),
        MetaValue::Float(number) => number.to_string(),
        MetaValue::Bool(truth) => truth.to_string(),
        MetaValue::String(text) => (*text).to_owned(),
        MetaValue::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn described<'a>(get: &impl Fn(&[&str]) -> Option<&'a str>) -> String {
    let mut parts = Vec::new();
    if let Some(text) = get(&["description", "desc", "info"]) {
        let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
        parts.push(format!("{text}{end}"));
    }
    if let Some(reference) = get(&["reference", "ref", "url", "references"]) {
        parts.push(format!("Reference: {reference}"));
    }
    if let Some(author) = get(&["author"]) {
        parts.push(format!("Author: {author}"));
    }
    parts.join(" ")
}

fn level<'a>(get: &impl Fn(&[&str]) -> Option<&'a str>, tags: &[&str]) -> Level {
    let word = |text: &str| Level::ALL.iter().copied().find(|level| level.word().eq_ignore_ascii_case(text));
    let score = |text: &str| {
        let score: i64 = text.trim().parse().ok()?;
        Some(SCORES.iter().find(|(from, _)| score >= *from).map_or(Level::Informational, |(_, level)| *level))
    };
    let said = get(&["level", "severity"]).and_then(|text| word(text).or_else(|| score(text)));
    said.or_else(|| get(&["score"]).and_then(score))
        .or_else(|| tags.iter().find_map(|tag| word(tag)))
        .unwrap_or(Level::Medium)
}

fn confidence(word: Option<&str>) -> Confidence {
    match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        "stable" | "high" => Confidence::High,
        "experimental" | "low" => Confidence::Low,
        _ => Confidence::Medium,
    }
}

/// Technique ids: in tags a dot cannot stand, so `T1505_003` means `T1505.003`.
fn attack(meta: &[(String, String)], tags: &[&str]) -> Vec<String> {
    let named = ["attack", "mitre_attack", "mitre_att", "mitre", "attack_technique"];
    let values =
        meta.iter().filter(|(name, _)| named.contains(&name.as_str())).map(|(_, value)| value.as_str());
    let mut found: Vec<String> = values
        .chain(tags.iter().copied())
        .flat_map(|text| text.split([',', ' ', ';', '|', '/']))
        .filter_map(technique)
        .collect();
    found.sort();
    found.dedup();
    found
}

fn technique(word: &str) -> Option<String> {
    let word = word.to_ascii_uppercase().replace('_', ".");
    let word = word.strip_prefix("ATTACK.").unwrap_or(&word);
    let (technique, sub) = word.strip_prefix('T')?.split_once('.').unwrap_or((word.get(1..)?, ""));
    let digits =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let good = digits(technique, 4) && (sub.is_empty() || digits(sub, 3));
    good.then(|| if sub.is_empty() { format!("T{technique}") } else { format!("T{technique}.{sub}") })
}
