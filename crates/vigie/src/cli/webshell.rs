//! `vigie webshell`: what would these pages do? One line a page that does what a web shell does.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use vigie_detect::{Bundled, RuleSet, Sources};
use vigie_report::{Lang, escape};

use super::check::provide;
use super::{Global, PasswordArgs, StyleArgs, say};
use crate::engine::{self, Config, Content, Found, Progress};
use crate::exit::Exit;

/// Arguments of `vigie webshell`.
#[derive(Debug, Args)]
pub(super) struct WebShell {
    /// Pages, folders of them, archives.
    #[arg(required = true, value_name = "PATH")]
    evidence: Vec<PathBuf>,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    style: StyleArgs,
    /// One JSON object a page.
    #[arg(long)]
    json: bool,
    /// Threads that read; 0: one per core.
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
}

pub(super) fn run(args: &WebShell, global: Global) -> anyhow::Result<Exit> {
    let mut rules = RuleSet::load(&Sources { bundled: Bundled::None, ..Sources::default() })?;
    let mut content = Content::default();
    engine::content::webshell::add(&mut rules, &mut content);
    let rules = Arc::new(rules);
    for path in &args.evidence {
        provide(path, global)?;
    }
    let passwords = args.passwords.load()?;
    let config =
        Config { content, passwords, threads: args.threads, hits: engine::Hits::All, ..Config::default() };
    let progress = if global.quiet { Progress::hidden() } else { Progress::on_terminal() };
    let mut teller = Teller {
        args,
        rules: &rules,
        out: io::BufWriter::new(io::stdout()),
        shells: 0,
        others: 0,
        failed: None,
    };
    let hunted = engine::hunt(&args.evidence, &rules, &config, &progress, &mut |found| teller.page(found));
    if let Some(failed) = teller.failed {
        return Err(failed.into());
    }
    teller.out.flush()?;
    let looked = rules.liveness(&hunted.tally).iter().map(|rule| rule.evaluated).max().unwrap_or(0);
    let (shells, others) = (teller.shells, teller.others);
    say(
        global,
        &format!("{looked} pages looked at: {shells} web shells, {others} with something to look into"),
    );
    Ok(match (hunted.files, shells + others) {
        (0, _) => Exit::Unreadable,
        (_, 0) => Exit::NoHit,
        _ => Exit::Done,
    })
}

/// Writes pages as they come; a failure to write is told at the end.
struct Teller<'a> {
    args: &'a WebShell,
    rules: &'a RuleSet,
    out: io::BufWriter<io::Stdout>,
    shells: u64,
    others: u64,
    failed: Option<io::Error>,
}

impl Teller<'_> {
    fn page(&mut self, found: &Found<'_>) {
        if found.hits.is_empty() || self.failed.is_some() {
            return;
        }
        let proven = found.hits.iter().any(|hit| hit.field("WebShell") == Some("web shell"));
        *(if proven { &mut self.shells } else { &mut self.others }) += 1;
        self.failed = self.write(found, proven).err();
    }

    fn write(&mut self, found: &Found<'_>, proven: bool) -> io::Result<()> {
        let french = self.args.style.lang == Lang::Fr;
        let said = if french { "Dit" } else { "Says" };
        let title = |hit: &vigie_model::Hit| {
            self.rules.rules.get(hit.rule as usize).map_or("", |rule| rule.title.as_str()).to_owned()
        };
        let word = found.hits.iter().find_map(|hit| hit.field("WebShell")).unwrap_or("by its place");
        let sentences: Vec<String> =
            found.hits.iter().map(|hit| hit.field(said).map_or_else(|| title(hit), str::to_owned)).collect();
        let place = found.hits.first().map(|hit| found.place(hit));
        let (path, sha256) = place.map_or((String::new(), String::new()), |place| (place.path, place.sha256));
        if self.args.json {
            let score = found
                .hits
                .iter()
                .find_map(|hit| hit.field("Score"))
                .and_then(|score| score.parse::<f64>().ok());
            let classes: Vec<&str> = found
                .hits
                .iter()
                .filter_map(|hit| self.rules.rules.get(hit.rule as usize))
                .map(|rule| rule.id.trim_start_matches("webshell:"))
                .collect();
            let line = json!({ "path": path, "sha256": sha256, "verdict": word, "score": score, "classes": classes, "says": sentences });
            return writeln!(self.out, "{line}");
        }
        let word = match (french, proven, word) {
            (true, true, _) => "web shell",
            (true, false, "suspicious") => "suspecte",
            (true, false, _) => "par sa place",
            (false, _, word) => word,
        };
        writeln!(self.out, "{word:<12} {}", escape::visible(&path))?;
        for sentence in &sentences {
            writeln!(self.out, "             {}", escape::visible(sentence))?;
        }
        Ok(())
    }
}
