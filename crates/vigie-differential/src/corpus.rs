//! Both sides over real logs with public rules. Every difference must be in the table, and nothing else may.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rsigma_eval::CompiledRule;
use vigie_detect::ir::Predicate;
use vigie_detect::taxonomy::Source;
use vigie_detect::{Bundled, RuleSet, Sources, bind};
use vigie_model::{EventBatch, Schema};

use crate::judges;
use crate::logs::{self, Names};

/// A rule on which the sides differ over the corpus: its id, events that only we match, events that only they match,
/// the name of the difference in [`crate::known::KNOWN`].
type Explained = (&'static str, u64, u64, &'static str);

/// Over `evtx_to_mitre` and `sigma_regression` with the 3,754 rules of `sigmahq`, 4.1 million comparisons.
const EXPLAINED: &[Explained] = &[
    // `AccessMask|endswith: '1?'` on `0x10`.
    ("ab6bffca-beff-4baa-af11-6733f296d57a", 5, 0, "wildcards-with-endswith"),
    // `OldUacValue|endswith: '8???'` and the like.
    ("f6de9536-0441-4b3f-a646-f4e00f300ffd", 3, 0, "wildcards-with-endswith"),
    // `TargetFilename|fieldref: Image` and `CommandLine|fieldref: Image` on salvaged records that have neither.
    ("f01d1f70-cd41-42ec-9c0b-26dd9c22bf29", 0, 5, "fieldref-of-nothing"),
    ("bafd07c6-3ea5-454a-b4be-058fbb073de7", 0, 30, "fieldref-of-nothing"),
];

/// Compares over logs with all rules of a folder; gives what to print.
///
/// # Errors
/// When a difference is not in the table, or one of the table was not seen.
pub fn run(rules: &Path, logs: &[&str]) -> anyhow::Result<String> {
    let sources = Sources { bundled: Bundled::None, rules: vec![rules.to_path_buf()], ..Sources::default() };
    let set = Arc::new(RuleSet::load(&sources)?);
    let theirs = their_rules(rules)?;
    let mut compared = Compared::default();
    let mut plans: BTreeMap<String, Vec<Group>> = BTreeMap::new();
    logs::batches(logs, &mut |batch| {
        let key = format!("{:?}", batch.schema);
        let groups = plans.entry(key).or_insert_with(|| groups(&set, &theirs, &batch.schema));
        compare(&set, &theirs, groups, batch, &mut compared);
    });
    let places = plans.values().flatten().map(|group| group.left_out).sum::<usize>();
    let mut text = format!(
        "{} rules, {} events: {} comparisons the same, {} of them matches; {} rules with {} differences\n",
        set.rules.len(),
        compared.events,
        compared.same,
        compared.matching,
        compared.differ.len(),
        compared.differ.values().map(|d| d.ours + d.theirs).sum::<u64>()
    );
    let _ = writeln!(text, "{places} pairs of rule and schema with a field in several places were left out");
    let unexplained = unexplained(&set, &compared);
    ensure!(unexplained.is_empty(), "{text}{unexplained}");
    Ok(text)
}

/// The other side's rules by id.
fn their_rules(folder: &Path) -> anyhow::Result<BTreeMap<String, CompiledRule>> {
    let mut found = BTreeMap::new();
    for path in logs::rule_files(folder)? {
        let text = std::fs::read_to_string(&path)?;
        for rule in judges::theirs(&text).with_context(|| path.display().to_string())? {
            found.insert(rule.id.clone().unwrap_or_default(), rule);
        }
    }
    Ok(found)
}

/// Rules that apply to a schema by the same row of the taxonomy.
struct Group {
    rules: Vec<usize>,
    names: Names,
    /// Rules that look for words in any field: they get the event as it is.
    words: Vec<usize>,
    left_out: usize,
}

fn groups(set: &RuleSet, theirs: &BTreeMap<String, CompiledRule>, schema: &Schema) -> Vec<Group> {
    let mut by_source: BTreeMap<*const Source, Group> = BTreeMap::new();
    for (index, rule) in set.compiled().iter().enumerate() {
        let Some(source) = bind::source_for(&rule.source, schema) else { continue };
        if !theirs.contains_key(&rule.info.id) {
            continue;
        }
        let empty = || Group { rules: Vec::new(), names: Names::default(), words: Vec::new(), left_out: 0 };
        let group = by_source.entry(std::ptr::from_ref(source)).or_insert_with(empty);
        let (mut single, mut words) = (true, false);
        rule.condition.visit(&mut |test| {
            words |= test.field.is_none();
            let other = match &test.predicate {
                Predicate::OtherField(other) => Some(other.field.as_str()),
                _ => None,
            };
            for field in test.field.as_deref().into_iter().chain(other) {
                single &= group.names.add(field, source, schema);
            }
        });
        match (single, words) {
            (false, _) => group.left_out += 1,
            (true, false) => group.rules.push(index),
            (true, true) => group.words.push(index),
        }
    }
    by_source.into_values().collect()
}

#[derive(Default)]
struct Compared {
    events: u64,
    same: u64,
    matching: u64,
    differ: BTreeMap<usize, Difference>,
}

#[derive(Default)]
struct Difference {
    ours: u64,
    theirs: u64,
    /// The first event.
    event: String,
}

fn compare(
    set: &Arc<RuleSet>,
    theirs: &BTreeMap<String, CompiledRule>,
    groups: &[Group],
    batch: &EventBatch,
    compared: &mut Compared,
) {
    compared.events += batch.rows() as u64;
    let mut hits = Vec::new();
    set.scanner().scan(batch, &mut hits);
    let mut ours: Vec<(usize, usize)> = Vec::new();
    for hit in &hits {
        let rows = batch.positions.iter().enumerate();
        let same = rows.filter(|(_, at)| at.number == hit.number && at.offset == hit.offset);
        ours.extend(same.map(|(row, _)| (row, hit.rule as usize)));
    }
    ours.sort_unstable();
    for group in groups {
        for row in 0..batch.rows() {
            let named = group.names.event(batch, row);
            let whole = if group.words.is_empty() { None } else { Some(logs::whole(batch, row)) };
            let fields = group.rules.iter().map(|rule| (*rule, &named));
            let words = group.words.iter().filter_map(|rule| Some((*rule, whole.as_ref()?)));
            for (rule, event) in fields.chain(words) {
                let Some(compiled) = theirs.get(&set.rules[rule].id) else { continue };
                let they = judges::they_say(compiled, event);
                let we = ours.binary_search(&(row, rule)).is_ok();
                if we == they {
                    compared.same += 1;
                    compared.matching += u64::from(we);
                    continue;
                }
                let difference = compared.differ.entry(rule).or_default();
                difference.ours += u64::from(we);
                difference.theirs += u64::from(they);
                if difference.event.is_empty() {
                    difference.event = event.to_string();
                }
            }
        }
    }
}

/// What is not as the table says, a line each.
fn unexplained(set: &RuleSet, compared: &Compared) -> String {
    let mut text = String::new();
    for (rule, found) in &compared.differ {
        let id = set.rules[*rule].id.as_str();
        let told = EXPLAINED
            .iter()
            .any(|(of, ours, theirs, _)| (*of, *ours, *theirs) == (id, found.ours, found.theirs));
        if !told {
            let title = &set.rules[*rule].title;
            let _ = writeln!(
                text,
                "(\"{id}\", {}, {}, ...) {title}\n  {:.1500}",
                found.ours, found.theirs, found.event
            );
        }
    }
    for (id, ours, theirs, name) in EXPLAINED {
        let seen = compared.differ.keys().any(|rule| set.rules[*rule].id == *id);
        if !seen {
            let _ = writeln!(text, "no difference any more: {id}, {ours}, {theirs}, {name}");
        }
    }
    text
}
