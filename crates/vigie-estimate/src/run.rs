//! From options to output: reads the table or the lists, analyses, writes.

use crate::analysis::{Analysis, Context, analyze, analyze_frequencies};
use crate::error::Error;
use crate::honesty::wording::{tame, whole};
use crate::honesty::{Language, Refusal, Text, french, worked};
use crate::methods::leavers::Dates;
use crate::options::{Format, Input, Options};
use crate::output::{json, svg, text};
use crate::table::totals::{State, Totals};
use crate::table::{CaptureTable, Counts, TableFile, read_counts};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Everything that was computed.
    pub analysis: Analysis,
    /// What was known beside the counts.
    pub context: Context,
}

impl Outcome {
    /// Whether an interval was refused.
    pub fn refused(&self) -> bool {
        self.analysis.refused.is_some()
    }
}

/// Reads, analyses and writes.
///
/// # Errors
/// The input cannot be read or understood, or the output not written. A refusal is not an error.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<Outcome, Error> {
    check(options)?;
    match &options.input {
        Input::Table(path) => run_table(options, path, out),
        Input::Lists(paths) => crate::lists::run_lists(options, paths, out),
    }
}

fn check(options: &Options) -> Result<(), Error> {
    let share = |x: Option<f64>| x.is_none_or(|x| (0.0..1.0).contains(&x));
    if !share(options.missed_links) {
        return Err(Error::Options("the share of missed links must be at least 0 and below 1".to_owned()));
    }
    if options.half_life.is_some_and(|d| !(d > 0.0 && d.is_finite())) {
        return Err(Error::Options("the half-life must be a number of days above 0".to_owned()));
    }
    if options.claims.iter().any(|c| !(*c > 0.0 && c.is_finite())) {
        return Err(Error::Options("a claim must be a number above 0".to_owned()));
    }
    Ok(())
}

fn run_table(options: &Options, path: &Path, out: &mut dyn Write) -> Result<Outcome, Error> {
    let file = File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let mut context = context_of(options);
    let analysis = match read_counts(BufReader::new(file), path)? {
        Counts::Captures(table) => {
            context.list_notes.extend(table.notes.iter().cloned());
            let (whole, strata) = merge(options, table)?;
            analyze(&whole, &strata, &context, &options.effort)
        }
        Counts::Totals(totals) => {
            let table = of_totals(options, &totals, &mut context);
            analyze(&table, &BTreeMap::new(), &context, &options.effort)
        }
        Counts::Frequencies(frequencies, notes) => {
            context.list_notes.extend(notes);
            context.frequencies = Some(frequencies.clone());
            analyze_frequencies(&frequencies, &context, &options.effort)
        }
    };
    write(options, &analysis, &context, out)?;
    Ok(Outcome { analysis, context })
}

/// Lists that the user takes as one, in the whole and in every stratum.
fn merge(
    options: &Options,
    file: TableFile,
) -> Result<(CaptureTable, BTreeMap<String, CaptureTable>), Error> {
    let whole = merged(file.whole, &options.merge)?;
    let strata: Result<BTreeMap<String, CaptureTable>, Error> =
        file.strata.into_iter().map(|(name, t)| Ok((name, merged(t, &options.merge)?))).collect();
    Ok((whole, strata?))
}

/// The names of the lists that a group takes as one.
pub(crate) fn parts_of(group: &str) -> Vec<&str> {
    group.split('+').map(str::trim).collect()
}

/// The table with the named lists taken as one: `A+B`, one such group at a time.
pub(crate) fn merged(mut table: CaptureTable, groups: &[String]) -> Result<CaptureTable, Error> {
    for group in groups {
        let names = parts_of(group);
        let place = |table: &CaptureTable, name: &str| table.lists().iter().position(|l| l == name);
        let missing = names.iter().find(|n| place(&table, n).is_none());
        if let Some(name) = missing {
            let known = table.lists().join(", ");
            return Err(Error::Options(format!("no list is called {name:?}; there are {known}")));
        }
        let mut so_far = names[0].to_owned();
        for name in &names[1..] {
            let (Some(a), Some(b)) = (place(&table, &so_far), place(&table, name)) else { break };
            let Some(joined) = table.merged(a, b) else { break };
            so_far = format!("{so_far}+{name}");
            table = joined;
        }
    }
    Ok(table)
}

/// Totals have no overlaps: the largest count is the floor, and what else can be said is said.
fn of_totals(options: &Options, totals: &Totals, context: &mut Context) -> CaptureTable {
    context.refusal = Some(Refusal::OnlyTotals);
    context.said = worked::statements(totals, &options.claims);
    let Some(largest) = worked::floor(totals) else {
        context.sentence = Some(Text::new(
            "No number of units was counted, only stated: nothing can be said but that.",
            "Aucun nombre d'unités n'a été compté, seulement affirmé : on ne peut rien dire d'autre.",
        ));
        return CaptureTable::of_nobody();
    };
    let n = (whole(largest.count as f64, Language::English), whole(largest.count as f64, Language::French));
    let (unit, scope) = (tame(&largest.unit), tame(&largest.scope));
    let (day, source) = (tame(&largest.day), tame(largest.who()));
    let reason = Refusal::OnlyTotals.text();
    let (state, state_fr) = match largest.state {
        State::Compromised => ("compromised ", format!(" {}", french::compromised(&largest.unit))),
        State::Existing | State::Exposed | State::Other => ("", String::new()),
    };
    context.unit = context.unit.clone().or_else(|| Some(largest.unit.clone()));
    context.sentence = Some(Text::new(
        format!(
            "{source} counted {} {state}{unit} ({scope}, {day}); how many there are in all is not estimated, because {}.",
            n.0, reason.en
        ),
        format!(
            "{source} a compté {} {}{state_fr} ({}, {day}) ; le total n'est pas estimé, car {}.",
            n.1,
            french::unit(&largest.unit),
            french::place(&largest.scope),
            reason.fr
        ),
    ));
    CaptureTable::from_cells(&[source.as_str()], &[(1, largest.count)])
        .unwrap_or_else(CaptureTable::of_nobody)
}

/// What the options alone say of the counts.
pub(crate) fn context_of(options: &Options) -> Context {
    Context {
        unit: options.unit.clone(),
        population: options.population.clone(),
        claims: options.claims.clone(),
        dates: Dates { half_life: options.half_life, together: options.closed, ..Dates::default() },
        missed_links: options.missed_links,
        ..Context::default()
    }
}

pub(crate) fn write(
    options: &Options,
    analysis: &Analysis,
    context: &Context,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match options.format {
        Format::Text => out.write_all(text::render(analysis, context, options.language).as_bytes())?,
        Format::Svg => out.write_all(svg::render(analysis, context, options.language).as_bytes())?,
        Format::Json => {
            let mut value = serde_json::to_string_pretty(&json::render(analysis, context, options.language))
                .map_err(|e| Error::Write(e.into()))?;
            value.push('\n');
            out.write_all(value.as_bytes())?;
        }
    }
    Ok(())
}
