//! A rule as the engine runs it: Sigma's modifiers resolved, its selectors written out.
//!
//! Everything that parses Sigma ends here and everything that matches starts here: the columnar engine, the
//! plain evaluator that tests hold it against, and later a lowering to query expressions.

use vigie_model::Time;
use vigie_model::rule::RuleInfo;

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What is known of it.
    pub info: RuleInfo,
    /// Its name, by which correlations may call it; empty without one.
    pub name: String,
    /// Which logs it speaks of.
    pub source: LogSource,
    /// When it matches.
    pub condition: Expr,
    /// Sigma's `fields`: shown with a hit.
    pub fields: Vec<String>,
    /// Placeholders (`%name%`) that had no values: the tests that use them never hold.
    pub unfilled: Vec<String>,
    /// When correlations name the rule: the fields that they read of its matches.
    pub noted: Option<Vec<String>>,
    /// Whether its matches serve a correlation only and are no hits of their own.
    pub silent: bool,
    /// Indicators of a feed: when the feed holds them for valid.
    pub valid: Validity,
}

/// The time in which a feed holds an indicator for valid (STIX 2.1, section 4.7). Evidence is often older than its
/// feed, and addresses change hands: a match outside of it is told, and said to be so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// From this moment on.
    pub from: Option<Time>,
    /// Not at this moment nor later.
    pub until: Option<Time>,
}

impl Validity {
    /// What is to be said of a match at a moment; `None` when nothing speaks against it.
    pub fn objection(&self, time: Option<Time>) -> Option<String> {
        let time = time?;
        match (self.from, self.until) {
            (_, Some(until)) if time >= until => {
                Some(format!("not valid any more: the feed says until {until}"))
            }
            (Some(from), _) if time < from => Some(format!("not valid yet: the feed says from {from}")),
            _ => None,
        }
    }
}

impl Rule {
    /// A rule with this identity, log source and condition, and nothing more.
    pub fn new(info: RuleInfo, source: LogSource, condition: Expr) -> Rule {
        let (fields, unfilled) = (Vec::new(), Vec::new());
        let valid = Validity::default();
        Rule {
            info,
            name: String::new(),
            source,
            condition,
            fields,
            unfilled,
            noted: None,
            silent: false,
            valid,
        }
    }
}

/// Sigma's `logsource`; empty parts restrict nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogSource {
    /// `process_creation`, `webserver`.
    pub category: String,
    /// `windows`, `exchange`.
    pub product: String,
    /// `security`, `ecp`.
    pub service: String,
    /// Indicators: every event that has the fields.
    pub indicator: bool,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// Always or never.
    Const(bool),
    /// One test on one field.
    Test(Test),
    /// All of them.
    And(Vec<Expr>),
    /// One of them.
    Or(Vec<Expr>),
    /// At least so many of them.
    AtLeast(usize, Vec<Expr>),
    /// The opposite.
    Not(Box<Expr>),
}

/// A predicate on a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// The field as the rule names it; `None` for keywords, which look at every field.
    pub field: Option<String>,
    /// What its value must be.
    pub predicate: Predicate,
}

/// What a value must be. All but `Null` and `Exists(false)` fail on an absent value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// Text, with wildcards.
    Text(Pattern),
    /// A regular expression, found anywhere.
    Regex(String),
    /// An address within a network.
    Network(Network),
    /// A number that compares so.
    Number(Compare, Number),
    /// True or false, in the usual spellings.
    Bool(bool),
    /// Present or absent.
    Exists(bool),
    /// Absent.
    Null,
    /// Equal to (or containing, ...) the value of another field of the event.
    OtherField(OtherField),
    /// A time whose part is this number.
    TimePart(TimePart, i64),
}

/// A text pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Its pieces; no `Many` at either end, no two `Text` beside each other.
    pub pieces: Vec<Piece>,
    /// Whether the value must start with it.
    pub from_start: bool,
    /// Whether the value must end with it.
    pub to_end: bool,
    /// Whether case matters.
    pub cased: bool,
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// These bytes; folded with [`fold`] unless the pattern is cased. Not UTF-8 when a rule asks for UTF-16.
    Text(Vec<u8>),
    /// One character.
    One,
    /// Any number of characters.
    Many,
    /// One of the five characters that Windows programs take for the start of an option.
    Dash,
}

/// The characters of [`Piece::Dash`], as Sigma's `windash` lists them.
pub const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// An address range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// The first address, IPv4 mapped into IPv6.
    pub address: u128,
    /// Leading bits that must be equal, of 128.
    pub bits: u8,
}

/// How numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// Equal.
    Equal,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

/// A finite number, kept by its bits so that predicates can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number(u64);

impl Number {
    /// From a float; `None` when it is not finite.
    pub fn new(value: f64) -> Option<Number> {
        // Negative zero is zero.
        value.is_finite().then(|| Number((value + 0.0).to_bits()))
    }

    /// The number.
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl Compare {
    /// Whether `value` compares so to `to`.
    pub fn holds(self, value: f64, to: f64) -> bool {
        match self {
            Compare::Equal => (value - to).abs() < f64::EPSILON,
            Compare::Less => value < to,
            Compare::LessOrEqual => value <= to,
            Compare::Greater => value > to,
            Compare::GreaterOrEqual => value >= to,
        }
    }
}

/// A comparison with another field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherField {
    /// The other field, as the rule names it.
    pub field: String,
    /// Whether the value must start with the other's.
    pub from_start: bool,
    /// Whether the value must end with the other's.
    pub to_end: bool,
    /// Whether case matters.
    pub cased: bool,
}

/// Parts of a time, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// Day of the month.
    Day,
    /// ISO week.
    Week,
    /// 1 to 12.
    Month,
    /// The year.
    Year,
}

/// Text without its case, character by character: what Sigma compares by default.
///
/// Not `str::to_lowercase`, which lowers a final sigma by its neighbours and so breaks "contains".
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).collect()
}

impl Expr {
    /// Calls `visit` with each test.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Test)) {
        match self {
            Expr::Const(_) => {}
            Expr::Test(test) => visit(test),
            Expr::And(parts) | Expr::Or(parts) | Expr::AtLeast(_, parts) => {
                for part in parts {
                    part.visit(visit);
                }
            }
            Expr::Not(inner) => inner.visit(visit),
        }
    }
}
