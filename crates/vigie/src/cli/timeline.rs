//! `vigie timeline`: every event of any evidence, merged and ordered by time.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use vigie_model::{Diagnostic, Time};
use vigie_report::{escape, timeline};

use super::check::{moment_from, moment_to, provide};
use super::{Global, PasswordArgs, bounds, say, unfinished, usage_error};
use crate::engine::timeline::{Settings, Timed};
use crate::engine::{self, Config, Progress};
use crate::exit::Exit;

/// Files named among those of which something is not in the timeline; all are counted.
const TOLD_MAX: usize = 20;
/// The part of the memory in which rows wait; the rest is for reading.
const MEMORY_PART: u64 = 4;
/// Bytes written at a time.
const WRITE_BYTES: usize = 1 << 20;

/// Arguments of `vigie timeline`.
#[derive(Debug, Args)]
pub(super) struct Timeline {
    /// Folders, archives, disk images, or single files.
    #[arg(required = true, value_name = "EVIDENCE")]
    evidence: Vec<PathBuf>,
    #[command(flatten)]
    passwords: PasswordArgs,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Only what happened from this time on (ISO 8601, UTC).
    #[arg(long, value_parser = moment_from, value_name = "TIME")]
    from: Option<Time>,
    /// Only what happened up to this time.
    #[arg(long, value_parser = moment_to, value_name = "TIME")]
    to: Option<Time>,
    /// Write there; `-` is standard output. Rows that do not fit into memory wait beside it.
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    output: PathBuf,
    /// Overwrite the file.
    #[arg(long, short = 'C')]
    clobber: bool,
    /// The server's name, when the collection does not tell it.
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// Threads that read evidence; 0: one per core.
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    #[command(flatten)]
    bounds: bounds::BoundArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One row an event and moment, for spreadsheets (and Timesketch).
    Csv,
    /// One JSON object an event and moment.
    Jsonl,
    /// JSON lines as Timesketch imports them: flat, with the names that its analyzers read.
    Timesketch,
    /// A body file of The Sleuth Kit 3, for mactime.
    Bodyfile,
}

impl Format {
    const fn of_report(self) -> timeline::Format {
        match self {
            Format::Csv => timeline::Format::Csv,
            Format::Jsonl => timeline::Format::Jsonl,
            Format::Timesketch => timeline::Format::Timesketch,
            Format::Bodyfile => timeline::Format::Bodyfile,
        }
    }
}

pub(super) fn run(args: &Timeline, global: Global) -> anyhow::Result<Exit> {
    for path in &args.evidence {
        provide(path, global)?;
    }
    let mut config = Config {
        host: args.host.clone(),
        from: args.from,
        to: args.to,
        threads: args.threads,
        passwords: args.passwords.load()?,
        ..Config::default()
    };
    args.bounds.set(&mut config);
    let progress = if global.quiet { Progress::hidden() } else { Progress::on_terminal() };
    let memory = usize::try_from(args.bounds.memory() / MEMORY_PART).unwrap_or(usize::MAX);
    let format = args.format.of_report();
    let write = |spill: &Path, out: &mut dyn Write| {
        let settings = Settings { format, spill, memory };
        engine::timeline(&args.evidence, &settings, &config, &progress, out).with_context(|| {
            format!("cannot write the timeline, or what waits for it in {}", spill.display())
        })
    };
    let timed = if args.output.as_os_str() == "-" {
        let mut out = BufWriter::with_capacity(WRITE_BYTES, io::stdout());
        write(&std::env::temp_dir(), &mut out)?
    } else {
        to_file(&args.output, args.clobber, &write)?
    };
    tell(&timed, global);
    tell_name(args, global);
    Ok(exit(&timed, global))
}

/// Writes beside the file and puts the whole of it in its place at the end: half a timeline looks like a whole one.
fn to_file(
    path: &Path,
    clobber: bool,
    write: &dyn Fn(&Path, &mut dyn Write) -> anyhow::Result<Timed>,
) -> anyhow::Result<Timed> {
    let shown = path.display();
    if path.exists() && !clobber {
        return Err(usage_error(format!("{shown} exists already; give --clobber to overwrite it")));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name() else {
        return Err(usage_error(format!("{shown} is not the name of a file")));
    };
    let mut part = name.to_owned();
    part.push(".part");
    let part = folder.join(part);
    let file = create_part(&part, clobber)?;
    let guard = unfinished::Unfinished::new(&part);
    let timed = write(folder, &mut BufWriter::with_capacity(WRITE_BYTES, file))?;
    fs::rename(&part, path).with_context(|| format!("cannot write {shown}"))?;
    guard.finish();
    Ok(timed)
}

/// A new file that only its owner may read: nothing that lies under its name is written into or followed.
fn create_part(part: &Path, clobber: bool) -> anyhow::Result<File> {
    let shown = part.display();
    if clobber && fs::symlink_metadata(part).is_ok_and(|found| found.is_file()) {
        fs::remove_file(part).with_context(|| format!("cannot remove {shown}"))?;
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(part).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => usage_error(format!(
            "{shown} exists already, left by another run or still being written: remove it, or give --clobber to \
             overwrite a file"
        )),
        _ => anyhow::Error::new(error).context(format!("cannot write {shown}")),
    })
}

fn tell(timed: &Timed, global: Global) {
    let Timed { rows, events, files, files_read, outside, spilled, untimed, diagnostics } = timed;
    say(global, &format!("{rows} rows of {events} events; {files_read} of {files} files were read"));
    if *spilled > 0 {
        say(global, &format!("more rows than fit into memory: they waited on disk, in {spilled} parts"));
    }
    if *outside > 0 {
        say(global, &format!("{outside} rows lie outside of --from and --to"));
    }
    let lost: u64 = untimed.iter().map(|(_, events)| events).sum();
    if lost > 0 {
        say(global, &format!("{lost} events have no time that this format can hold and are not in it:"));
        let lines = untimed.iter().map(|(path, events)| format!("{events} of {path}"));
        list(lines.collect(), global);
    }
    let damage: Vec<String> =
        diagnostics.iter().filter(|diagnostic| diagnostic.code.is_told_first()).map(told).collect();
    if !damage.is_empty() {
        say(global, &format!("{} times evidence was not read to the end, or not as expected:", damage.len()));
        list(damage, global);
    }
}

fn told(diagnostic: &Diagnostic) -> String {
    let Diagnostic { path, code, place, message, count, .. } = diagnostic;
    let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
    let place = if place.is_empty() { String::new() } else { format!(" {place}") };
    format!("{path}{place}: {} {message}{times} ({})", code.title(), code.id())
}

fn list(lines: Vec<String>, global: Global) {
    let more = lines.len().saturating_sub(TOLD_MAX);
    for line in lines.into_iter().take(TOLD_MAX) {
        say(global, &format!("  {}", escape::visible(&line)));
    }
    if more > 0 {
        say(global, &format!("  and {more} more"));
    }
}

/// Timesketch takes a file by its ending.
fn tell_name(args: &Timeline, global: Global) {
    let is_named = args.output.extension().is_some_and(|ending| ending == "jsonl");
    if args.format == Format::Timesketch && !is_named {
        say(global, "hint: Timesketch imports this under a name that ends in .jsonl");
    }
}

fn exit(timed: &Timed, global: Global) -> Exit {
    if timed.files_read > 0 {
        return Exit::Done;
    }
    let message = format!("error: nothing could be read: {} files, none of them known evidence", timed.files);
    say(Global { quiet: false, ..global }, &message);
    Exit::Unreadable
}
