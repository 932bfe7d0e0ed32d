//! What a user asks for, as the command line gives it.

use crate::analysis::Effort;
use crate::honesty::Language;
use std::path::PathBuf;

/// Where the counts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A capture table: 0/1 columns and `count`.
    Table(PathBuf),
    /// Lists to be read, linked and counted.
    Lists(Vec<PathBuf>),
}

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs, under `schema/estimate.schema.json`.
    Json,
    /// A chart.
    Svg,
}

/// The level at which units are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A web shell's address: several on one server are common.
    Url,
    /// An IP address: several for one organisation, one for several behind NAT.
    Address,
    /// A server.
    Host,
    /// Who owns the servers.
    #[default]
    Organisation,
}

impl Level {
    /// All levels, the finest first.
    pub const ALL: [Self; 4] = [Self::Url, Self::Address, Self::Host, Self::Organisation];

    /// Its units in the plural, in English and French.
    pub fn plural(self) -> (&'static str, &'static str) {
        match self {
            Self::Url => ("URLs", "URL"),
            Self::Address => ("addresses", "adresses"),
            Self::Host => ("hosts", "machines"),
            Self::Organisation => ("organisations", "organisations"),
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Address => "address",
            Self::Host => "host",
            Self::Organisation => "organisation",
        }
    }
}

/// Everything that the user chose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the counts come from.
    pub input: Input,
    /// What is written.
    pub format: Format,
    /// In which language.
    pub language: Language,
    /// What one row of a table is.
    pub unit: Option<String>,
    /// Which units, where and when.
    pub population: Option<String>,
    /// Public claims of N to hold against the lists.
    pub claims: Vec<f64>,
    /// Days in which half the units leave.
    pub half_life: Option<f64>,
    /// The user says that the lists saw the same units: nobody left, or was cleaned up, between one and another.
    pub closed: bool,
    /// Share of true links missed, when it is known from a labelled sample.
    pub missed_links: Option<f64>,
    /// Lists to be taken as one, each `A+B`: what to do with more than five, or with two that copy each other.
    pub merge: Vec<String>,
    /// Level at which lists are counted.
    pub level: Level,
    /// Where the doubtful links go, for a person to decide.
    pub review: Option<PathBuf>,
    /// Decisions of a person on doubtful links, from an earlier review file.
    pub decisions: Option<PathBuf>,
    /// How much to compute.
    pub effort: Effort,
}

impl Options {
    /// The defaults for an input.
    pub fn new(input: Input) -> Self {
        Self {
            input,
            format: Format::default(),
            language: Language::default(),
            unit: None,
            population: None,
            claims: Vec::new(),
            half_life: None,
            closed: false,
            missed_links: None,
            merge: Vec::new(),
            level: Level::default(),
            review: None,
            decisions: None,
            effort: Effort {
                threads: std::thread::available_parallelism().map_or(1, usize::from),
                ..Effort::default()
            },
        }
    }
}
