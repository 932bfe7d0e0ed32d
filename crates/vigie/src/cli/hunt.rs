//! `vigie hunt`: plain Sigma, YARA and indicator hunting over any evidence; hits, one a line.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use vigie_detect::{Bundled, OnError, RuleSet, Sources};
use vigie_model::rule::{Level, Liveness, RuleInfo};
use vigie_model::{Diagnostic, Hit, Time};
use vigie_report::escape;

use super::check::{moment_from, moment_to, provide};
use super::{Global, PasswordArgs, placeholders, say, tell_without_values};
use crate::engine::{self, Config, Content, Found, Progress};
use crate::exit::Exit;

/// Arguments of `vigie hunt`.
#[derive(Debug, Args)]
pub(super) struct Hunt {
    /// Folders, archives, disk images, or single files.
    #[arg(required = true, value_name = "EVIDENCE")]
    evidence: Vec<PathBuf>,
    #[command(flatten)]
    passwords: PasswordArgs,
    /// Sigma rules: a file or a folder (repeatable).
    #[arg(long, short, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// YARA rules for every file of the evidence: a file or a folder (repeatable; needs a build with YARA).
    #[arg(long, value_name = "PATH")]
    yara: Vec<PathBuf>,
    /// A feed of indicators: a STIX bundle, MISP events, the MSTIC feed, or CSV (repeatable).
    #[arg(long, value_name = "PATH")]
    indicators: Vec<PathBuf>,
    /// The rules of a campaign pack too (repeatable); without rules of any kind: every bundled pack.
    #[arg(long = "pack", value_name = "ID")]
    packs: Vec<String>,
    /// Values for %placeholders% of rules (TOML: `Administrators = ["*-adm"]`).
    #[arg(long, value_name = "FILE")]
    placeholders: Option<PathBuf>,
    /// Stop when a rule does not load; without it such rules are named and left out.
    #[arg(long)]
    strict: bool,
    /// How hits are written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Only hits of this level or higher.
    #[arg(long, value_parser = level, default_value = "informational", value_name = "LEVEL")]
    min_level: Level,
    /// Only hits of rules with this ATT&CK technique (repeatable): T1505.003, or T1505 for all below.
    #[arg(long = "attack", value_name = "ID")]
    attack: Vec<String>,
    /// Only hits from this time on (ISO 8601, UTC).
    #[arg(long, value_parser = moment_from, value_name = "TIME")]
    from: Option<Time>,
    /// Only hits up to this time.
    #[arg(long, value_parser = moment_to, value_name = "TIME")]
    to: Option<Time>,
    /// Threads that read evidence; 0: one per core.
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    #[command(flatten)]
    bounds: super::bounds::BoundArgs,
    /// Write what became of every rule there: tried on how many events, matched how often, or why it could not fire.
    #[arg(long, value_name = "FILE")]
    liveness: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line a hit, for people.
    Table,
    /// One JSON object a hit.
    Jsonl,
    /// One row a hit.
    Csv,
    /// An ATT&CK Navigator layer of the techniques hit.
    Navigator,
}

pub(super) fn run(args: &Hunt, global: Global) -> anyhow::Result<Exit> {
    let (rules, content) = load(args)?;
    let rules = Arc::new(rules);
    super::feeds::tell(&rules, global);
    if !rules.not_loaded.is_empty() {
        say(global, &format!("warning: {} rules did not load:", rules.not_loaded.len()));
        for missing in &rules.not_loaded {
            say(global, &format!("  {}: {}", missing.source, missing.reason));
        }
    }
    tell_without_values(&rules, global);
    for path in &args.evidence {
        provide(path, global)?;
    }
    let mut config = Config {
        from: args.from,
        to: args.to,
        threads: args.threads,
        passwords: args.passwords.load()?,
        hits: engine::Hits::All,
        content,
        ..Config::default()
    };
    args.bounds.set(&mut config);
    let progress = if global.quiet { Progress::hidden() } else { Progress::on_terminal() };
    let mut writer = Writer::new(args, &rules);
    writer.head()?;
    let hunted = engine::hunt(&args.evidence, &rules, &config, &progress, &mut |found| writer.file(found));
    let skipped = std::mem::take(&mut writer.skipped);
    let hits = writer.finish()?;
    let liveness = rules.liveness(&hunted.tally);
    tell(&liveness, hits, global);
    skipped.tell(global);
    if let Some(path) = &args.liveness {
        std::fs::write(path, serde_json::to_vec_pretty(&liveness)?)?;
    }
    // Indicators and YARA look at files that no parser knows, too.
    let looks_at_files = !args.yara.is_empty() || !args.indicators.is_empty();
    let any_file = if looks_at_files { hunted.files } else { hunted.files_read };
    Ok(match (any_file, hits) {
        (0, _) => {
            say(
                global,
                &format!("error: nothing could be read: {} files, none of them known evidence", hunted.files),
            );
            Exit::Unreadable
        }
        (_, 0) => Exit::NoHit,
        _ => Exit::Done,
    })
}

/// Without a rule of the user's own, the bundled packs are what is hunted for.
fn load(args: &Hunt) -> anyhow::Result<(RuleSet, Content)> {
    let own = [&args.rules, &args.yara, &args.indicators];
    let bundled = if own.iter().all(|paths| paths.is_empty()) { Bundled::All } else { Bundled::None };
    let on_error = if args.strict { OnError::Stop } else { OnError::NameAndGoOn };
    let (packs, rules, indicators) = (args.packs.clone(), args.rules.clone(), args.indicators.clone());
    let placeholders = placeholders(args.placeholders.as_deref())?;
    let mut set = RuleSet::load(&Sources { bundled, packs, rules, indicators, on_error, placeholders })?;
    let mut content = super::yara::load(&mut set, &args.yara, on_error)?;
    if bundled == Bundled::All {
        engine::content::webshell::add(&mut set, &mut content);
    }
    Ok((set, content))
}

/// What content scanners did not look at, or not to the end: named up to a number, all counted.
#[derive(Debug, Default)]
struct Skipped {
    files: u64,
    first: Vec<String>,
}

/// Files named among those that were skipped.
const SKIPPED_TOLD_MAX: usize = 20;

impl Skipped {
    fn add(&mut self, diagnostic: &Diagnostic) {
        self.files += 1;
        if self.first.len() < SKIPPED_TOLD_MAX {
            let what = format!("{}: {} ({})", diagnostic.path, diagnostic.message, diagnostic.code.id());
            self.first.push(escape::visible(&what));
        }
    }

    fn tell(&self, global: Global) {
        if self.files > 0 {
            say(global, &format!("{} times content was not looked at, or not all of it:", self.files));
        }
        for line in &self.first {
            say(global, &format!("  {line}"));
        }
        let more = self.files.saturating_sub(self.first.len() as u64);
        if more > 0 {
            say(global, &format!("  and {more} more"));
        }
    }
}

fn tell(liveness: &[Liveness], hits: u64, global: Global) {
    let dead = liveness.iter().filter(|rule| rule.cannot_fire.is_some()).count();
    let fired = liveness.iter().filter(|rule| rule.matched > 0).count();
    let live = liveness.len() - dead;
    say(
        global,
        &format!(
            "{hits} hits; {} rules: {fired} matched, {live} could fire, {dead} could not",
            liveness.len()
        ),
    );
}

/// Writes hits as they come. A failure to write is kept and told at the end: the receiver cannot stop a read.
struct Writer<'a> {
    args: &'a Hunt,
    rules: &'a RuleSet,
    out: io::BufWriter<io::Stdout>,
    hits: u64,
    techniques: BTreeMap<String, u64>,
    failed: Option<io::Error>,
    skipped: Skipped,
}

impl<'a> Writer<'a> {
    fn new(args: &'a Hunt, rules: &'a RuleSet) -> Writer<'a> {
        let out = io::BufWriter::new(io::stdout());
        Writer {
            args,
            rules,
            out,
            hits: 0,
            techniques: BTreeMap::new(),
            failed: None,
            skipped: Skipped::default(),
        }
    }

    fn head(&mut self) -> io::Result<()> {
        match self.args.format {
            Format::Csv => {
                writeln!(self.out, "time,host,level,rule_id,rule_title,artifact,path,place,sha256,fields")
            }
            Format::Table | Format::Jsonl | Format::Navigator => Ok(()),
        }
    }

    fn file(&mut self, found: &Found<'_>) {
        for diagnostic in found.diagnostics.iter().filter(|diagnostic| diagnostic.code.is_of_content()) {
            self.skipped.add(diagnostic);
        }
        for hit in found.hits {
            let Some(rule) = self.rules.rules.get(hit.rule as usize) else { continue };
            if rule.level < self.args.min_level || !self.has_technique(rule) || self.failed.is_some() {
                continue;
            }
            self.hits += 1;
            self.failed = self.hit(found, hit, rule).err();
        }
    }

    fn has_technique(&self, rule: &RuleInfo) -> bool {
        let asked = &self.args.attack;
        let under = |of: &str, wanted: &str| {
            of.eq_ignore_ascii_case(wanted)
                || of.get(..wanted.len()).is_some_and(|head| head.eq_ignore_ascii_case(wanted))
                    && of.get(wanted.len()..).is_some_and(|rest| rest.starts_with('.'))
        };
        asked.is_empty() || asked.iter().any(|wanted| rule.attack.iter().any(|of| under(of, wanted)))
    }

    fn hit(&mut self, found: &Found<'_>, hit: &Hit, rule: &RuleInfo) -> io::Result<()> {
        let time = hit.time.map(|time| time.to_string());
        let host = hit.field("Computer").unwrap_or(found.host);
        let place = found.place(hit);
        match self.args.format {
            Format::Jsonl => {
                let fields: serde_json::Map<String, Value> = hit
                    .fields
                    .iter()
                    .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                    .collect();
                let line = json!({
                    "time": time, "host": host, "level": rule.level.word(), "rule_id": rule.id,
                    "rule_title": rule.title, "artifact": hit.stream,
                    "evidence": { "path": place.path, "place": place.place, "sha256": place.sha256 },
                    "fields": fields,
                });
                writeln!(self.out, "{line}")
            }
            Format::Csv => {
                let fields: Vec<String> =
                    hit.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let (time, fields) = (time.unwrap_or_default(), fields.join("; "));
                let cells = [
                    time.as_str(),
                    host,
                    rule.level.word(),
                    &rule.id,
                    &rule.title,
                    &hit.stream,
                    &place.path,
                    &place.place,
                    &place.sha256,
                    &fields,
                ];
                let row: Vec<String> = cells.iter().map(|cell| escape::csv_cell(cell)).collect();
                writeln!(self.out, "{}", row.join(","))
            }
            Format::Table => {
                let (time, host) = (time.unwrap_or_default(), escape::visible(host));
                let title = escape::visible(&rule.title);
                let at = escape::visible(&format!("{} {}", place.path, place.place));
                writeln!(self.out, "{time:<27} {:<13} {host}  {title}  {at}", rule.level.word())
            }
            Format::Navigator => {
                for technique in &rule.attack {
                    *self.techniques.entry(technique.clone()).or_default() += 1;
                }
                Ok(())
            }
        }
    }

    /// The number of hits, when everything could be written.
    fn finish(mut self) -> anyhow::Result<u64> {
        if let Some(failed) = self.failed.take() {
            return Err(failed.into());
        }
        if self.args.format == Format::Navigator {
            serde_json::to_writer_pretty(&mut self.out, &layer(&self.techniques))?;
            writeln!(self.out)?;
        }
        self.out.flush()?;
        Ok(self.hits)
    }
}

/// A layer of the ATT&CK Navigator, layer format 4.5.
fn layer(techniques: &BTreeMap<String, u64>) -> Value {
    let techniques: Vec<Value> = techniques
        .iter()
        .map(|(id, hits)| json!({ "techniqueID": id, "score": hits, "comment": format!("{hits} hits") }))
        .collect();
    json!({
        "name": "Vigie hunt", "domain": "enterprise-attack",
        "versions": { "layer": "4.5", "navigator": "5.0.0" },
        "techniques": techniques,
        "gradient": { "colors": ["#fff3b0", "#b3261e"], "minValue": 0, "maxValue": 100 },
    })
}

fn level(text: &str) -> Result<Level, String> {
    let known = Level::ALL.iter().copied().find(|level| level.word() == text);
    known.ok_or_else(|| "give informational, low, medium, high or critical".to_owned())
}
