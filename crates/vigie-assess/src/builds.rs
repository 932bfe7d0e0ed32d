//! Which build is which, and which fixes it holds.
//!
//! The comparison follows Microsoft's HealthChecker over the tables of [`crate::knowledge`]: same cumulative update first,
//! then "newer than the newest fixed one", and a cumulative update that never got the fix stays open.

use vigie_model::Day;
pub use vigie_model::build::Build;
use vigie_model::finding::Statement;

use crate::knowledge::{self, BuildRow, Condition, ConditionRow, FixRow};

fn builds() -> &'static [BuildRow] {
    &knowledge::current().builds
}

fn fixes(cve: &str) -> Vec<&'static FixRow> {
    knowledge::current().fixes.iter().filter(|row| row.cve.eq_ignore_ascii_case(cve)).collect()
}

/// The name of a build, `Exchange 2016 CU19 Mar21SU`; the cumulative update alone when only that is known,
/// with a `+` for "some later update of it"; empty when the table knows neither.
pub fn name(build: Build) -> String {
    let full = |row: &BuildRow, more: &str| {
        let su = if row.su.is_empty() { String::new() } else { format!(" {}", row.su) };
        format!("Exchange {} {}{su}{more}", row.product, row.cu)
    };
    if let Some(row) = builds().iter().find(|row| row.build == build) {
        return full(row, "");
    }
    builds()
        .iter()
        .filter(|row| row.build.update() == build.update() && row.build < build)
        .max_by_key(|row| row.build)
        .map(|row| full(row, "+"))
        .unwrap_or_default()
}

/// The build that an update (`KB5000871`) makes of a cumulative update. Where sources disagree, the lower one: it claims
/// less.
pub fn with_update(base: Build, article: &str) -> Option<Build> {
    let rows = builds().iter().filter(|row| row.kb == article && row.build.update() == base.update());
    rows.map(|row| row.build).min()
}

/// Whether a build holds the fix of a CVE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It does, or its product was never affected.
    Yes,
    /// It does not.
    No,
    /// Two sources disagree on the first fixed build of this update, and this build lies between.
    Conflict(Build, Build),
    /// The March 2021 update of an unsupported cumulative update: it holds the March fixes alone, and this
    /// build number cannot tell whether earlier updates were installed before it.
    MarchSpecial,
    /// The product got no updates any more when the flaw became known: whether it has the flaw is not published, and
    /// there is no fix for it.
    Unsupported,
    /// The build alone does not tell, or the table does not know.
    Unknown,
}

/// Whether a build holds the fix of a CVE.
pub fn holds(build: Build, cve: &str) -> Holds {
    let all = fixes(cve);
    let product = build.product();
    if all.is_empty() || product.is_empty() || all.iter().all(|row| row.products.are_any()) {
        return Holds::Unknown;
    }
    let first = first_fixed(&all, product);
    if first.is_empty() {
        return without_fix(&all, product);
    }
    let answer = by_number(build, &first);
    let march = all.iter().any(|row| row.fixed_in == "Mar21SU");
    // Its number is above earlier updates of its cumulative update without holding them; what that update came with, it
    // has.
    let bare = builds().iter().map(|row| row.build).filter(|other| other.update() == build.update()).min();
    let came_with = bare.is_some_and(|bare| by_number(bare, &first) == Holds::Yes);
    if answer != Holds::No && !came_with && !march && is_march_special(build) {
        return Holds::MarchSpecial;
    }
    answer
}

/// Whether a build is one of the first fixed ones or a later one of its line, or newer than all of them.
fn by_number(build: Build, first: &[Build]) -> Holds {
    let same: Vec<Build> = first.iter().copied().filter(|fixed| fixed.update() == build.update()).collect();
    match (same.iter().min(), same.iter().max()) {
        (Some(low), Some(high)) if build >= *low && build < *high => Holds::Conflict(*low, *high),
        (Some(low), Some(_)) => yes_or_no(build >= *low),
        _ => yes_or_no(first.iter().all(|fixed| build > *fixed)),
    }
}

/// The first fixed builds of a product, one or more a cumulative update.
fn first_fixed(all: &[&FixRow], product: &str) -> Vec<Build> {
    // A fix known by the name of its update only: every build of that update is a first fixed one.
    let named = |update: &str| {
        let update = update.to_owned();
        builds().iter().filter(move |b| b.product == product && b.su == update).map(|b| b.build)
    };
    let mine = all.iter().filter(|row| row.products.hold(product));
    mine.flat_map(|row| row.build.map_or_else(|| named(&row.fixed_in).collect(), |fixed| vec![fixed]))
        .collect()
}

/// A product without a fixed build: not affected, unless the table says that it is, does not cover it, or nobody
/// published fixes for it any more.
fn without_fix(all: &[&FixRow], product: &str) -> Holds {
    let published = all.iter().filter_map(|row| row.date).min();
    let ended = supported_until(product);
    match (published, ended) {
        _ if all.iter().any(|row| row.products.hold(product)) => Holds::Unknown,
        // The table has the flaws of these only where they were exploited.
        _ if matches!(product, "2007" | "2010") => Holds::Unknown,
        (Some(published), Some(ended)) if published > ended => Holds::Unsupported,
        _ => Holds::Yes,
    }
}

/// The last day on which Microsoft published updates for a product (`2016`); `None` while it does, or when not known.
pub fn supported_until(product: &str) -> Option<Day> {
    knowledge::current().support.iter().find(|(name, _)| name == product).map(|(_, ends)| *ends)
}

/// The day on which the first fix of a CVE came out.
pub fn fix_published(cve: &str) -> Option<Day> {
    fixes(cve).iter().filter_map(|row| row.date).min()
}

fn condition_rows(product: &str, cve: &str) -> impl Iterator<Item = &'static ConditionRow> {
    let rows = knowledge::current().conditions.iter();
    rows.filter(move |row| row.cve.eq_ignore_ascii_case(cve) && row.products.hold(product))
}

/// Whether the fix of a CVE needs something besides its build on this product.
pub fn needs_more(product: &str, cve: &str) -> bool {
    condition_rows(product, cve).any(|row| row.condition.needs_more())
}

/// Whether the fix of a CVE needs this, on any product.
pub(crate) fn needs(condition: Condition, cve: &str) -> bool {
    knowledge::current().conditions.iter().any(|row| row.condition == condition && row.cve == cve)
}

/// What is to be known of a fix besides its build on this product, each a statement of the catalog with its `detail`.
pub fn conditions(product: &str, cve: &str) -> Vec<Statement> {
    condition_rows(product, cve)
        .map(|row| {
            let statement = Statement::new(&format!("condition_{}", row.condition.word()));
            if row.detail.is_empty() { statement } else { statement.with("detail", &row.detail) }
        })
        .collect()
}

/// A flaw on CISA's list of those exploited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exploited {
    /// The day on which CISA listed it.
    pub added: Day,
    /// The day by which agencies had to be done.
    pub due: Day,
    /// Whether ransomware is known to use it.
    pub ransomware: bool,
    /// Where that is from.
    pub source: &'static str,
}

/// Whether CISA lists a flaw as exploited.
pub fn exploited(cve: &str) -> Option<Exploited> {
    let row = knowledge::current().exploited.iter().find(|row| row.cve.eq_ignore_ascii_case(cve))?;
    Some(Exploited { added: row.added, due: row.due, ransomware: row.ransomware, source: &row.source })
}

fn yes_or_no(yes: bool) -> Holds {
    if yes { Holds::Yes } else { Holds::No }
}

/// Whether a build is KB5000871 on a cumulative update that was out of support in March 2021.
///
/// Source: CSS-Exchange HealthChecker, `MarchSuSpecial`: 2013 CU21 and CU22, 2016 CU8 to CU17, 2019 CU1 to CU6.
pub fn is_march_special(build: Build) -> bool {
    let special = |row: &&BuildRow| {
        let number = row.cu.strip_prefix("CU").and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
        row.su == "Mar21SU"
            && match row.product.as_str() {
                "2013" => (21..=22).contains(&number),
                "2016" => (8..=17).contains(&number),
                "2019" => (1..=6).contains(&number),
                _ => false,
            }
    };
    builds().iter().filter(|row| row.build == build).any(|row| special(&row))
}

/// The CVEs of a list that a build leaves open, and those the table cannot tell.
pub fn open_cves(build: Build, cves: &[String]) -> (Vec<&str>, Vec<&str>) {
    let mut open = Vec::new();
    let mut unknown = Vec::new();
    for cve in cves {
        match holds(build, cve) {
            Holds::Yes => {}
            Holds::No => open.push(cve.as_str()),
            Holds::Conflict(..) | Holds::MarchSpecial | Holds::Unsupported | Holds::Unknown => {
                unknown.push(cve.as_str());
            }
        }
    }
    (open, unknown)
}

/// A first build that holds a fix, as one source has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FirstFixed {
    /// The build; `None` where the source names the update alone.
    pub build: Option<Build>,
    /// What the build is called, or the update.
    pub name: String,
    /// Who says so.
    pub source: &'static str,
}

/// The first builds that hold the fix of a CVE, oldest first; sources that disagree each have their own.
pub fn first_fixes(cve: &str) -> Vec<FirstFixed> {
    let of = |row: &&'static FixRow| FirstFixed {
        build: row.build,
        name: row.build.map_or_else(|| row.fixed_in.clone(), name),
        source: &row.source,
    };
    let mut found: Vec<FirstFixed> = fixes(cve).iter().map(of).collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(build: &str, cve: &str) -> Holds {
        holds(Build::parse(build).unwrap(), cve)
    }

    #[test]
    fn fixed_by_cumulative_update() {
        assert_eq!(held("15.1.2176.2", "CVE-2021-26855"), Holds::No);
        assert_eq!(held("15.01.2176.009", "CVE-2021-26855"), Holds::Yes);
        assert_eq!(held("15.1.2242.4", "CVE-2021-26855"), Holds::Yes, "CU20 came with the fix");
        assert_eq!(held("15.1.2106.13", "CVE-2021-26855"), Holds::Yes, "an older CU with its own fix");
        assert_eq!(held("15.1.1466.3", "CVE-2021-26855"), Holds::No);
        assert_eq!(held("15.1.845.34", "CVE-2021-26855"), Holds::No, "a CU that never got the fix");
        assert_eq!(held("15.2.2562.17", "CVE-2021-26855"), Holds::Yes, "SE was never open to it");
        assert_eq!(held("8.3.83.6", "CVE-2021-26855"), Holds::Unknown, "Exchange 2007 is in no table");
        assert_eq!(held("14.3.468.0", "CVE-2020-0688"), Holds::Unknown, "of 2010 the table has few flaws");
        assert_eq!(held("15.0.1497.48", "CVE-2024-49040"), Holds::Unsupported, "2013 got no fix any more");
        assert_eq!(held("15.1.2507.66", "CVE-2023-21709"), Holds::Unknown, "a fix of Windows");
        assert_eq!(held("15.9.1.1", "CVE-2021-26855"), Holds::Unknown, "no such product");
    }

    #[test]
    fn sources_that_disagree_are_not_guessed_between() {
        let low = Build::parse("15.1.1415.8").unwrap();
        let high = Build::parse("15.1.1415.10").unwrap();
        assert_eq!(holds(low, "CVE-2021-26855"), Holds::Conflict(low, high));
        assert_eq!(holds(high, "CVE-2021-26855"), Holds::Yes);
    }

    #[test]
    fn the_march_special_holds_march_only() {
        assert_eq!(held("15.1.1713.10", "CVE-2021-26855"), Holds::Yes);
        assert_eq!(held("15.1.1847.12", "CVE-2020-0688"), Holds::MarchSpecial);
        assert_eq!(held("15.1.2176.9", "CVE-2020-0688"), Holds::Yes);
    }

    #[test]
    fn fixes_known_by_the_update_only() {
        assert_eq!(held("15.1.2176.9", "CVE-2021-34473"), Holds::No);
        assert_eq!(held("15.1.2176.12", "CVE-2021-34473"), Holds::Yes);
        assert_eq!(held("15.1.2308.8", "CVE-2021-34473"), Holds::Yes);
    }

    #[test]
    fn names() {
        assert_eq!(name(Build::parse("15.1.2176.9").unwrap()), "Exchange 2016 CU19 Mar21SU");
        assert_eq!(name(Build::parse("15.1.2176.10").unwrap()), "Exchange 2016 CU19 Mar21SU+");
        assert_eq!(name(Build::parse("15.1.9999.1").unwrap()), "");
    }
}
