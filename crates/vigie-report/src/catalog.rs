//! The words of the reports in every language: one catalogue file each, embedded, read once.
//!
//! A text may hold placeholders: `{days}` is a value, `{days:day|days}` chooses the word that goes with the
//! number. Keys are flat, `section.why`; tests hold that no language lacks one and that no key is unused.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::Lang;

const EN: &str = include_str!("../catalog/en.toml");
const FR: &str = include_str!("../catalog/fr.toml");

/// Every statement that the assessment may make, with the names of its values.
pub const STATEMENTS: &[(&str, &[&str])] = &[
    ("stage_proven", &["stage"]),
    ("unpatched", &["from", "to", "build"]),
    ("never_reachable", &[]),
    ("exposed_and_unpatched", &["from", "to", "build"]),
    ("coverage_complete", &["days", "ways"]),
    ("coverage_incomplete", &["days", "covered"]),
    ("logs_begin_late", &["first", "window"]),
    ("no_build_seen", &[]),
    ("no_reachability", &[]),
    ("patched_before_window", &["build", "when"]),
    ("patched_at", &["build", "when"]),
    ("not_patched", &["build", "last"]),
    ("attempts_only", &["events", "actors"]),
    ("scanners_only", &["events"]),
    ("nothing_found", &["events", "files"]),
    ("evidence_outside_window", &["first", "last"]),
    ("no_exchange_evidence", &[]),
    ("needs_setting", &[]),
    ("began_later", &["from", "last"]),
    ("no_campaign", &[]),
    ("other_product", &["product"]),
    ("over_before", &["until", "first"]),
    ("elsewhere_not_open", &[]),
    ("elsewhere_open", &["build"]),
    ("elsewhere_fixed", &["build"]),
    ("elsewhere_unknown", &[]),
    ("all_attempts_blocked", &[]),
    ("parser_damage", &["files", "bytes"]),
    ("pages_left_out", &["pages", "first"]),
    ("tool_ran", &["tool", "when"]),
    ("mitigation_holds", &["rule", "cve"]),
    ("mitigation_passes", &["rule", "cve"]),
    ("mitigation_off", &["rule", "cve"]),
    ("tokens_unchecked", &["places"]),
    ("tokens_checked", &["count"]),
    ("checker_found_open", &["cve", "when"]),
    ("march_su_special", &["build", "cu"]),
    ("conflicting_sources", &["build", "low", "high"]),
    ("unknown_build", &["build"]),
    ("out_of_support", &["name"]),
    ("behind_proxy", &["address"]),
    ("build_from_header", &["build"]),
    ("owner_states", &["fact", "value"]),
    ("collect_stream", &["stream", "from", "to"]),
    ("collect_web_root", &[]),
    ("collect_setup_log", &[]),
    ("collect_event_log", &["channel"]),
    ("state_reachable", &[]),
    ("collect_central_logs", &["from", "to"]),
    ("collect_usn", &[]),
    ("patch_build", &["when", "name", "build"]),
    ("patch_open", &["n", "then"]),
    ("patch_exploited", &["n", "list"]),
    ("patch_complete", &[]),
    ("patch_undecided", &["n"]),
    ("patch_as_of", &["day"]),
    ("patch_evidence_newer", &[]),
    ("condition_extended_protection", &[]),
    ("condition_serialization_signing", &[]),
    ("condition_setting_override", &["detail"]),
    ("condition_hybrid_app", &[]),
    ("condition_download_domains", &[]),
    ("condition_prepare_schema", &[]),
    ("condition_prepare_domain", &[]),
    ("condition_token_cache_module", &[]),
    ("condition_antivirus_engine_override", &[]),
    ("condition_windows_update", &["detail"]),
    ("condition_dotnet_update", &[]),
    ("condition_unified_messaging", &[]),
];

/// Every reason that the status of a directive may give, with the names of its values.
pub const REASONS: &[(&str, &[&str])] = &[
    ("build_meets", &["build", "when"]),
    ("build_open", &["build", "when"]),
    ("build_later", &["build", "when"]),
    ("build_undated", &["build"]),
    ("build_untold", &["build"]),
    ("closed", &["when"]),
    ("closed_late", &["when"]),
    ("dated_later", &["when"]),
    ("declared_later", &["action", "organisation", "when"]),
    ("declared_no", &[]),
    ("folder_of_another", &["organisation", "other"]),
    ("found_compromised", &["pack"]),
    ("found_nothing", &["pack"]),
    ("found_otherwise", &["pack", "verdict"]),
    ("logs_reach", &["days", "stream"]),
    ("no_assessment", &[]),
    ("no_build", &[]),
    ("no_organisation", &[]),
    ("no_signs", &[]),
    ("not_issued", &["from"]),
    ("not_registered", &["organisation"]),
    ("other_group", &["group"]),
    ("outside_answered", &["when"]),
    ("pack_not_asked", &["pack"]),
    ("released", &["action"]),
    ("several_organisations", &["organisations"]),
    ("triage_covered", &["from", "to"]),
    ("triage_lacking", &["from", "to", "way"]),
    ("undated", &[]),
    ("unreadable", &["why"]),
    ("update_exists", &["build"]),
];

/// The whole catalogue of a language, by key.
pub fn catalog(lang: Lang) -> &'static BTreeMap<String, String> {
    static ENGLISH: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    static FRENCH: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    match lang {
        Lang::En => ENGLISH.get_or_init(|| read(EN)),
        Lang::Fr => FRENCH.get_or_init(|| read(FR)),
    }
}

/// Tables flattened to dotted keys. The files are embedded and a test reads them, so that an error here
/// could only be seen by whoever edits a catalogue; the keys then stand in for the texts.
fn read(source: &str) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    if let Ok(table) = source.parse::<toml::Table>() {
        flatten("", &table, &mut flat);
    }
    flat
}

fn flatten(prefix: &str, table: &toml::Table, flat: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if let toml::Value::Table(inner) = value {
            flatten(&key, inner, flat);
        } else if let toml::Value::String(text) = value {
            flat.insert(key, text.clone());
        }
    }
}

/// The text under a key, if the catalogue has one.
pub fn find(lang: Lang, key: &str) -> Option<&'static str> {
    catalog(lang).get(key).map(String::as_str)
}

/// The text under a key that the code knows; the key itself when an edit lost it, which a test forbids.
pub fn text(lang: Lang, key: &'static str) -> &'static str {
    find(lang, key).unwrap_or(key)
}

/// The text under a key with its placeholders filled. Values are inserted as they are: the caller has made
/// them fit for the medium.
pub fn fill(lang: Lang, key: &'static str, values: &[(&str, &str)]) -> String {
    fill_template(lang, text(lang, key), &|name| {
        values.iter().find(|(known, _)| *known == name).map(|(_, value)| Value::plain(value))
    })
}

/// A value for a placeholder: what is shown, and the number that decides between singular and plural.
pub(crate) struct Value {
    pub(crate) shown: String,
    pub(crate) number: Option<u64>,
}

impl Value {
    pub(crate) fn plain(text: &str) -> Value {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        Value { shown: text.to_owned(), number: digits.parse().ok() }
    }
}

/// Fills a template. A placeholder without a value stays as it is written, so that the gap can be seen.
pub(crate) fn fill_template(lang: Lang, template: &str, value: &dyn Fn(&str) -> Option<Value>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inside, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let (name, forms) =
            inside.split_once(':').map_or((inside, None), |(name, forms)| (name, Some(forms)));
        match (value(name), forms.and_then(|forms| forms.split_once('|'))) {
            (Some(value), Some((one, many))) => {
                out.push_str(if is_one(lang, value.number) { one } else { many });
            }
            (Some(value), None) => out.push_str(&value.shown),
            (None, _) => out.extend(["{", inside, "}"]),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Whether a number takes the singular: in French, zero does too.
fn is_one(lang: Lang, number: Option<u64>) -> bool {
    match lang {
        Lang::En => number == Some(1),
        Lang::Fr => matches!(number, Some(0 | 1)),
    }
}

/// The names of a template's placeholders, in order, each once.
pub fn placeholders(template: &str) -> Vec<&str> {
    let mut names: Vec<&str> = template
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(inside, _)| inside.split(':').next().unwrap_or(inside))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_choose_their_word() {
        let value = |text: &'static str| move |_: &str| Some(Value::plain(text));
        let template = "{n} {n:jour|jours}";
        assert_eq!(fill_template(Lang::Fr, template, &value("0")), "0 jour");
        assert_eq!(fill_template(Lang::En, template, &value("0")), "0 jours");
        assert_eq!(fill_template(Lang::Fr, template, &value("2")), "2 jours");
    }

    #[test]
    fn a_broken_template_stays_readable() {
        let none = |_: &str| None;
        assert_eq!(fill_template(Lang::En, "a {b} {c", &none), "a {b} {c");
    }
}
