//! From options to output: reads the table or the lists, analyses, writes.

use crate::analysis::{Analysis, Context, analyze};
use crate::error::Error;
use crate::options::{Format, Input, Options};
use crate::output::{json, svg, text};
use crate::table::read_table;
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
    let table = read_table(BufReader::new(file), path)?;
    let context = context_of(options);
    let analysis = analyze(&table.whole, &table.strata, &context, &options.effort);
    write(options, &analysis, &context, out)?;
    Ok(Outcome { analysis, context })
}

/// What the options alone say of the counts.
pub(crate) fn context_of(options: &Options) -> Context {
    Context {
        unit: options.unit.clone(),
        population: options.population.clone(),
        claims: options.claims.clone(),
        half_life: options.half_life,
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
