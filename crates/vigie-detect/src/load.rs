//! Loads packs, rules and indicators into one rule set, strictly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vigie_model::assessment::{NotLoaded, PackRef};
use vigie_model::pack::Pack;
use vigie_model::rule::{Liveness, RuleInfo};

use crate::bind;
use crate::correlation::{self, Correlated, Correlation, Written};
use crate::engine::plan::Planner;
use crate::error::{LoadError, LoadErrors};
use crate::indicators::{self, Feed, FeedSummary};
use crate::ir::{Expr, Rule};
use crate::pack::{self, PackFiles};
use crate::place::Text;
use crate::scan::Scanner;
use crate::sigma::{self, Context, Filter, Owner, Placeholders, SigmaFile};
use crate::tally::{self, Tally};
use crate::taxonomy;
use crate::used;

/// What to load.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Where packs come from when none is named.
    pub bundled: Bundled,
    /// Packs by id (bundled) or by folder (with a separator, or when there is no bundled pack of the name).
    pub packs: Vec<String>,
    /// Sigma files, or folders of them, besides the packs.
    pub rules: Vec<PathBuf>,
    /// Feeds of indicators: STIX, MISP, MSTIC, CSV.
    pub indicators: Vec<PathBuf>,
    /// What to do with a rule that does not load.
    pub on_error: OnError,
    /// Values of `%placeholders%` for Sigma's `expand`.
    pub placeholders: Placeholders,
}

/// Whether the bundled packs are taken when no pack is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bundled {
    /// All of them.
    #[default]
    All,
    /// Only what is named.
    None,
}

/// A YARA file of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackYara {
    /// The pack's id.
    pub pack: String,
    /// The file, as messages name it: `packs/proxylogon/yara/x.yar`.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// Whether rules on the bytes of files, which are not run by this crate, are run at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentRun {
    /// They are.
    Here,
    /// They are not, for this reason.
    NotHere(String),
}

/// What to do with what does not load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Stop with every mistake found.
    #[default]
    Stop,
    /// Go on without it, and name it in [`RuleSet::not_loaded`].
    NameAndGoOn,
}

/// The rules of a run.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// What is known of each rule; `Hit::rule` indexes it.
    pub rules: Vec<RuleInfo>,
    /// The packs, in the order in which they were named.
    pub packs: Vec<Pack>,
    /// Their references for the report.
    pub pack_refs: Vec<PackRef>,
    /// What would not load, with the reason.
    pub not_loaded: Vec<NotLoaded>,
    /// What became of each feed of indicators.
    pub feeds: Vec<FeedSummary>,
    /// YARA files of the packs, which a content scanner of the engine runs, if it can.
    pub pack_yara: Vec<PackYara>,
    /// The rules themselves, in the order of `rules`.
    compiled: Vec<Rule>,
    /// Correlations, those over correlations last.
    correlations: Vec<Correlation>,
    /// Rules on content, which others run: they follow the compiled ones in `rules`.
    content: Vec<ContentRun>,
    planner: Planner,
}

impl RuleSet {
    /// Loads everything that `sources` names.
    ///
    /// # Errors
    /// With [`OnError::Stop`], every mistake in any of the files. A pack that cannot be found stops always.
    pub fn load(sources: &Sources) -> Result<RuleSet, LoadErrors> {
        let mut loading = Loading::default();
        let files = used::with_used(pack_files(sources)?, &sources.packs)?;
        for (files, pack) in files.iter().zip(used::read_all(&files)) {
            match pack {
                Ok(pack) => loading.add_pack(files, pack, &sources.placeholders),
                Err(error) => loading.errors.push(error),
            }
        }
        loading.add_user_files(&rule_paths(&sources.rules, SIGMA_FILES)?, &sources.placeholders);
        for path in &sources.indicators {
            loading.add_feed(indicators::load(path));
        }
        loading.finish(sources.on_error)
    }

    /// A scanner for one thread and one host.
    pub fn scanner(self: &Arc<Self>) -> Scanner {
        Scanner::new(Arc::clone(self))
    }

    /// Whether each rule could have fired, in the order of `rules`.
    pub fn liveness(&self, tally: &Tally) -> Vec<Liveness> {
        tally::liveness(self, tally)
    }

    /// Runs the correlations over everything that was scanned of a host, in the order of time, and counts their
    /// hits. To be called once, when all scanners' tallies are merged.
    pub fn correlate(&self, tally: &mut Tally) -> Vec<Correlated> {
        let hits = correlation::run_all(&self.correlations, &self.compiled, &mut tally.notes);
        tally.ran_correlations();
        for found in &hits {
            tally.hit_by_correlation(found.hit.rule);
        }
        hits
    }

    /// Takes rules on the bytes of files into the account: they are named, counted and told like all others, and run
    /// by a content scanner of the engine. Returns the index of the first.
    pub fn add_content_rules(&mut self, rules: Vec<RuleInfo>, run: &ContentRun) -> u32 {
        let first = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        for rule in rules {
            let pack = self.pack_refs.iter_mut().find(|pack| Some(&pack.id) == rule.pack.as_ref());
            if let Some(pack) = pack {
                pack.rules += 1;
            }
            self.rules.push(rule);
            self.content.push(run.clone());
        }
        first
    }

    /// The rules that a correlation joins; `None` for other rules.
    pub(crate) fn correlated_by(&self, rule: usize) -> Option<Vec<u32>> {
        let found = self.correlations.iter().find(|correlation| correlation.rule as usize == rule)?;
        Some(found.members.iter().map(|member| member.rule).collect())
    }

    /// The rules as the engine runs them, in the order of `rules`.
    pub fn compiled(&self) -> &[Rule] {
        &self.compiled
    }

    /// A rule set of these rules alone: for tests and for replaying one claim.
    pub fn of(compiled: Vec<Rule>) -> RuleSet {
        let rules = compiled.iter().map(|rule| rule.info.clone()).collect();
        let planner = Planner::new(&compiled);
        RuleSet { rules, compiled, planner, ..RuleSet::default() }
    }

    /// Rules with placeholders that have no values, each with their names: what uses them never holds.
    pub fn without_values(&self) -> Vec<(&RuleInfo, &[String])> {
        let named = self.compiled.iter().filter(|rule| !rule.unfilled.is_empty());
        named.map(|rule| (&rule.info, rule.unfilled.as_slice())).collect()
    }

    pub(crate) fn planner(&self) -> &Planner {
        &self.planner
    }

    pub(crate) fn unfilled(&self, rule: usize) -> &[String] {
        self.compiled.get(rule).map_or(&[], |rule| rule.unfilled.as_slice())
    }

    /// Why a rule met no event: its log is not in the evidence, or Vigie does not read such logs at all.
    pub(crate) fn no_source_reason(&self, rule: usize) -> String {
        let Some(rule) = self.compiled.get(rule) else {
            return match self.content.get(rule - self.compiled.len()) {
                Some(ContentRun::NotHere(reason)) => reason.clone(),
                Some(ContentRun::Here) | None => {
                    "no file of the evidence was looked at by its scanner".into()
                }
            };
        };
        let source = &rule.source;
        let parts =
            [("category", &source.category), ("product", &source.product), ("service", &source.service)];
        let named: Vec<String> = parts
            .iter()
            .filter(|(_, part)| !part.is_empty())
            .map(|(name, part)| format!("{name} {part}"))
            .collect();
        let named = named.join(", ");
        if source.indicator || named.is_empty() {
            "the evidence has no field that it looks at".into()
        } else if taxonomy::sources().any(|row| bind::row_fits_rule(row, source)) {
            format!("no such log source in the evidence: {named}")
        } else {
            format!("Vigie does not read such logs: {named}")
        }
    }
}

#[derive(Default)]
struct Loading {
    set: RuleSet,
    errors: Vec<LoadError>,
    /// Where each id was first seen.
    ids: BTreeMap<String, String>,
    correlations: Vec<Written>,
    filters: Vec<Filter>,
    /// Indicators that cannot be evaluated, with the reason.
    dead: Vec<(RuleInfo, String)>,
}

impl Loading {
    fn add_pack(&mut self, files: &PackFiles, pack: Pack, placeholders: &Placeholders) {
        let (before, errors_before) = (self.set.compiled.len(), self.errors.len());
        let correlations_before = self.correlations.len();
        let owner = Owner::Pack(&pack);
        for (name, bytes) in &files.files {
            if name.starts_with("sigma/") {
                let path = files.path_of(name);
                match pack::as_text(&path, bytes) {
                    Ok(text) => self.add_sigma(&path, text, &Context { owner: &owner, placeholders }),
                    Err(error) => self.errors.push(error),
                }
            }
        }
        self.add_pack_yara(files, &pack);
        let rules = self.set.compiled.len() - before;
        let correlations = self.correlations.len() - correlations_before;
        if let Some(text) = files.text("indicators.csv") {
            let path = files.path_of("indicators.csv");
            match text {
                Ok(text) => {
                    let (rules, errors) = indicators::read(&path, text, Some(&pack));
                    self.errors.extend(errors);
                    for rule in rules {
                        self.add_rule(rule, &path, text);
                    }
                }
                Err(error) => self.errors.push(error),
            }
        }
        let indicators = self.set.compiled.len() - before - rules;
        let of_rules = self.set.compiled.iter().skip(before).map(|rule| &rule.info.id);
        let of_correlations = self.correlations.iter().skip(correlations_before).map(|one| &one.info.id);
        let ids: Vec<String> = of_rules.chain(of_correlations).cloned().collect();
        // A rule that did not load would make its text look stray.
        if self.errors.len() == errors_before {
            self.errors.extend(pack::check_texts(files, &pack, &ids));
        }
        self.set.pack_refs.push(files.reference(&pack, rules + correlations, indicators));
        self.set.packs.push(pack);
    }

    fn add_pack_yara(&mut self, files: &PackFiles, pack: &Pack) {
        for (name, bytes) in files.files.iter().filter(|(name, _)| name.starts_with("yara/")) {
            let path = files.path_of(name);
            match pack::as_text(&path, bytes) {
                Ok(text) => {
                    let (pack, text) = (pack.id.clone(), text.to_owned());
                    self.set.pack_yara.push(PackYara { pack, path, text });
                }
                Err(error) => self.errors.push(error),
            }
        }
    }

    /// A feed says again what others say: its indicators keep the first one's id.
    fn add_feed(&mut self, mut feed: Feed) {
        self.errors.append(&mut feed.errors);
        for rule in feed.rules {
            if self.ids.contains_key(&rule.info.id) {
                feed.summary.evaluated -= 1;
                feed.summary.repeated += 1;
            } else {
                self.ids.insert(rule.info.id.clone(), feed.summary.path.clone());
                self.set.compiled.push(rule);
            }
        }
        for (info, reason) in feed.dead {
            if self.ids.contains_key(&info.id) {
                feed.summary.unevaluated -= 1;
                feed.summary.repeated += 1;
            } else {
                self.ids.insert(info.id.clone(), feed.summary.path.clone());
                self.dead.push((info, reason));
            }
        }
        self.set.feeds.push(feed.summary);
    }

    /// Files are read in parallel, since thousands of rules are mostly YAML to read, and added in order.
    fn add_user_files(&mut self, paths: &[PathBuf], placeholders: &Placeholders) {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = paths.len().div_ceil(threads).max(FILES_PER_THREAD_MIN);
        let read = |paths: &[PathBuf]| -> Vec<UserFile> {
            paths.iter().map(|path| read_user_file(path, placeholders)).collect()
        };
        let read: Vec<Vec<UserFile>> = std::thread::scope(|scope| {
            let read = &read;
            let started: Vec<_> = paths.chunks(share).map(|share| scope.spawn(move || read(share))).collect();
            started
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        for file in read.into_iter().flatten() {
            match file.content {
                Ok((text, sigma)) => self.add_file(&file.path, &text, sigma),
                Err(error) => self.errors.push(*error),
            }
        }
    }

    fn add_sigma(&mut self, path: &str, text: &str, context: &Context<'_>) {
        self.add_file(path, text, sigma::read_file(path, text, context));
    }

    fn add_file(&mut self, path: &str, text: &str, file: SigmaFile) {
        self.errors.extend(file.errors);
        for rule in file.rules {
            self.add_rule(rule, path, text);
        }
        for correlation in file.correlations {
            if self.is_new(&correlation.info.id, path, text) {
                self.correlations.push(correlation);
            }
        }
        self.filters.extend(file.filters);
    }

    /// Whether the id was not taken; it is now.
    fn is_new(&mut self, id: &str, path: &str, text: &str) -> bool {
        if let Some(first) = self.ids.get(id) {
            let message = format!("the id `{id}` is already that of a rule in {first}");
            let place = Text { path, body: text, lines_before: 0 };
            let found = |line: &str| {
                let indicator = id.rsplit(':').next().filter(|value| *value != id);
                line.find(id).or_else(|| line.find(indicator?))
            };
            self.errors.push(place.error_where(found, message, "give each rule an id of its own"));
            return false;
        }
        self.ids.insert(id.to_owned(), path.to_owned());
        true
    }

    fn add_rule(&mut self, rule: Rule, path: &str, text: &str) {
        if self.is_new(&rule.info.id, path, text) {
            self.set.compiled.push(rule);
        }
    }

    /// Rules must meet the filters that mean them; one that means none is named.
    fn apply_filters(&mut self) {
        for filter in std::mem::take(&mut self.filters) {
            let mut met = false;
            for rule in self.set.compiled.iter_mut().filter(|rule| filter.means(rule)) {
                let condition = std::mem::replace(&mut rule.condition, Expr::Const(false));
                rule.condition = Expr::And(vec![condition, filter.condition.clone()]);
                met = true;
            }
            if !met {
                let reason = format!(
                    "{}:{}: {} means no rule that is loaded",
                    filter.place.line, filter.place.column, filter.place.message
                );
                self.set.not_loaded.push(NotLoaded { source: filter.place.path, reason });
            }
        }
    }

    fn finish(mut self, on_error: OnError) -> Result<RuleSet, LoadErrors> {
        self.apply_filters();
        let written = std::mem::take(&mut self.correlations);
        let (correlations, errors) = correlation::resolve(&written, &mut self.set.compiled);
        self.errors.extend(errors);
        self.errors.sort();
        self.set.correlations = correlations;
        self.set.rules = self.set.compiled.iter().map(|rule| rule.info.clone()).collect();
        self.set.planner = Planner::new(&self.set.compiled);
        for (info, reason) in std::mem::take(&mut self.dead) {
            self.set.add_content_rules(vec![info], &ContentRun::NotHere(reason));
        }
        match on_error {
            OnError::Stop if !self.errors.is_empty() => Err(LoadErrors(self.errors)),
            OnError::Stop => Ok(self.set),
            OnError::NameAndGoOn => {
                let named =
                    self.errors.iter().map(|e| NotLoaded { source: e.path.clone(), reason: e.reason() });
                self.set.not_loaded.extend(named);
                Ok(self.set)
            }
        }
    }
}

/// Fewer files are not worth a thread.
const FILES_PER_THREAD_MIN: usize = 64;

/// A file given with `--rules`: its text and what it holds.
struct UserFile {
    path: String,
    content: Result<(String, SigmaFile), Box<LoadError>>,
}

fn read_user_file(path: &Path, placeholders: &Placeholders) -> UserFile {
    let shown = path.display().to_string();
    let read = || {
        let bytes = std::fs::read(path).map_err(|error| {
            Box::new(LoadError::of_file(&shown, format!("the file cannot be read: {error}"), ""))
        })?;
        let text = pack::as_text(&shown, &bytes).map_err(Box::new)?.to_owned();
        let sigma = sigma::read_file(&shown, &text, &Context { owner: &Owner::User, placeholders });
        Ok((text, sigma))
    };
    let content = read();
    UserFile { path: shown, content }
}

fn pack_files(sources: &Sources) -> Result<Vec<PackFiles>, LoadErrors> {
    let one = |error| LoadErrors(vec![error]);
    if sources.packs.is_empty() {
        let all = match sources.bundled {
            Bundled::All => pack::bundled_ids(),
            Bundled::None => Vec::new(),
        };
        return Ok(all.into_iter().filter_map(pack::bundled).collect());
    }
    let find = |name: &String| match pack::bundled(name) {
        Some(files) => Ok(files),
        None if Path::new(name).is_dir() => pack::from_folder(Path::new(name)).map_err(one),
        None => {
            let hint = format!("bundled are {}; or give a pack's folder", pack::bundled_ids().join(", "));
            Err(one(LoadError::of_file(name, "no pack of this name", &hint)))
        }
    };
    sources.packs.iter().map(find).collect()
}

/// Folders in folders that are searched for rules.
const DEPTH_MAX: usize = 32;

/// A kind of rule files: how an option names it, how its files end.
#[derive(Clone, Copy, Debug)]
pub struct RuleFiles {
    /// `Sigma`.
    pub name: &'static str,
    /// The option that takes them.
    pub option: &'static str,
    /// How their names end.
    pub extensions: &'static [&'static str],
}

const SIGMA_FILES: RuleFiles = RuleFiles { name: "Sigma", option: "--rules", extensions: &["yml", "yaml"] };

/// YARA files.
pub const YARA_FILES: RuleFiles = RuleFiles { name: "YARA", option: "--yara", extensions: &["yar", "yara"] };

/// Every file of a kind that is named, or lies in a folder that is: sorted, each once.
///
/// # Errors
/// When one cannot be read, or a folder holds none.
pub fn rule_paths(named: &[PathBuf], kind: RuleFiles) -> Result<Vec<PathBuf>, LoadErrors> {
    let mut paths = Vec::new();
    for path in named {
        let before = paths.len();
        let outcome =
            if path.is_dir() { walk(path, kind, 0, &mut paths) } else { std::fs::metadata(path).map(|_| ()) };
        let shown = path.display().to_string();
        if let Err(error) = outcome {
            let message = format!("the rules cannot be read: {error}");
            let hint = format!("{} takes {} files and folders", kind.option, kind.name);
            return Err(LoadErrors(vec![LoadError::of_file(&shown, message, &hint)]));
        }
        if path.is_file() {
            paths.push(path.clone());
        } else if paths.len() == before {
            let message = format!("the folder holds no {} file", kind.name);
            let hint = format!("rules end in .{}", kind.extensions.join(" or ."));
            return Err(LoadErrors(vec![LoadError::of_file(&shown, message, &hint)]));
        }
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn walk(folder: &Path, kind: RuleFiles, depth: usize, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Links to folders are not followed: a loop of them would not end.
        if entry.file_type()?.is_dir() {
            if depth < DEPTH_MAX {
                walk(&path, kind, depth + 1, paths)?;
            }
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| kind.extensions.contains(&e)) {
            paths.push(path);
        }
    }
    Ok(())
}
