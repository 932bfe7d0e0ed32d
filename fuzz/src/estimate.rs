//! Lists of victims and files of counts from the outside: read or refused with a place, and what is read is taken through.

use std::collections::BTreeMap;
use std::path::Path;

use vigie_estimate::link::{Decisions, link};
use vigie_estimate::lists::{Lists, read_list};
use vigie_estimate::output::{json, svg, text};
use vigie_estimate::table::{Counts, read_counts};
use vigie_estimate::{Context, Effort, Language, analyze};

/// Most lists of a table that is analyzed: the models of more take seconds, which is no finding.
const MOST_LISTS: usize = 4;
/// Most rows of a list that is linked.
const MOST_RECORDS: usize = 2_000;

/// Reads the bytes as counts; a table is analyzed and written in every form.
///
/// # Panics
/// When reading, fitting or writing does, or when an estimate falls below those seen.
pub fn counts(data: &[u8]) {
    let Ok(Counts::Captures(file)) = read_counts(data, Path::new("t.csv")) else { return };
    if file.whole.width() > MOST_LISTS {
        return;
    }
    let effort = Effort { gibbs: None, replicates: Some(0), ..Effort::default() };
    let context = Context::default();
    let analysis = analyze(&file.whole, &BTreeMap::new(), &context, &effort);
    assert_eq!(analysis.checks.len(), 12);
    assert!(analysis.recommended.is_none() || analysis.refused.is_none(), "a number beside a refusal");
    for language in [Language::English, Language::French] {
        let _ = json::render(&analysis, &context, language);
        assert!(
            !svg::render(&analysis, &context, language).contains('\u{1b}'),
            "a control character in a chart"
        );
        assert!(
            !text::render(&analysis, &context, language).contains('\u{1b}'),
            "a control character in text"
        );
    }
}

/// Reads the bytes as a list, twice under two names, and links it with itself.
///
/// # Panics
/// When reading or linking does, or when a row is lost without a word.
pub fn lists(data: &[u8]) {
    let mut lists = Lists::default();
    for name in ["a.csv", "b.csv"] {
        if read_list(&mut lists, data, Path::new(name)).is_err() {
            return;
        }
    }
    let told: usize = lists.metas.iter().map(|m| m.rows - m.unplaced - m.not_victims).sum();
    assert_eq!(told, lists.records.len(), "rows lost without a word");
    if lists.records.len() <= MOST_RECORDS {
        let linked = link(&lists, &Decisions::new());
        assert!(linked.groups.values().all(|groups| groups.len() == lists.records.len()));
    }
}
