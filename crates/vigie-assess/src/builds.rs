//! Which build is which, and which fixes it holds.
//!
//! The tables are dated (`AS_OF`) and keep conflicting sources as rows of their own. The comparison follows
//! Microsoft's HealthChecker: same cumulative update first, then "newer than the newest fixed one", and a
//! cumulative update that never got the fix stays open.

use std::fmt;
use std::sync::OnceLock;

/// The last day the tables know of.
pub const AS_OF: &str = "2026-08-11";

static BUILDS: &str = include_str!("../knowledge/builds.tsv");
static FIXES: &str = include_str!("../knowledge/fixes.tsv");

/// An Exchange build: major, minor, build, revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Build(pub [u32; 4]);

impl Build {
    /// Reads `15.1.2176.9` and the zero-padded `15.01.2176.009` of log headers.
    pub fn parse(text: &str) -> Option<Build> {
        let mut parts = text.trim().splitn(4, '.').map(|part| part.parse::<u32>().ok());
        let build = Build([parts.next()??, parts.next()??, parts.next()??, parts.next()??]);
        // `15.0.0.0` stands in logs that do not tell their build.
        (matches!(build.0[0], 8 | 14 | 15) && build.0[2] > 0).then_some(build)
    }

    /// The cumulative update it belongs to: all but the revision.
    pub(crate) fn update(self) -> [u32; 3] {
        [self.0[0], self.0[1], self.0[2]]
    }

    /// Microsoft's product year.
    fn product(self) -> &'static str {
        match self.0 {
            [14, ..] => "2010",
            [15, 0, ..] => "2013",
            [15, 1, ..] => "2016",
            [15, 2, build, _] if build >= 2562 => "SE",
            [15, 2, ..] => "2019",
            _ => "",
        }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, revision] = self.0;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

struct BuildRow {
    product: &'static str,
    cu: &'static str,
    su: &'static str,
    kb: &'static str,
    build: Build,
}

struct FixRow {
    cve: &'static str,
    fixed_in: &'static str,
    product: &'static str,
    build: Option<Build>,
}

fn cells(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split('\t').collect())
}

fn builds() -> &'static [BuildRow] {
    static ROWS: OnceLock<Vec<BuildRow>> = OnceLock::new();
    ROWS.get_or_init(|| {
        cells(BUILDS)
            .filter_map(|row| {
                Some(BuildRow {
                    product: row.first()?,
                    cu: row.get(1)?,
                    su: row.get(2)?,
                    kb: row.get(4)?,
                    build: Build::parse(row.get(5)?)?,
                })
            })
            .collect()
    })
}

fn fixes() -> &'static [FixRow] {
    static ROWS: OnceLock<Vec<FixRow>> = OnceLock::new();
    ROWS.get_or_init(|| {
        cells(FIXES)
            .filter_map(|row| {
                Some(FixRow {
                    cve: row.first()?,
                    fixed_in: row.get(1)?,
                    product: row.get(2)?,
                    build: Build::parse(row.get(4)?),
                })
            })
            .collect()
    })
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
    /// The table does not know this CVE's fix by build.
    Unknown,
}

/// Whether a build holds the fix of a CVE.
pub fn holds(build: Build, cve: &str) -> Holds {
    let all: Vec<&FixRow> = fixes().iter().filter(|row| row.cve == cve).collect();
    if all.is_empty() {
        return Holds::Unknown;
    }
    let product = build.product();
    if product.is_empty() {
        return Holds::Unknown;
    }
    let mine = all.iter().filter(|row| covers(row.product, product));
    let mut first: Vec<Build> = Vec::new();
    for row in mine {
        match row.build {
            Some(fixed) => first.push(fixed),
            // Known by the name of its update only: every build of that update is a first fixed one.
            None => first.extend(
                builds().iter().filter(|b| b.product == product && b.su == row.fixed_in).map(|b| b.build),
            ),
        }
    }
    if first.is_empty() {
        let affected = all.iter().any(|row| covers(row.product, product));
        // SE came out after every fix of its ancestors and holds them.
        return if affected { Holds::Unknown } else { Holds::Yes };
    }
    if is_march_special(build) && !all.iter().any(|row| row.fixed_in == "Mar21SU") {
        return Holds::MarchSpecial;
    }
    let same: Vec<Build> = first.iter().copied().filter(|fixed| fixed.update() == build.update()).collect();
    match (same.iter().min(), same.iter().max()) {
        (Some(low), Some(high)) if build >= *low && build < *high => Holds::Conflict(*low, *high),
        (Some(low), Some(_)) => yes_or_no(build >= *low),
        _ => yes_or_no(first.iter().all(|fixed| build > *fixed)),
    }
}

fn yes_or_no(yes: bool) -> Holds {
    if yes { Holds::Yes } else { Holds::No }
}

fn covers(row: &str, product: &str) -> bool {
    row.split('/').any(|one| one == product)
}

/// Whether a build is KB5000871 on a cumulative update that was out of support in March 2021.
///
/// Source: CSS-Exchange HealthChecker, `MarchSuSpecial`: 2013 CU21 and CU22, 2016 CU8 to CU17, 2019 CU1 to CU6.
pub fn is_march_special(build: Build) -> bool {
    let special = |row: &&BuildRow| {
        let number = row.cu.strip_prefix("CU").and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
        row.su == "Mar21SU"
            && match row.product {
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
            Holds::Conflict(..) | Holds::MarchSpecial | Holds::Unknown => unknown.push(cve.as_str()),
        }
    }
    (open, unknown)
}

/// The first builds that hold the fix of a CVE, oldest first, with their names; empty when it is unknown, or
/// known by no build.
pub fn fixed_builds(cve: &str) -> Vec<(Build, String)> {
    let rows = fixes().iter().filter(|row| row.cve.eq_ignore_ascii_case(cve));
    let mut found: Vec<Build> = rows.filter_map(|row| row.build).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|build| (build, name(build))).collect()
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
        assert_eq!(held("15.1.1713.10", "CVE-2020-0688"), Holds::MarchSpecial);
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
        assert_eq!(Build::parse("15.0.0.0"), None);
    }
}
