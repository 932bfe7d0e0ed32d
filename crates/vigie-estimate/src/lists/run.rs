//! From lists to a capture table at one level, with everything that must be said of it, then to the estimate.

use super::{Lists, read_lists};
use crate::analysis::{Context, analyze};
use crate::error::Error;
use crate::honesty::wording::{steers, tame, whole};
use crate::honesty::{Language, Refusal, Text};
use crate::link::{Decisions, Linked, fellegi::Decision, fellegi::ordered, link_on};
use crate::methods::recommend::{fast, recommend};
use crate::options::{Format, Level, Options};
use crate::output::{json, text};
use crate::run::{Outcome, context_of, merged, parts_of, write};
use crate::table::{CaptureTable, delimiter_of, text_of};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Reads, links, counts, analyses and writes.
pub(crate) fn run_lists(options: &Options, paths: &[PathBuf], out: &mut dyn Write) -> Result<Outcome, Error> {
    let lists = read_lists(paths)?;
    let decisions = options.decisions.as_deref().map(read_decisions).transpose()?.unwrap_or_default();
    let linked = link_on(options.effort.threads, &lists, &decisions);
    if let Some(path) = &options.review {
        write_review(&lists, &linked, (path, options.language))?;
    }
    let (table, context) = capture(&lists, &linked, options)?;
    let analysis = analyze(&table, &BTreeMap::new(), &context, &options.effort);
    match options.format {
        Format::Svg => write(options, &analysis, &context, out)?,
        Format::Text => {
            let levels = levels_text(&linked, options.language);
            write!(out, "{levels}\n{}", text::render(&analysis, &context, options.language))?;
        }
        Format::Json => {
            let mut value = json::render(&analysis, &context, options.language);
            value["levels"] = json!(linked.counts);
            value["linkage"] = linkage_json(&linked);
            let mut rendered = serde_json::to_string_pretty(&value).map_err(|e| Error::Write(e.into()))?;
            rendered.push('\n');
            out.write_all(rendered.as_bytes())?;
        }
    }
    Ok(Outcome { analysis, context })
}

/// The table of the level asked for, over the lists that are independent and name something of that level.
fn capture(lists: &Lists, linked: &Linked, options: &Options) -> Result<(CaptureTable, Context), Error> {
    let level = options.level;
    let mut context = context_of(options);
    context.level = context.unit.is_none().then_some(level);
    context.unit = context.unit.or_else(|| Some(level.word().to_owned()));
    context.missed_links = context.missed_links.or(linked.missed);
    context.linkage_unknown = level == Level::Organisation && context.missed_links.is_none();
    context.false_links = linked.false_links;
    context.blocking_loss = linked.blocking_loss;
    let groups = linked.groups.get(level.word());
    let mut keep = Vec::new();
    let mut without = Vec::new();
    for (index, meta) in lists.metas.iter().enumerate() {
        let here = groups.is_some_and(|g| {
            g.iter().zip(&lists.records).any(|(g, r)| g.is_some() && r.list as usize == index)
        });
        if let Some(parent) = &meta.derived_from {
            context.derived.push(format!("{} <- {parent}", meta.name));
        } else if here {
            keep.push(index);
        } else {
            without.push(meta.name.clone());
        }
        context.list_notes.push(note(lists, linked, level, index));
        let window =
            meta.window.clone().or_else(|| meta.days.map(|(a, b)| format!("{}..{}", date(a), date(b))));
        context.dates.middles.extend(meta.middle().map(|day| (meta.name.clone(), day)));
        context.windows.extend(window.map(|w| (meta.name.clone(), w)));
    }
    if level == Level::Organisation && linked.nameless > 0 {
        let n = linked.nameless;
        context.list_notes.push(Text::new(
            format!("{n} groups known by an address only are not counted as organisations"),
            format!("{n} groupes connus par une adresse seule ne sont pas comptés comme organisations"),
        ));
    }
    context.days_apart = days_apart(lists, &keep);
    context.undated = keep.iter().filter(|&&k| lists.metas[k].middle().is_none()).count();
    context.dates.middles.extend(merged_dates(&context.dates.middles, &options.merge));
    if keep.len() < 2 && keep.len() + without.len() >= 2 {
        let units = without.iter().map(|name| format!("{}: no {}", tame(name), level.word())).collect();
        context.refusal = Some(Refusal::MixedUnits { units });
    }
    let table = linked.table(lists, level, &keep).unwrap_or_else(CaptureTable::of_nobody);
    if level == Level::Organisation {
        for (at, other) in linked.tables_at_thresholds(lists, &keep) {
            let other = merged(other, &options.merge)?;
            let middle = recommend(&other, &fast(&other, options.effort.threads), 1.0, &context.dates)
                .map(|r| r.estimate);
            context.thresholds.push((at, other.seen(), middle));
        }
    }
    Ok((merged(table, &options.merge)?, context))
}

fn note(lists: &Lists, linked: &Linked, level: Level, index: usize) -> Text {
    let meta = &lists.metas[index];
    let again = linked.duplicates(lists, level, index);
    let mut en = format!(
        "{}: {} rows, {again} of them a unit again, {} that could not be placed",
        meta.name, meta.rows, meta.unplaced
    );
    let mut fr = format!(
        "{} : {} lignes, dont {again} pour une unité déjà vue, {} impossibles à placer",
        meta.name, meta.rows, meta.unplaced
    );
    if meta.not_victims > 0 {
        let _ = write!(en, ", {} whose verdict is another", meta.not_victims);
        let _ = write!(fr, ", {} d'un autre verdict", meta.not_victims);
    }
    for (value, word, french) in [(&meta.source, "source", "source"), (&meta.claims, "claims", "affirme")] {
        if let Some(value) = value {
            let _ = write!(en, ", {word} {value}");
            let _ = write!(fr, ", {french} {value}");
        }
    }
    Text::new(en, fr)
}

/// Days between the middles of the earliest and the latest list that have a date: the others can only be further apart.
fn days_apart(lists: &Lists, keep: &[usize]) -> Option<f64> {
    let middles: Vec<f64> = keep.iter().filter_map(|&k| lists.metas[k].middle()).collect();
    let low = middles.iter().copied().reduce(f64::min)?;
    let high = middles.iter().copied().reduce(f64::max)?;
    (middles.len() >= 2).then_some(high - low)
}

/// The dates of lists taken as one, under the name that they get: those of all their parts, or none where a part has none.
fn merged_dates(middles: &[(String, f64)], groups: &[String]) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    for group in groups {
        let parts = parts_of(group);
        let days: Option<Vec<f64>> = parts
            .iter()
            .map(|part| middles.iter().find(|(name, _)| name == part).map(|(_, day)| *day))
            .collect();
        found.extend(days.unwrap_or_default().into_iter().map(|day| (parts.join("+"), day)));
    }
    found
}

/// The civil date of a day since 1970.
fn date(day: i32) -> String {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * of_year + 2) / 153;
    let d = of_year - (153 * m + 2) / 5 + 1;
    let (month, carry) = if m < 10 { (m + 3, 0) } else { (m - 9, 1) };
    format!("{:04}-{month:02}-{d:02}", year_of_era + era * 400 + carry)
}

fn levels_text(linked: &Linked, language: Language) -> String {
    let waiting =
        linked.links.iter().filter(|l| l.decision == crate::link::fellegi::Decision::Doubtful).count();
    let hubs = linked.hubs.len();
    let counts: Vec<String> = Level::ALL
        .iter()
        .map(|l| {
            let n = whole(linked.counts.get(l.word()).copied().unwrap_or(0) as f64, language);
            let (en, fr) = l.plural();
            format!("{n} {}", if language == Language::English { en } else { fr })
        })
        .collect();
    let counts = counts.join(", ");
    match language {
        Language::English => format!(
            "Distinct, each level on its own: {counts}\nKeys that too many owners share, not used to link: {hubs}. Links left for a person to decide: {waiting} (--review FILE)\n"
        ),
        Language::French => format!(
            "Distincts, chaque niveau à part : {counts}\nClés partagées par trop de propriétaires, non utilisées : {hubs}. Liens laissés à une personne : {waiting} (--review FICHIER)\n"
        ),
    }
}

fn linkage_json(linked: &Linked) -> Value {
    let hubs: Vec<Value> = linked
        .hubs
        .iter()
        .take(100)
        .map(|(kind, key, owners)| json!({"kind": kind.word(), "key": key, "owners": owners}))
        .collect();
    json!({
        "links_by": linked.made,
        "hubs": hubs,
        "known_by_address_only": linked.nameless,
        "expected_missed": linked.missed,
        "expected_false": linked.false_links,
        "blocking_loss": linked.blocking_loss,
        "blocking_loss_measured_on_links": linked.blocking_sample,
        "blocks_too_large": linked.too_large,
        "by_name": linked.links.len(),
    })
}

/// Columns of the review file. `decision` is filled in by a person, with `yes` or `no`.
const REVIEW: [&str; 8] = ["decision", "left", "right", "chance", "why", "proposed", "left_row", "right_row"];

/// The clerical review file: the most doubtful links first, both sides side by side, where each is found, and why.
fn write_review(lists: &Lists, linked: &Linked, (path, language): (&Path, Language)) -> Result<(), Error> {
    let mut writer = csv::Writer::from_path(path).map_err(|e| Error::Write(e.into()))?;
    let put = |writer: &mut csv::Writer<std::fs::File>, row: &[&str]| {
        let guarded: Vec<String> = row.iter().map(|cell| guard(cell)).collect();
        writer.write_record(&guarded).map_err(|e| Error::Write(e.into()))
    };
    put(&mut writer, &REVIEW)?;
    let mut order: Vec<&crate::link::Link> = linked.links.iter().collect();
    order.sort_by(|a, b| {
        // What nobody decided comes first: the rest is there so that a link can be taken back.
        let decided = |l: &crate::link::Link| l.decision != Decision::Doubtful;
        decided(a)
            .cmp(&decided(b))
            .then((a.chance - 0.5).abs().total_cmp(&(b.chance - 0.5).abs()))
            .then_with(|| (&a.left, &a.right).cmp(&(&b.left, &b.right)))
    });
    let place = |row: usize| {
        lists.records.get(row).map_or(String::new(), |r| {
            let list = lists.metas.get(r.list as usize).map_or("", |m| m.name.as_str());
            format!("{list}:{}", r.line)
        })
    };
    for link in order {
        let (chance, why) = (format!("{:.3}", link.chance), link.why.of(language));
        let (left, right) = (place(link.rows.0), place(link.rows.1));
        put(&mut writer, &["", &link.left, &link.right, &chance, why, link.decision.word(), &left, &right])?;
    }
    writer.flush()?;
    Ok(())
}

/// Names come from others: a cell that a spreadsheet would run is made text.
fn guard(cell: &str) -> String {
    let flat: String = cell.chars().map(|c| if steers(c) { ' ' } else { c }).collect();
    if flat.starts_with(['=', '+', '@']) || (flat.starts_with('-') && flat.len() > 1) {
        format!("'{flat}")
    } else {
        flat
    }
}

/// A cell without what [`guard`] put before it; an apostrophe of the name itself stays.
fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '@', '-']) => rest,
        Some(_) | None => cell,
    }
}

/// Reads a review file back.
fn read_decisions(path: &Path) -> Result<Decisions, Error> {
    let bad = |message: String| Error::Input { path: path.to_owned(), message };
    let file = std::fs::File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    // A spreadsheet saves with semicolons or in UTF-16 as it likes.
    let text = text_of(file, path)?;
    let delimiter = delimiter_of(text.lines().next().unwrap_or(""));
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut decisions = Decisions::new();
    // A spreadsheet may have moved the columns: they are found by their titles.
    let headers = reader.headers().map_err(|e| bad(e.to_string()))?.clone();
    let place = |name: &str| {
        headers
            .iter()
            .position(|h| h.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case(name))
            .ok_or_else(|| bad(format!("no column is called `{name}`: this is not a review file")))
    };
    let (left, right, decision) = (place("left")?, place("right")?, place("decision")?);
    for row in reader.records() {
        let row = row.map_err(|e| bad(e.to_string()))?;
        let side = |i: usize| unguard(row.get(i).unwrap_or("")).to_owned();
        let verdict = match row.get(decision).unwrap_or("").trim().to_lowercase().as_str() {
            "yes" | "y" | "link" | "oui" => true,
            "no" | "n" | "non" => false,
            _ => continue,
        };
        decisions.insert(ordered(side(left), side(right)), verdict);
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(18_688), "2021-03-02");
        assert_eq!(guard("=1+1"), "'=1+1");
        assert_eq!((unguard("'=1+1"), unguard("'t Hooft")), ("=1+1", "'t Hooft"));
    }
}
