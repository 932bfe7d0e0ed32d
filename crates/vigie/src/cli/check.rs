//! `vigie check`: from the evidence of servers to a verdict.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use vigie_assess::OwnerFacts;
use vigie_detect::RuleSet;
use vigie_model::assessment::Tool;
use vigie_model::verdict::Verdict;
use vigie_model::{Assessment, Day, Time};
use vigie_report::{Renderer, Style};

use super::output::{self, Folder};
use super::{Global, PasswordArgs, RuleArgs, StyleArgs, say, tell_without_values, usage_error};
use crate::engine::{self, Config, Progress, Run};
use crate::exit::Exit;

/// Arguments of `vigie check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Folders, archives, disk images, or single files; every archive and folder is a server of its own.
    #[arg(required = true, value_name = "EVIDENCE")]
    evidence: Vec<PathBuf>,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    rules: RuleArgs,
    /// Write assessment.json and report.html there (for several servers: a folder each, and summary.html).
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// One more output in that folder (repeatable): csv, markdown, text.
    #[arg(long = "format", value_name = "NAME")]
    formats: Vec<String>,
    #[command(flatten)]
    style: StyleArgs,
    /// Only events from this time on are matched (ISO 8601, UTC).
    #[arg(long, value_parser = moment_from, value_name = "TIME")]
    from: Option<Time>,
    /// Only events up to this time are matched.
    #[arg(long, value_parser = moment_to, value_name = "TIME")]
    to: Option<Time>,
    /// Threads that read evidence; 0: one per core.
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    #[command(flatten)]
    bounds: super::bounds::BoundArgs,
    /// The server's name, when the collection does not tell it.
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// What the owner knows and evidence cannot show (TOML: reachable, `reachable_since`, `patched_on`).
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// The TLP marking printed on every page.
    #[arg(long, default_value = "AMBER", value_parser = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"])]
    tlp: String,
    /// Overwrite what an earlier run left in the output folder.
    #[arg(long, short = 'C')]
    clobber: bool,
    /// Print the assessment as JSON (for several servers: an array) instead of the summary.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Check, global: Global) -> anyhow::Result<Exit> {
    let extra = formats(&args.formats)?;
    let owner = owner_facts(args.facts.as_deref())?;
    let folder = args.output.as_deref().map(|dir| Folder::claim(dir, args.clobber)).transpose()?;
    let (mut rules, mut content) = args.rules.load()?;
    engine::content::webshell::add(&mut rules, &mut content);
    let rules = Arc::new(rules);
    super::feeds::tell(&rules, global);
    for missing in &rules.not_loaded {
        say(global, &format!("warning: not loaded: {}: {}", missing.source, missing.reason));
    }
    tell_without_values(&rules, global);
    for path in &args.evidence {
        provide(path, global)?;
    }
    let mut config = Config {
        host: args.host.clone(),
        owner,
        from: args.from,
        to: args.to,
        threads: args.threads,
        passwords: args.passwords.load()?,
        content,
        tool: tool(args, &rules),
        ..Config::default()
    };
    args.bounds.set(&mut config);
    let progress = if global.quiet { Progress::hidden() } else { Progress::on_terminal() };
    let run = engine::check(&args.evidence, &rules, &config, &progress);
    let style = args.style.style(global);
    if let Some(folder) = &folder {
        write_folder(folder, &run.assessments, &extra, &style)?;
    }
    // Whoever stops reading our output still gets the verdict's exit code: 0 would say "clean".
    match print(args, &run, &style) {
        Err(error) if super::is_broken_pipe(&error) => {}
        printed => printed?,
    }
    tell_where(folder.as_ref(), &run, global);
    Ok(exit(&run, global))
}

/// A bundled example is written at its first use: its text would make an antivirus quarantine a clone.
pub(super) fn provide(path: &Path, global: Global) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(example) = vigie_example::EXAMPLES.iter().find(|example| example.zip_name == name) else {
        return Err(usage_error(format!("{} does not exist", path.display())));
    };
    say(global, &format!("writing the bundled example to {}", path.display()));
    super::example::write(example, path)
}

fn formats(names: &[String]) -> anyhow::Result<Vec<&'static dyn Renderer>> {
    let find = |name: &String| {
        vigie_report::renderer(name).ok_or_else(|| {
            let known: Vec<&str> = vigie_report::RENDERERS.iter().map(|renderer| renderer.name()).collect();
            usage_error(format!("no format is called {name}; there are: {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

fn owner_facts(path: Option<&Path>) -> anyhow::Result<OwnerFacts> {
    let Some(path) = path else { return Ok(OwnerFacts::default()) };
    let text =
        std::fs::read_to_string(path).map_err(|error| usage_error(format!("{}: {error}", path.display())))?;
    OwnerFacts::parse(&text).map_err(|error| usage_error(format!("{}: {error}", path.display())))
}

/// The command as given, without what cannot change the result.
fn tool(args: &Check, rules: &RuleSet) -> Tool {
    let mut command = String::from("vigie check");
    let mut add = |option: &str, value: &str| command.extend([" ", option, " ", value]);
    for pack in &args.rules.packs {
        add("--pack", pack);
    }
    for path in &args.rules.rules {
        add("--rules", &path.display().to_string());
    }
    for path in &args.rules.yara {
        add("--yara", &path.display().to_string());
    }
    for path in &args.rules.indicators {
        add("--indicators", &path.display().to_string());
    }
    if let Some(path) = &args.rules.placeholders {
        add("--placeholders", &path.display().to_string());
    }
    if !rules.not_loaded.is_empty() {
        add("--keep-going", "");
    }
    for (option, moment) in [("--from", args.from), ("--to", args.to)] {
        if let Some(moment) = moment {
            add(option, &moment.to_string());
        }
    }
    if let Some(host) = &args.host {
        add("--host", host);
    }
    if let Some(facts) = &args.facts {
        add("--facts", &facts.display().to_string());
    }
    Tool {
        name: "vigie".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: command.trim_end().to_owned(),
        tlp: args.tlp.clone(),
    }
}

fn write_folder(
    folder: &Folder,
    assessments: &[Assessment],
    extra: &[&'static dyn Renderer],
    style: &Style,
) -> anyhow::Result<()> {
    let default = ["json", "html"].iter().filter_map(|name| vigie_report::renderer(name));
    let mut renderers: Vec<&dyn Renderer> = default.collect();
    for renderer in extra {
        if renderers.iter().all(|known| known.name() != renderer.name()) {
            renderers.push(*renderer);
        }
    }
    match assessments {
        [] => Ok(()),
        [one] => folder.write_assessment("", one, &renderers, style),
        many => {
            for (name, assessment) in output::folder_names(many).iter().zip(many) {
                folder.write_assessment(name, assessment, &renderers, style)?;
            }
            folder.write_summary(many, style)
        }
    }
}

fn print(args: &Check, run: &Run, style: &Style) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match run.assessments.as_slice() {
        [] => {}
        [one] if args.json => serde_json::to_writer_pretty(&mut out, one)?,
        many if args.json => serde_json::to_writer_pretty(&mut out, many)?,
        [one] => super::output::render("text", one, style, &mut out)?,
        many => {
            let summary = vigie_report::summary::summarize(many);
            vigie_report::summary::text(&summary, style, &mut out)?;
        }
    }
    if args.json {
        writeln!(out)?;
    }
    out.flush().context("cannot write to standard output")
}

fn tell_where(folder: Option<&Folder>, run: &Run, global: Global) {
    let page = match run.assessments.len() {
        0 => return,
        1 => "report.html",
        _ => "summary.html",
    };
    match folder {
        Some(folder) => say(global, &format!("report: {}", folder.path().join(page).display())),
        None => say(global, "add --output DIR for report.html and assessment.json"),
    }
}

fn exit(run: &Run, global: Global) -> Exit {
    if run.files_read == 0 {
        let what = match run.files {
            0 => "nothing could be read: there is no file in it".to_owned(),
            files => format!(
                "nothing could be read: none of the {files} files is evidence that Vigie knows or could open"
            ),
        };
        say(Global { quiet: false, ..global }, &format!("error: {what}"));
        say(global, "hint: `vigie artifacts` lists what is read and where it lies on an Exchange server");
        return Exit::Unreadable;
    }
    let worst = run.assessments.iter().map(Assessment::verdict).min_by_key(|verdict| verdict.rank());
    Exit::Verdict(worst.unwrap_or(Verdict::InsufficientEvidence))
}

pub(super) fn moment_from(text: &str) -> Result<Time, String> {
    moment(text, Day::start)
}

pub(super) fn moment_to(text: &str) -> Result<Time, String> {
    moment(text, Day::end)
}

/// A moment, or a day that stands for its beginning or end.
fn moment(text: &str, of_day: impl Fn(Day) -> Time) -> Result<Time, String> {
    Time::parse(text.as_bytes())
        .or_else(|| Day::parse(text).map(of_day))
        .ok_or_else(|| "give a time as 2021-03-03T05:00:00Z, or a day as 2021-03-03".to_owned())
}
