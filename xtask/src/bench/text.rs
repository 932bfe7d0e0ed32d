//! Text logs of a busy server: every stage, a whole check under the packs and a hunt under the public web rules, each
//! beside ripgrep with the texts of the same rules on the same bytes.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use vigie_detect::{Bundled, RuleSet, Sources};

use super::measure::{self, Cost};
use super::{MEGABYTE, MEMORY_MIB_AIM, Write, generated, line, patterns, public_rules, stages};
use crate::tree;

/// The most processor time a check may take over that of ripgrep: the aim of the design.
const CHECK_RATIO_AIM: f64 = 1.3;
/// The same for a hunt with the public web rules beside [`WEB_PATTERNS`] texts.
const WEB_RATIO_AIM: f64 = 1.5;
/// Texts given to ripgrep beside the public web rules.
const WEB_PATTERNS: usize = 150;

/// A kind of log to measure.
struct Log {
    artifact: &'static str,
    file_name: &'static str,
    write: Write,
}

const LOGS: &[Log] = &[
    Log { artifact: "iis.w3c", file_name: "u_ex210228.log", write: vigie_example::bulk::iis },
    Log {
        artifact: "exchange.httpproxy",
        file_name: "HttpProxy_2021022800-1.LOG",
        write: vigie_example::bulk::httpproxy,
    },
];

/// A whole check under the bundled packs.
pub(super) fn check(megabytes: u64) -> anyhow::Result<()> {
    let vigie = tree::release_binary()?;
    let rules = Arc::new(RuleSet::load(&Sources::default())?);
    for log in LOGS {
        let path = generated(log.artifact, log.file_name, megabytes * MEGABYTE, log.write)?;
        let output = tree::scratch("bench")?.join("output");
        let mut check = Command::new(&vigie);
        check
            .arg("check")
            .arg(&path)
            .args(["--threads", "1", "--quiet", "--host", "BENCH", "--output"])
            .arg(&output);
        let seen = Seen { artifact: log.artifact, path: &path, rules: &rules, patterns: usize::MAX };
        compare(&seen, ("vigie check, 1 thread", check), CHECK_RATIO_AIM)?;
    }
    Ok(())
}

/// A hunt in an IIS log under the public rules for web servers, wherever they lie.
pub(super) fn web_rules(megabytes: u64) -> anyhow::Result<()> {
    let Some(folder) = public_rules("") else { return Ok(()) };
    let vigie = tree::release_binary()?;
    let mut files = Vec::new();
    for path in tree::all_files(&folder)?.into_iter().filter(|path| tree::has_extension(path, "yml")) {
        let text = tree::read(&path)?;
        if text.lines().any(|line| line.trim_start().starts_with("category: webserver")) {
            files.push(path);
        }
    }
    println!("{} files of rules for web servers", files.len());
    let sources = Sources { bundled: Bundled::None, rules: files.clone(), ..Sources::default() };
    let rules = Arc::new(RuleSet::load(&sources)?);
    let Some(log) = LOGS.first() else { return Ok(()) };
    let path = generated(log.artifact, log.file_name, megabytes * MEGABYTE, log.write)?;
    let hunt = super::hunt(&vigie, &path, &files);
    let seen = Seen { artifact: log.artifact, path: &path, rules: &rules, patterns: WEB_PATTERNS };
    compare(&seen, ("vigie hunt, 1 thread", hunt), WEB_RATIO_AIM)
}

/// What both sides look at.
struct Seen<'a> {
    artifact: &'a str,
    path: &'a Path,
    rules: &'a Arc<RuleSet>,
    /// Texts for ripgrep at most.
    patterns: usize,
}

fn compare(seen: &Seen<'_>, (name, mut vigie): (&str, Command), aim: f64) -> anyhow::Result<()> {
    let bytes = seen.path.metadata()?.len();
    println!("{}: {} MB, {}", seen.artifact, bytes / MEGABYTE, seen.path.display());
    for stage in stages::run(seen.path, seen.rules)? {
        line(&stage.name, bytes, &stage.cost);
    }
    let ours = measure::child(&mut vigie)?;
    line(name, bytes, &ours);
    let (patterns, rg) = ripgrep(seen)?;
    line(&format!("rg -c -F -i, {patterns} patterns"), bytes, &rg);
    let ratio = ours.cpu_seconds / rg.cpu_seconds;
    println!(
        "  time over rg: {ratio:.2} (aim {aim}); memory {} MiB (aim {MEMORY_MIB_AIM})\n",
        ours.peak_mib()
    );
    Ok(())
}

fn ripgrep(seen: &Seen<'_>) -> anyhow::Result<(usize, Cost)> {
    let list = tree::scratch("bench-patterns")?.join("patterns");
    let patterns = patterns::write(seen.rules, seen.artifact, &list, seen.patterns)?;
    let mut rg = Command::new("rg");
    rg.args(["-c", "-F", "-i", "-j", "1", "--no-config", "-f"]).arg(&patterns.path).arg(seen.path);
    let cost =
        measure::child(&mut rg).context("ripgrep is what it is compared with: apt-get install ripgrep")?;
    Ok((patterns.count, cost))
}
