//! The command line: a contract that tests and users rely on. One module per command.

mod artifacts;
mod assessments;
mod bounds;
mod check;
mod complete;
mod directive;
mod estimate;
mod example;
mod explain;
mod feeds;
mod hunt;
mod output;
mod pack;
mod packs;
mod report;
mod rules;
mod summary;
mod timeline;
mod unfinished;
mod webshell;
#[cfg_attr(not(feature = "yara"), path = "no_yara.rs")]
mod yara;

use std::io::{self, IsTerminal, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use vigie_detect::sigma::Placeholders;
use vigie_detect::{LoadErrors, OnError, RuleSet, Sources};
use vigie_model::Time;
use vigie_parse::collection::Password;
use vigie_report::{Color, Lang, Role, Style};

use crate::bundle;
use crate::engine::Content;
use crate::exit::Exit;

/// Vigie, the lookout: from the evidence of on-premises Microsoft Exchange servers to a verdict, offline.
#[derive(Debug, Parser)]
#[command(name = "vigie", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

const EXIT_CODES: &str = "Exit codes of check (the worst host decides): 0 no evidence of compromise or not exposed; \
10 attempted; 20 compromised or presumed compromised; 30 insufficient evidence; 2 usage; 3 nothing could be read, \
or a rule or pack would not load; 130 interrupted. Of hunt: 0 hits; 1 none; 2 and 3 as above. Of directive status: \
see its own help.";

/// Options of every command.
#[derive(Clone, Copy, Debug, Args)]
struct Global {
    /// Say less: no progress, no hints.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// No colors (as `NO_COLOR` in the environment).
    #[arg(long, global = true)]
    no_color: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// From a folder, archive or single files to a verdict: the main job.
    Check(check::Check),
    /// Plain Sigma, YARA and indicator hunting over any evidence: hits, one a line.
    Hunt(hunt::Hunt),
    /// Every event, merged and ordered by time: CSV, JSON lines, for Timesketch, or a body file.
    Timeline(timeline::Timeline),
    /// What would these pages do? ASP.NET and classic ASP files, read as code.
    Webshell(webshell::WebShell),
    /// Many assessments at a glance: verdicts, the same payload on several servers, what to do first.
    Summary(summary::SummaryArgs),
    /// Orders of authorities: what they ask, and who has done it, proven or only declared.
    Directive(directive::DirectiveArgs),
    /// Link lists of victims, bound how many there are, estimate, or refuse to.
    Estimate(estimate::Estimate),
    /// Render an assessment again: another language, role or format, without the evidence.
    Report(report::Report),
    /// What Vigie reads.
    Artifacts(artifacts::Artifacts),
    /// What Vigie runs.
    Rules(rules::Rules),
    /// What Vigie knows: campaigns, their windows, their ways in.
    Packs(packs::Packs),
    /// New knowledge, signed and offline: build, verify, update, forget.
    Pack(pack::Pack),
    /// What a diagnostic, a rule, a build, a CVE or a pack means.
    Explain(explain::Explain),
    /// Write the bundled example evidence.
    Example(example::Example),
    /// Write a completion script for a shell.
    Completions(complete::Completions),
    /// Write the manual page.
    #[command(hide = true)]
    Man,
}

impl Command {
    /// Whether its answer rests on packs or tables.
    const fn uses_knowledge(&self) -> bool {
        match self {
            Command::Check(_)
            | Command::Hunt(_)
            | Command::Rules(_)
            | Command::Packs(_)
            | Command::Directive(_)
            | Command::Explain(_) => true,
            Command::Timeline(_)
            | Command::Webshell(_)
            | Command::Summary(_)
            | Command::Estimate(_)
            | Command::Report(_)
            | Command::Artifacts(_)
            | Command::Pack(_)
            | Command::Example(_)
            | Command::Completions(_)
            | Command::Man => false,
        }
    }
}

/// Days after which knowledge is called old: Microsoft publishes fixes once a month.
const OLD_AFTER_DAYS: i32 = 60;

/// The moment of this run, to the second. A page that rests on it says which it is: the same bytes can be had again.
fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_secs()).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    Time::from_micros(micros).unwrap_or(Time::MAX)
}

/// Warns when what is known is old.
fn tell_age(global: Global) {
    let as_of = vigie_assess::knowledge::current().as_of;
    let days = now().day().0 - as_of.0;
    if days > OLD_AFTER_DAYS {
        let hint = "newer flaws are not counted; vigie pack update FILE brings newer knowledge";
        say(global, &format!("warning: builds and fixes are known up to {as_of}, {days} days ago: {hint}"));
    }
}

/// Runs a command.
///
/// # Errors
/// What a person must read: rules that do not load, folders that cannot be written.
pub fn run(cli: Cli) -> anyhow::Result<Exit> {
    let global = cli.global;
    if cli.command.uses_knowledge() {
        bundle::load_kept()?;
        tell_age(global);
    }
    match cli.command {
        Command::Check(args) => check::run(&args, global),
        Command::Hunt(args) => hunt::run(&args, global),
        Command::Timeline(args) => timeline::run(&args, global),
        Command::Webshell(args) => webshell::run(&args, global),
        Command::Summary(args) => summary::run(&args, global),
        Command::Directive(args) => directive::run(&args, global),
        Command::Estimate(args) => estimate::run(&args, global),
        Command::Report(args) => report::run(&args, global),
        Command::Artifacts(args) => artifacts::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Packs(args) => packs::run(&args),
        Command::Pack(args) => pack::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Example(args) => example::run(&args),
        Command::Completions(args) => complete::run(&args),
        Command::Man => complete::man(),
    }
}

/// Prints what clap says of a command line, and whether that was help or a mistake.
pub fn usage(error: &clap::Error) -> Exit {
    // Nothing better can be done where even this cannot be written.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

/// Ends with 130 on Ctrl-C, without a half-written line of progress.
pub fn on_interrupt() {
    let installed = ctrlc::set_handler(|| {
        unfinished::remove_all();
        let _ = io::stderr().write_all(b"\ninterrupted\n");
        #[allow(
            clippy::exit,
            reason = "the signal handler has no other way to end the program with its code"
        )]
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    // Without a handler the system's own default ends the program: the shell reports 130 all the same.
    drop(installed);
}

/// Prints the chain of causes.
pub fn report_error(error: &anyhow::Error) -> Exit {
    let mut err = io::stderr().lock();
    // Nothing better can be done where even this cannot be written.
    let _ = writeln!(err, "error: {}", plain(&error.to_string()));
    for cause in error.chain().skip(1) {
        let _ = writeln!(err, "  because: {}", plain(&cause.to_string()));
    }
    if error.is::<UsageError>() { Exit::Usage } else { Exit::Unreadable }
}

/// A message line by line, with what would act on a terminal made visible: messages quote what files hold.
fn plain(message: &str) -> String {
    message.lines().map(vigie_report::escape::visible).collect::<Vec<_>>().join("\n")
}

/// Whether the reader of our output went away, which is no error.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let json = || cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        cause.downcast_ref::<io::Error>().map(io::Error::kind).or_else(json)
    };
    error.chain().filter_map(kind).any(|kind| kind == io::ErrorKind::BrokenPipe)
}

/// The user asked for something that cannot be: exit code 2.
#[derive(Debug)]
struct UsageError(String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

fn usage_error(message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(UsageError(message.into()))
}

/// Which rules a command works with.
#[derive(Clone, Debug, Default, Args)]
struct RuleArgs {
    /// A campaign pack, by its id or folder (repeatable; default: every bundled pack).
    #[arg(long = "pack", value_name = "ID")]
    packs: Vec<String>,
    /// More Sigma rules: a file or a folder (repeatable).
    #[arg(long, value_name = "PATH")]
    rules: Vec<std::path::PathBuf>,
    /// YARA rules for every file of the evidence: a file or a folder (repeatable; needs a build with YARA).
    #[arg(long, value_name = "PATH")]
    yara: Vec<std::path::PathBuf>,
    /// A feed of indicators: a STIX bundle, MISP events, the MSTIC feed, or CSV (repeatable).
    #[arg(long, value_name = "PATH")]
    indicators: Vec<std::path::PathBuf>,
    /// Values for %placeholders% of rules (TOML: `Administrators = ["*-adm"]`).
    #[arg(long, value_name = "FILE")]
    placeholders: Option<std::path::PathBuf>,
    /// Go on without the rules that do not load; the report names them.
    #[arg(long)]
    keep_going: bool,
}

impl RuleArgs {
    /// The rules, and what of them looks at the bytes of files.
    fn load(&self) -> anyhow::Result<(RuleSet, Content)> {
        let on_error = if self.keep_going { OnError::NameAndGoOn } else { OnError::Stop };
        let mut rules = RuleSet::load(&Sources {
            packs: self.packs.clone(),
            rules: self.rules.clone(),
            indicators: self.indicators.clone(),
            on_error,
            placeholders: placeholders(self.placeholders.as_deref())?,
            ..Sources::default()
        })?;
        let content = yara::load(&mut rules, &self.yara, on_error)?;
        Ok((rules, content))
    }
}

/// Passwords of encrypted archives.
#[derive(Clone, Debug, Default, Args)]
struct PasswordArgs {
    /// A password for encrypted archives and entries (repeatable; others can see it in the list of processes).
    #[arg(long = "password", value_name = "PASSWORD")]
    passwords: Vec<String>,
    /// A file with passwords, one a line (repeatable); all are tried, and `infected` after them.
    #[arg(long = "password-file", value_name = "FILE")]
    files: Vec<std::path::PathBuf>,
}

impl PasswordArgs {
    fn load(&self) -> anyhow::Result<Vec<Password>> {
        let mut passwords: Vec<Password> =
            self.passwords.iter().map(|password| Password::new(password.as_bytes())).collect();
        for path in &self.files {
            let bytes = std::fs::read(path)
                .map_err(|error| usage_error(format!("--password-file {}: {error}", path.display())))?;
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            let lines =
                bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            passwords.extend(lines.filter(|line| !line.is_empty()).map(Password::new));
        }
        Ok(passwords)
    }
}

/// The values of placeholders; none without a file.
fn placeholders(path: Option<&std::path::Path>) -> Result<Placeholders, LoadErrors> {
    let read = path.map(vigie_detect::placeholders::read).transpose();
    read.map(Option::unwrap_or_default).map_err(|error| LoadErrors(vec![error]))
}

/// Names the rules that wait for the values of placeholders.
fn tell_without_values(rules: &RuleSet, global: Global) {
    let waiting = rules.without_values();
    if waiting.is_empty() {
        return;
    }
    say(
        global,
        &format!(
            "warning: {} rules have placeholders without values; --placeholders FILE gives them:",
            waiting.len()
        ),
    );
    for (rule, names) in waiting {
        let names: Vec<String> = names.iter().map(|name| format!("%{name}%")).collect();
        say(global, &format!("  {}: {}: {}", rule.source, rule.title, names.join(", ")));
    }
}

/// How a command tells its result.
#[derive(Clone, Copy, Debug, Args)]
struct StyleArgs {
    /// The language of what a person reads.
    #[arg(long, value_parser = lang, default_value = "en", value_name = "en|fr")]
    lang: Lang,
    /// Who reads it.
    #[arg(long, value_parser = role, default_value = "owner", value_name = "owner|responder|authority")]
    role: Role,
}

impl StyleArgs {
    fn style(self, global: Global) -> Style {
        let no_color = global.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = if !no_color && io::stdout().is_terminal() { Color::Always } else { Color::Never };
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(80);
        Style { lang: self.lang, role: self.role, color, width }
    }
}

fn lang(text: &str) -> Result<Lang, String> {
    Lang::from_code(text).ok_or_else(|| "give en or fr".to_owned())
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_word(text).ok_or_else(|| "give owner, responder or authority".to_owned())
}

/// A line for the person at the terminal, on standard error.
fn say(global: Global, line: &str) {
    if !global.quiet {
        let _ = writeln!(io::stderr(), "{line}");
    }
}
