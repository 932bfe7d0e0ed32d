//! `vigie estimate`: link lists of victims, remove what is counted twice, bound, estimate, or refuse.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use vigie_estimate::{Error, Format, Input, Language, Level, Options};
use vigie_report::Lang;

use super::{Global, lang, say, usage_error};
use crate::exit::Exit;

/// Arguments of `vigie estimate`.
#[derive(Debug, Args)]
pub(super) struct Estimate {
    /// Lists of victims: CSV or JSON lines, read by their header; or a folder of Vigie's assessments.
    #[arg(value_name = "LISTS", required_unless_present = "table", conflicts_with = "table")]
    lists: Vec<PathBuf>,
    /// Counts instead of lists: 0/1 columns, one a list, and `count`; or `k,fk`; or totals with `source` and `count`.
    #[arg(long, value_name = "CSV")]
    table: Option<PathBuf>,
    /// What is counted.
    #[arg(long, value_enum, default_value_t = Unit::Organisation)]
    level: Unit,
    /// What one row of the table is, for the sentence at the end.
    #[arg(long, value_name = "WORDS")]
    unit: Option<String>,
    /// Which units, where and when, for the sentence at the end.
    #[arg(long, value_name = "WORDS")]
    population: Option<String>,
    /// A number somebody stated in public, held against the lists (repeatable).
    #[arg(long = "claim", value_name = "N")]
    claims: Vec<f64>,
    /// Days in which half of the victims leave the lists (cleaned, switched off).
    #[arg(long, value_name = "DAYS")]
    half_life: Option<f64>,
    /// The lists saw the same units: nobody left, or was cleaned up, between one and another.
    #[arg(long)]
    closed: bool,
    /// The share of true links that were missed, when a labelled sample tells it.
    #[arg(long, value_name = "SHARE")]
    missed_links: Option<f64>,
    /// Lists to take as one, `A+B` (repeatable): copies of each other, or more than five lists.
    #[arg(long = "merge", value_name = "A+B")]
    merge: Vec<String>,
    /// Write the doubtful links there, for a person to decide.
    #[arg(long, value_name = "FILE")]
    review: Option<PathBuf>,
    /// Decisions on doubtful links, from an earlier review file.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Seed of everything random: the same seed gives the same bytes.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; 0: one per core. The answer does not depend on them.
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "svg")]
    json: bool,
    /// Print the chart as SVG.
    #[arg(long)]
    svg: bool,
    /// The language of what a person reads.
    #[arg(long, value_parser = lang, default_value = "en", value_name = "en|fr")]
    lang: Lang,
}

/// The level at which victims are counted; levels are never mixed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Unit {
    /// Addresses of web shells.
    Url,
    /// IP addresses.
    Address,
    /// Servers.
    Host,
    /// Who owns the servers.
    Organisation,
}

pub(super) fn run(args: &Estimate, global: Global) -> anyhow::Result<Exit> {
    let options = options(args);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let outcome = vigie_estimate::run(&options, &mut out).map_err(told)?;
    out.flush()?;
    if outcome.refused() && (args.json || args.svg) {
        say(global, "an interval was refused; the output says why");
    }
    Ok(Exit::Done)
}

fn options(args: &Estimate) -> Options {
    let input = args.table.clone().map_or_else(|| Input::Lists(args.lists.clone()), Input::Table);
    let mut options = Options::new(input);
    options.format = match (args.json, args.svg) {
        (true, _) => Format::Json,
        (false, true) => Format::Svg,
        (false, false) => Format::Text,
    };
    options.language = match args.lang {
        Lang::En => Language::English,
        Lang::Fr => Language::French,
    };
    options.level = match args.level {
        Unit::Url => Level::Url,
        Unit::Address => Level::Address,
        Unit::Host => Level::Host,
        Unit::Organisation => Level::Organisation,
    };
    options.unit.clone_from(&args.unit);
    options.population.clone_from(&args.population);
    options.claims.clone_from(&args.claims);
    options.half_life = args.half_life;
    options.closed = args.closed;
    options.missed_links = args.missed_links;
    options.merge.clone_from(&args.merge);
    options.review.clone_from(&args.review);
    options.decisions.clone_from(&args.decisions);
    if let Some(seed) = args.seed {
        options.effort.seed = seed;
    }
    if args.threads > 0 {
        options.effort.threads = args.threads;
    }
    options
}

/// Options that contradict one another are a matter of usage; a list that cannot be read is not.
fn told(error: Error) -> anyhow::Error {
    match error {
        Error::Options(message) => usage_error(message),
        Error::Read { .. } | Error::Line { .. } | Error::Input { .. } | Error::Write(_) => error.into(),
    }
}
