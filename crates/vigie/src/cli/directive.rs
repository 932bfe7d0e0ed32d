//! `vigie directive`: what authorities ordered, and who has done it.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use vigie_assess::builds::{self, Build, Holds};
use vigie_directive::declarations::{self, Declaration};
use vigie_directive::register::{self, Registered};
use vigie_directive::{Known, Material, known, zone};
use vigie_model::Time;
use vigie_model::directive::{Directive, DirectiveReport, SetAside};
use vigie_model::finding::Statement;
use vigie_report::{Lang, Role, Style, directive};

use super::assessments::{self, Found};
use super::{Global, StyleArgs, lang, now, say, usage_error};
use crate::bundle;
use crate::exit::Exit;

/// Arguments of `vigie directive`.
#[derive(Debug, Args)]
pub(super) struct DirectiveArgs {
    #[command(subcommand)]
    command: Command,
}

const STATUS_HELP: &str = "\
Evidence and declarations: an assessment is dated by the last record of its logs, a declaration by its date (a day \
without an hour counts from its end in UTC). Whatever is dated after --at does not count.

CSV of declarations: organisation, host (empty: every server), action, declared (yes, no, exempt), date, note.

Whose server is it? The register says (CSV: host, organisation, group), else the declarations, else the name of the \
folder: FOLDER/ORGANISATION/HOST/assessment.json.

Exit codes: 0 all is proven, not due, exempt, or declared where evidence can prove nothing; 10 something is open; \
20 something is late, or a declaration is contradicted; 2 usage; 3 no assessment, or a list, could not be read. \
The worst decides.";

#[derive(Debug, Subcommand)]
enum Command {
    /// The directives that Vigie knows.
    List(List),
    /// What a directive orders, by when, and what evidence can prove of it.
    Show(Show),
    /// Who has done what was ordered: proven, only declared, contradicted, late.
    #[command(after_help = STATUS_HELP)]
    Status(Status),
}

#[derive(Debug, Args)]
struct List {
    /// The language of what a person reads.
    #[arg(long, value_parser = lang, default_value = "en", value_name = "en|fr")]
    lang: Lang,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Show {
    /// The directive, `ed-21-02`.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    how: List,
}

#[derive(Debug, Args)]
struct Status {
    /// assessment.json files, or folders that hold them at any depth.
    #[arg(required = true, value_name = "ASSESSMENTS")]
    paths: Vec<PathBuf>,
    /// What the organisations declare.
    #[arg(long, value_name = "CSV")]
    declarations: Option<PathBuf>,
    /// Whose servers are whose.
    #[arg(long, value_name = "CSV")]
    register: Option<PathBuf>,
    /// The moment that is asked about, with its zone (2021-03-05T12:00:00-05:00, "2021-03-05 12:00 EST"); default: now.
    #[arg(long, value_parser = zone::with_zone, value_name = "TIME")]
    at: Option<Time>,
    /// A directive, by its id (repeatable; default: every one).
    #[arg(long = "directive", value_name = "ID")]
    directives: Vec<String>,
    /// table, html or json.
    #[arg(long, default_value = "table", value_parser = ["table", "html", "json"], value_name = "NAME")]
    format: String,
    /// The language of what a person reads.
    #[arg(long, value_parser = lang, default_value = "en", value_name = "en|fr")]
    lang: Lang,
}

pub(super) fn run(args: &DirectiveArgs, global: Global) -> anyhow::Result<Exit> {
    let all = vigie_directive::bundled()?;
    match &args.command {
        Command::List(args) => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            if args.json {
                serde_json::to_writer_pretty(&mut out, &all)?;
                writeln!(out)?;
            } else {
                directive::list(&all, &style(args.lang, global), &mut out)?;
            }
            out.flush()?;
            Ok(Exit::Done)
        }
        Command::Show(args) => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            for one in chosen(&all, std::slice::from_ref(&args.id))? {
                if args.how.json {
                    serde_json::to_writer_pretty(&mut out, &one)?;
                    writeln!(out)?;
                } else {
                    directive::show(&one, &style(args.how.lang, global), &mut out)?;
                }
            }
            out.flush()?;
            Ok(Exit::Done)
        }
        Command::Status(args) => status(args, &all, global),
    }
}

fn style(lang: Lang, global: Global) -> Style {
    StyleArgs { lang, role: Role::Authority }.style(global)
}

/// The directives that were named; all of them without a name.
fn chosen(all: &[Directive], names: &[String]) -> anyhow::Result<Vec<Directive>> {
    let known = |name: &String| all.iter().any(|one| one.id.eq_ignore_ascii_case(name));
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let ids: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
        return Err(usage_error(format!("no directive is called {unknown}; known are {}", ids.join(", "))));
    }
    let wanted =
        |one: &&Directive| names.is_empty() || names.iter().any(|name| one.id.eq_ignore_ascii_case(name));
    Ok(all.iter().filter(wanted).cloned().collect())
}

fn status(args: &Status, all: &[Directive], global: Global) -> anyhow::Result<Exit> {
    let directives = chosen(all, &args.directives)?;
    let asked: Vec<String> = directives.iter().map(|one| one.id.clone()).collect();
    let declarations = declared(args.declarations.as_deref(), all, &asked)?;
    let register = registered(args.register.as_deref(), all)?;
    let found = assessments::find(&args.paths)?;
    if found.files.is_empty() && declarations.is_empty() && register.is_empty() {
        return Err(usage_error("no assessment.json there; `vigie check --output DIR` writes them"));
    }
    let (known, unread) = read_all(&found.files);
    say(global, &format!("{} assessments, {} declarations", known.len(), declarations.len()));
    let material = Material {
        directives: &directives,
        known: &known,
        declarations: &declarations,
        register: &register,
        held,
    };
    let mut report = vigie_directive::status(&material, args.at.unwrap_or_else(now));
    let passed_over = found.passed_over.iter().map(|one| unreadable(&one.path, &one.why));
    report.set_aside.extend(passed_over.chain(unread));
    report.set_aside.sort();
    // Whoever stops reading our output still gets the exit code.
    match print(args, &report, global) {
        Err(error) if super::is_broken_pipe(&error) => {}
        printed => printed?,
    }
    Ok(exit(&report, &directives, known.is_empty() && !found.files.is_empty()))
}

fn print(args: &Status, report: &DirectiveReport, global: Global) -> anyhow::Result<()> {
    let style = style(args.lang, global);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match args.format.as_str() {
        "html" => directive::html(report, &style, &mut out)?,
        "json" => directive::json(report, &mut out)?,
        _ => directive::text(report, &style, &mut out)?,
    }
    Ok(out.flush()?)
}

/// The worst status decides; an assessment that could not be read leaves something open.
fn exit(report: &DirectiveReport, directives: &[Directive], nothing_read: bool) -> Exit {
    if nothing_read {
        return Exit::Unreadable;
    }
    let evidence = |id: &str, action: &str| {
        let of = directives.iter().find(|one| one.id == id)?;
        of.actions.iter().find(|one| one.id == action).map(|one| &one.evidence)
    };
    let codes = report.directives.iter().flat_map(|one| {
        let actions = one.organisations.iter().flat_map(|organisation| &organisation.actions);
        actions.filter_map(|action| Some(action.status.exit_code(evidence(&one.id, &action.action)?)))
    });
    let unread = report.set_aside.iter().any(|one| one.reason.key == "unreadable");
    match codes.max().unwrap_or(0) {
        20.. => Exit::Overdue,
        10.. => Exit::Open,
        _ if unread => Exit::Open,
        _ => Exit::Done,
    }
}

/// Reads one assessment after the other, and keeps of each what directives ask for.
fn read_all(found: &[Found]) -> (Vec<Known>, Vec<SetAside>) {
    let mut known = Vec::new();
    let mut unread = Vec::new();
    for file in found {
        match read(file) {
            Ok(one) => known.push(one),
            Err(why) => unread.push(unreadable(&file.path, &why)),
        }
    }
    (known, unread)
}

fn read(file: &Found) -> Result<Known, String> {
    // The path stands beside the reason already.
    let bytes = assessments::read(&file.path).map_err(|error| error.root_cause().to_string())?;
    known::read(&file.path.display().to_string(), file.folders.clone(), &bytes)
}

/// A file that could not be read, by name.
fn unreadable(path: &Path, why: &str) -> SetAside {
    let reason = Statement::new("unreadable").with("why", why);
    SetAside { source: path.display().to_string(), host: String::new(), reason }
}

fn declared(path: Option<&Path>, all: &[Directive], asked: &[String]) -> anyhow::Result<Vec<Declaration>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let bytes = bundle::read(path, declarations::BYTES_MAX as u64)?;
    Ok(declarations::read(&path.display().to_string(), &bytes, all, asked)?)
}

fn registered(path: Option<&Path>, all: &[Directive]) -> anyhow::Result<Vec<Registered>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let bytes = bundle::read(path, declarations::BYTES_MAX as u64)?;
    Ok(register::read(&path.display().to_string(), &bytes, all)?)
}

/// Whether a build closes a flaw; what is disputed or in no table nobody can tell, nor can a build tell of a setting that
/// the fix needs besides.
fn held(build: &str, cve: &str) -> Option<bool> {
    let build = Build::parse(build)?;
    match builds::holds(build, cve) {
        Holds::Yes => (!builds::needs_more(build.product(), cve)).then_some(true),
        Holds::No => Some(false),
        Holds::Conflict(..) | Holds::MarchSpecial | Holds::Unsupported | Holds::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::held;

    #[test]
    fn a_build_does_not_prove_the_setting_that_a_fix_needs_besides() {
        assert_eq!(held("15.1.2507.37", "CVE-2024-21410"), None, "Extended Protection may be off");
        assert_eq!(held("15.1.2375.18", "CVE-2024-21410"), Some(false), "without the fix no setting helps");
        assert_eq!(held("15.1.2176.9", "CVE-2021-26855"), Some(true));
    }
}
