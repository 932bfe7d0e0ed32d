//! What the columns of a table are: lists, the count, strata, what only names a row. By name where it says, else by what they hold.

use super::raw::Raw;
use crate::honesty::wording::tame;
use std::collections::BTreeSet;

pub(super) const COUNT_NAMES: [&str; 16] = [
    "count",
    "n",
    "freq",
    "frequency",
    "counts",
    "y",
    "obs",
    "observed",
    "number",
    "cases",
    "fr",
    "nb",
    "effectif",
    "ncount",
    "size",
    "total",
];
const STRATUM_NAMES: [&str; 8] = ["stratum", "strata", "group", "country", "age", "sex", "gender", "region"];
const ROW_NAMES: [&str; 13] = [
    "",
    "id",
    "ids",
    "row",
    "rownames",
    "row.names",
    "rowname",
    "unnamed: 0",
    "x1",
    "animal",
    "individual",
    "tag",
    "unit",
];
/// A column that says the known answer; read by tests of the method, never by the method.
const TRUTH_NAME: &str = "truth";
const ON: [&str; 8] = ["1", "true", "t", "yes", "y", "seen", "on", "obs"];
const OFF: [&str; 9] = ["0", "false", "f", "no", "n", "unseen", "off", "un", "-"];

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Says whether a list holds the units of the row.
    List,
    /// How many units the row stands for.
    Count,
    /// A part of the population.
    Stratum,
    /// The known answer.
    Truth,
    /// A whole history in one word: `0110`.
    History,
    /// Names the row; not used.
    Ignored,
}

/// Whether a cell says that a list holds the unit; `None` when it says neither.
pub(super) fn on_list(cell: &str) -> Option<bool> {
    // Without allocating: a table may have millions of cells.
    let is = |words: &[&str]| words.iter().any(|w| cell.eq_ignore_ascii_case(w));
    if is(&ON) { Some(true) } else { is(&OFF).then_some(false) }
}

/// `12`, `12.0` and `1e3` as spreadsheets write them, `1,204` as people do.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    const MOST: u64 = 1 << 48;
    if let Ok(n) = text.parse::<u64>() {
        return (n < MOST).then_some(n);
    }
    let groups: Vec<&str> = text.split([',', ' ', '\u{a0}', '\u{202f}']).collect();
    let grouped = groups.len() > 1
        && groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_digit()))
        && (1..=3).contains(&groups[0].len())
        && groups[1..].iter().all(|g| g.len() == 3);
    if grouped {
        return groups.concat().parse().ok().filter(|&n| n < MOST);
    }
    let short = text.len() <= 40 && text.bytes().all(|b| b.is_ascii_digit() || b".eE+".contains(&b));
    let value: f64 = if short { text.parse().ok()? } else { return None };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and in range")]
    (value.is_finite() && value >= 0.0 && value.fract() == 0.0 && value < MOST as f64).then_some(value as u64)
}

/// A history of captures in one word.
pub(super) fn is_history(cell: &str) -> bool {
    (2..=400).contains(&cell.len()) && cell.bytes().all(|b| b == b'0' || b == b'1')
}

/// The role of every column.
///
/// # Errors
/// The name of a column twice, or a column that could be several things.
pub(super) fn roles(raw: &Raw) -> Result<Vec<Role>, String> {
    let lower: Vec<String> = raw.names.iter().map(|n| n.to_lowercase()).collect();
    let mut roles: Vec<Option<Role>> = vec![None; lower.len()];
    let history = (0..lower.len()).find(|&i| is_history_column(raw, i));
    let holds_binary: Vec<bool> = (0..lower.len()).map(|i| all(raw, i, |c| on_list(c).is_some())).collect();
    for (i, name) in lower.iter().enumerate() {
        roles[i] = if Some(i) == history {
            Some(Role::History)
        } else if name == TRUTH_NAME {
            Some(Role::Truth)
        } else if STRATUM_NAMES.contains(&name.as_str()) {
            Some(Role::Stratum)
        } else if ROW_NAMES.contains(&name.as_str()) && (!holds_binary[i] || name.is_empty()) {
            Some(Role::Ignored)
        } else {
            None
        };
    }
    let count = count_column(raw, &lower, &roles, &holds_binary)?;
    if let Some(count) = count {
        roles[count] = Some(Role::Count);
    }
    for (i, role) in roles.iter_mut().enumerate() {
        *role = role.or_else(|| Some(by_content(raw, i, history.is_some(), count.is_some())));
    }
    let mut seen = BTreeSet::new();
    for (name, role) in raw.names.iter().zip(&roles) {
        if *role == Some(Role::List) && !seen.insert(name.as_str()) {
            return Err(format!("two columns are called {:?}", name.chars().take(40).collect::<String>()));
        }
    }
    Ok(roles.into_iter().map(|r| r.unwrap_or(Role::Ignored)).collect())
}

/// The column of counts: the one called `count`, else the first of another name for it that holds more than 0 and 1, else the only one of whole numbers that are not all 0 and 1.
fn count_column(
    raw: &Raw,
    lower: &[String],
    roles: &[Option<Role>],
    holds_binary: &[bool],
) -> Result<Option<usize>, String> {
    let open = |i: &usize| roles[*i].is_none();
    let count = (0..lower.len()).filter(open).find(|&i| lower[i] == "count");
    // All other names are also names of lists (`cases`, `n`): a column of 0 and 1 is one.
    let called = |i: &usize| COUNT_NAMES.contains(&lower[*i].as_str()) && !holds_binary[*i];
    if let Some(named) = count.or_else(|| (0..lower.len()).filter(open).find(called)) {
        return Ok(Some(named));
    }
    let numbers: Vec<usize> = (0..lower.len())
        .filter(open)
        .filter(|&i| !holds_binary[i] && all(raw, i, |c| whole_number(c).is_some() || is_missing(c)))
        .collect();
    let lists = (0..lower.len()).filter(|&i| holds_binary[i] && roles[i].is_none()).count();
    let history = roles.contains(&Some(Role::History));
    match numbers[..] {
        // Two of `0/1/2` are a slip of the pen, not counts: a count is the one that goes beyond.
        [only] if (lists >= 1 || history) && largest(raw, only) > 2 => Ok(Some(only)),
        [_, _, ..] if lists >= 2 => Err(format!(
            "which column is the count? {} hold whole numbers: call one of them `count`",
            numbers.iter().map(|&i| format!("`{}`", tame(&raw.names[i]))).collect::<Vec<_>>().join(", ")
        )),
        _ => Ok(None),
    }
}

/// Text that is neither 0 nor 1 anywhere is a part of the population; anything else must be a list, and its first odd cell is told.
fn by_content(raw: &Raw, i: usize, history: bool, counted: bool) -> Role {
    let letters = |c: &str| c.chars().any(char::is_alphabetic) && !c.contains(char::is_control);
    let text = all(raw, i, |c| on_list(c).is_none() && c.parse::<f64>().is_err() && letters(c));
    let different: BTreeSet<&str> = raw.rows.iter().filter_map(|(_, r)| r.get(i)).take(10_000).collect();
    if text && different.len() > 1 && different.len() == raw.rows.len() && !counted {
        return Role::Ignored;
    }
    if text && different.len() > 1 {
        return if different.len() * 2 > raw.rows.len() && raw.rows.len() > 20 {
            Role::Ignored
        } else {
            Role::Stratum
        };
    }
    if history { Role::Ignored } else { Role::List }
}

fn is_history_column(raw: &Raw, i: usize) -> bool {
    // `11` and `10` alone may be counts: one that opens with a zero is none.
    all(raw, i, is_history)
        && !raw.rows.is_empty()
        && raw.rows.iter().any(|(_, r)| r.get(i).is_some_and(|c| c.starts_with('0')))
        && raw
            .rows
            .iter()
            .filter_map(|(_, r)| r.get(i))
            .all(|c| Some(c.len()) == raw.rows[0].1.get(i).map(str::len))
}

fn largest(raw: &Raw, i: usize) -> u64 {
    raw.rows.iter().filter_map(|(_, r)| r.get(i).and_then(whole_number)).max().unwrap_or(0)
}

/// R's word for what is not known.
pub(super) fn is_missing(cell: &str) -> bool {
    cell.is_empty() || cell.eq_ignore_ascii_case("na")
}

fn all(raw: &Raw, i: usize, holds: impl Fn(&str) -> bool) -> bool {
    raw.rows.iter().all(|(_, r)| r.get(i).is_some_and(&holds))
}
