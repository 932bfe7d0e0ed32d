//! What is known of Exchange, as dated tables: builds, fixes, settings, exploitation, support.
//!
//! The tables bundled with the program are taken unless newer ones were brought with [`install`], once, before anything
//! reads them. They are read strictly: a row that is not understood is an error with its line, never a row less. Where
//! sources disagree, each keeps a row of its own.

use std::sync::OnceLock;

use vigie_model::Day;

use crate::builds::Build;

/// The files that make up the knowledge, in `knowledge/`.
pub const FILES: [&str; 6] =
    ["about.toml", "builds.tsv", "fixes.tsv", "conditions.tsv", "kev.tsv", "support.tsv"];

static BUNDLED: [&str; 6] = [
    include_str!("../knowledge/about.toml"),
    include_str!("../knowledge/builds.tsv"),
    include_str!("../knowledge/fixes.tsv"),
    include_str!("../knowledge/conditions.tsv"),
    include_str!("../knowledge/kev.tsv"),
    include_str!("../knowledge/support.tsv"),
];

static CURRENT: OnceLock<Knowledge> = OnceLock::new();

/// The layout of the tables that this program reads.
const FORMAT: u32 = 1;
/// Rows in one table; more is no table of Exchange.
const ROWS_MAX: usize = 100_000;

/// The tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knowledge {
    /// The last day they know of.
    pub as_of: Day,
    pub(crate) builds: Vec<BuildRow>,
    pub(crate) fixes: Vec<FixRow>,
    pub(crate) conditions: Vec<ConditionRow>,
    pub(crate) exploited: Vec<ExploitedRow>,
    pub(crate) support: Vec<(String, Day)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildRow {
    pub(crate) product: String,
    pub(crate) cu: String,
    pub(crate) su: String,
    pub(crate) kb: String,
    pub(crate) build: Build,
    pub(crate) date: Option<Day>,
}

/// The first build of one cumulative update that holds a fix, as one source has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FixRow {
    pub(crate) cve: String,
    pub(crate) fixed_in: String,
    pub(crate) products: Products,
    /// `None` when the source names the update alone, or the fix is none of Exchange's.
    pub(crate) build: Option<Build>,
    pub(crate) date: Option<Day>,
    pub(crate) source: String,
}

/// What a fix needs besides its build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConditionRow {
    pub(crate) cve: String,
    pub(crate) products: Products,
    pub(crate) condition: Condition,
    pub(crate) detail: String,
}

/// A flaw that CISA lists as exploited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExploitedRow {
    pub(crate) cve: String,
    pub(crate) added: Day,
    pub(crate) due: Day,
    pub(crate) ransomware: bool,
    pub(crate) source: String,
}

/// `2016/2019`, or `any`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Products(String);

impl Products {
    pub(crate) fn hold(&self, product: &str) -> bool {
        self.0 == "any" || self.0.split('/').any(|one| one == product)
    }

    /// Whether they say nothing of which products have the flaw.
    pub(crate) fn are_any(&self) -> bool {
        self.0 == "any"
    }
}

/// A setting or act without which a fix does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Extended Protection is required on the virtual directories.
    ExtendedProtection,
    /// Serialized data of PowerShell is signed.
    SerializationSigning,
    /// A setting override has not switched the fix off.
    SettingOverride,
    /// The dedicated hybrid application replaced the shared service principal.
    HybridApp,
    /// Download domains are configured.
    DownloadDomains,
    /// The Active Directory schema was prepared.
    PrepareSchema,
    /// Every Active Directory domain was prepared.
    PrepareDomain,
    /// Windows' IIS module that caches tokens is absent or updated.
    TokenCacheModule,
    /// No override holds the anti-malware engine back.
    AntivirusEngineOverride,
    /// An update of Windows.
    WindowsUpdate,
    /// An update of .NET.
    DotnetUpdate,
    /// Only servers with Unified Messaging have the flaw.
    UnifiedMessaging,
}

impl Condition {
    /// Every condition.
    pub const ALL: [Condition; 12] = [
        Condition::ExtendedProtection,
        Condition::SerializationSigning,
        Condition::SettingOverride,
        Condition::HybridApp,
        Condition::DownloadDomains,
        Condition::PrepareSchema,
        Condition::PrepareDomain,
        Condition::TokenCacheModule,
        Condition::AntivirusEngineOverride,
        Condition::WindowsUpdate,
        Condition::DotnetUpdate,
        Condition::UnifiedMessaging,
    ];

    /// Whether it is something to do besides the build; else it only says which servers have the flaw.
    pub const fn needs_more(self) -> bool {
        match self {
            Condition::UnifiedMessaging => false,
            Condition::ExtendedProtection
            | Condition::SerializationSigning
            | Condition::SettingOverride
            | Condition::HybridApp
            | Condition::DownloadDomains
            | Condition::PrepareSchema
            | Condition::PrepareDomain
            | Condition::TokenCacheModule
            | Condition::AntivirusEngineOverride
            | Condition::WindowsUpdate
            | Condition::DotnetUpdate => true,
        }
    }

    /// The word of the table; the catalog's statement is `condition_` and this.
    pub const fn word(self) -> &'static str {
        match self {
            Condition::ExtendedProtection => "extended_protection",
            Condition::SerializationSigning => "serialization_signing",
            Condition::SettingOverride => "setting_override",
            Condition::HybridApp => "hybrid_app",
            Condition::DownloadDomains => "download_domains",
            Condition::PrepareSchema => "prepare_schema",
            Condition::PrepareDomain => "prepare_domain",
            Condition::TokenCacheModule => "token_cache_module",
            Condition::AntivirusEngineOverride => "antivirus_engine_override",
            Condition::WindowsUpdate => "windows_update",
            Condition::DotnetUpdate => "dotnet_update",
            Condition::UnifiedMessaging => "unified_messaging",
        }
    }
}

/// A table was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("knowledge/{file}:{line}: {why}")]
pub struct KnowledgeError {
    file: &'static str,
    line: usize,
    why: String,
}

/// The tables in force.
///
/// # Panics
/// When the bundled tables are broken, which a test rules out.
#[allow(clippy::expect_used, reason = "the bundled tables are read by a test of every build")]
pub fn current() -> &'static Knowledge {
    CURRENT.get_or_init(|| Knowledge::read(BUNDLED).expect("the bundled tables are well formed"))
}

/// The tables that came with the program.
///
/// # Errors
/// Never: a test reads them.
pub fn bundled() -> Result<Knowledge, KnowledgeError> {
    Knowledge::read(BUNDLED)
}

/// The text of a bundled table.
pub fn bundled_text(file: &str) -> Option<&'static str> {
    FILES.iter().zip(BUNDLED).find(|(name, _)| **name == file).map(|(_, text)| text)
}

/// Puts other tables in force. Gives them back when some already are.
///
/// # Errors
/// When the tables in force were read before.
pub fn install(knowledge: Knowledge) -> Result<(), Box<Knowledge>> {
    CURRENT.set(knowledge).map_err(Box::new)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    format: u32,
    as_of: Day,
}

impl Knowledge {
    /// Reads the tables, in the order of [`FILES`].
    ///
    /// # Errors
    /// The first row that is not understood, with its file and line.
    pub fn read(texts: [&str; 6]) -> Result<Knowledge, KnowledgeError> {
        let [about, builds, fixes, conditions, kev, support] = texts;
        let wrong = |why: String| KnowledgeError { file: FILES[0], line: 1, why };
        let about: About = toml::from_str(about).map_err(|error| wrong(error.to_string()))?;
        if about.format != FORMAT {
            return Err(wrong(format!("format {}, where this program reads {FORMAT}", about.format)));
        }
        Ok(Knowledge {
            as_of: about.as_of,
            builds: rows(FILES[1], builds, build_row)?,
            fixes: rows(FILES[2], fixes, fix_row)?,
            conditions: rows(FILES[3], conditions, condition_row)?,
            exploited: rows(FILES[4], kev, exploited_row)?,
            support: rows(FILES[5], support, |cells: [&str; 3]| Ok((cells[0].to_owned(), day(cells[1])?)))?,
        })
    }

    /// Every flaw it knows of, in order.
    pub fn cves(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.fixes.iter().map(|row| row.cve.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Reads a table: comment lines, a line of names, then rows of `N` cells.
fn rows<const N: usize, T>(
    file: &'static str,
    text: &str,
    read: impl Fn([&str; N]) -> Result<T, String>,
) -> Result<Vec<T>, KnowledgeError> {
    let mut found = Vec::new();
    let mut named = false;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let wrong = |why: String| KnowledgeError { file, line: index + 1, why };
        let cells: Vec<&str> = line.split('\t').collect();
        let cells: [&str; N] = cells
            .try_into()
            .map_err(|cells: Vec<&str>| wrong(format!("{} cells, where {N} are needed", cells.len())))?;
        if !named {
            named = true;
            continue;
        }
        if found.len() >= ROWS_MAX {
            return Err(wrong(format!("more than {ROWS_MAX} rows")));
        }
        found.push(read(cells).map_err(wrong)?);
    }
    Ok(found)
}

fn build_row(cells: [&str; 8]) -> Result<BuildRow, String> {
    let [product, cu, su, _kind, kb, number, date, _source] = cells;
    Ok(BuildRow {
        product: product.to_owned(),
        cu: cu.to_owned(),
        su: su.to_owned(),
        kb: kb.to_owned(),
        build: build(number)?.ok_or("a build without its number")?,
        date: maybe_day(date)?,
    })
}

fn fix_row(cells: [&str; 8]) -> Result<FixRow, String> {
    let [cve, fixed_in, product, _cu, number, date, _kb, source] = cells;
    Ok(FixRow {
        cve: cve.to_owned(),
        fixed_in: fixed_in.to_owned(),
        products: Products(product.to_owned()),
        build: build(number)?,
        date: maybe_day(date)?,
        source: source.to_owned(),
    })
}

fn condition_row(cells: [&str; 5]) -> Result<ConditionRow, String> {
    let [cve, product, word, detail, _source] = cells;
    let condition = Condition::ALL.into_iter().find(|known| known.word() == word);
    Ok(ConditionRow {
        cve: cve.to_owned(),
        products: Products(product.to_owned()),
        condition: condition.ok_or_else(|| format!("{word} is no condition"))?,
        detail: detail.to_owned(),
    })
}

fn exploited_row(cells: [&str; 5]) -> Result<ExploitedRow, String> {
    let [cve, added, due, ransomware, source] = cells;
    let ransomware = match ransomware {
        "known" => true,
        "unknown" => false,
        other => return Err(format!("{other} is neither known nor unknown")),
    };
    let source = source.to_owned();
    Ok(ExploitedRow { cve: cve.to_owned(), added: day(added)?, due: day(due)?, ransomware, source })
}

/// A build; `-` or nothing where there is none.
fn build(text: &str) -> Result<Option<Build>, String> {
    match text {
        "" | "-" => Ok(None),
        number => Build::parse(number).map(Some).ok_or_else(|| format!("{number} is no build of Exchange")),
    }
}

fn maybe_day(text: &str) -> Result<Option<Day>, String> {
    if text.is_empty() || text == "-" { Ok(None) } else { day(text).map(Some) }
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| format!("{text} is no day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_tables_are_well_formed() {
        let knowledge = bundled().unwrap();
        assert!(knowledge.builds.len() > 300 && knowledge.cves().len() > 140);
        let known = |cve: &str| knowledge.fixes.iter().any(|row| row.cve == cve);
        for row in &knowledge.conditions {
            assert!(known(&row.cve), "{} has a condition and no fix", row.cve);
        }
        let newest = knowledge.builds.iter().filter_map(|row| row.date).max();
        assert_eq!(newest, Some(knowledge.as_of), "as_of is the day of the newest row");
    }

    #[test]
    fn a_row_that_is_not_understood_is_an_error_with_its_line() {
        let broken = |file: usize, line: &str| {
            let mut texts = BUNDLED;
            let text = format!("{}{line}\n", texts[file]);
            texts[file] = &text;
            Knowledge::read(texts).unwrap_err().to_string()
        };
        assert!(broken(1, "2016\tCU23").contains("knowledge/builds.tsv:368: 2 cells"));
        assert!(broken(2, "C\tS\t2016\tCU1\t99.1\t\t\tx").contains("99.1 is no build"));
        assert!(broken(3, "C\tany\tmagic\t\tx").contains("magic is no condition"));
        assert!(broken(4, "C\t2021-13-01\t2021-01-01\tknown\tx").contains("2021-13-01 is no day"));
        assert!(broken(0, "format = 2").contains("about.toml:1"));
    }
}
