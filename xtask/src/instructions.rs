//! How many instructions a small fixed input costs, counted by valgrind: the one measure of speed that a busy machine
//! does not change. Compared with the counts that are committed, so that a slow-down is seen when it comes.
//!
//! valgrind's processor has no SHA instructions: hashing weighs more here than anywhere else, and never changes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use vigie_example::bulk;

use crate::tree;

/// The committed counts: a name and a count on each line.
const BASELINE: &str = "xtask/instructions.tsv";
/// Bytes of each input: enough to weigh more than the start of the program, few enough for two minutes.
const INPUT_BYTES: u64 = 2_000_000;
const SEED: u64 = 20_210_302;
/// A rise over the baseline that is shown loudly, in percent: hash seeds and the allocator move counts by less.
const LOUD_PERCENT: f64 = 3.0;
/// A rise that fails, in percent.
const FAILS_PERCENT: f64 = 25.0;

/// An input, by its name in the table.
struct Kind {
    name: &'static str,
    file_name: &'static str,
    write: fn(&mut BufWriter<File>) -> std::io::Result<u64>,
}

const KINDS: &[Kind] = &[
    Kind { name: "iis.w3c", file_name: "u_ex210228.log", write: |out| bulk::iis(out, INPUT_BYTES, SEED) },
    Kind {
        name: "exchange.httpproxy",
        file_name: "HttpProxy_2021022800-1.LOG",
        write: |out| bulk::httpproxy(out, INPUT_BYTES, SEED),
    },
    Kind { name: "windows.evtx", file_name: "Sysmon.evtx", write: |out| bulk::evtx(out, INPUT_BYTES, SEED) },
];

/// A rule for a log that no input is of: with it alone a hunt reads and matches nothing.
const UNRELATED_RULE: &str = "title: Something on a Mac\nid: 6f5f2a3c-9c1d-4d5c-8f7b-1f6a0c0b7e11\n\
    logsource:\n  product: macos\n  category: process_creation\n\
    detection:\n  selection:\n    Image: /bin/nothing\n  condition: selection\nlevel: low\n";

/// Counts everything, prints the table, and fails on a large rise. `UPDATE_EXPECT=1` accepts the counts.
pub(crate) fn run() -> anyhow::Result<()> {
    let vigie = tree::release_binary()?;
    let folder = tree::scratch("instructions")?;
    let counts = count_all(&vigie, &folder)?;
    let baseline = tree::root().join(BASELINE);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let lines = counts.iter().fold(String::new(), |mut lines, (name, count)| {
            let _ = writeln!(lines, "{name}\t{count}");
            lines
        });
        std::fs::write(&baseline, lines).with_context(|| format!("cannot write {BASELINE}"))?;
    }
    let before = parse(&tree::read(&baseline)?)?;
    let (table, outcome) = compare(&counts, &before);
    print!("{table}");
    match outcome {
        Outcome::Within => Ok(()),
        Outcome::Loud => {
            println!("\n!!! some counts rose by more than {LOUD_PERCENT} %: UPDATE_EXPECT=1 accepts them");
            Ok(())
        }
        Outcome::Fails => {
            bail!(
                "counts rose by more than {FAILS_PERCENT} %; UPDATE_EXPECT=1 cargo xtask instructions accepts them"
            )
        }
    }
}

/// A row of the table: what is counted, and how many instructions it took.
type Counts = Vec<(String, u64)>;

fn count_all(vigie: &Path, folder: &Path) -> anyhow::Result<Counts> {
    let unrelated = folder.join("unrelated.yml");
    std::fs::write(&unrelated, UNRELATED_RULE)?;
    let nothing = folder.join("nothing.txt");
    std::fs::write(&nothing, "no evidence\n")?;
    let hunt = |evidence: &Path, rules: [&str; 2]| {
        let mut command = valgrind(vigie, folder);
        command.arg("hunt").arg(evidence).args(rules).args(["--threads", "1", "--quiet"]);
        count(command, folder)
    };
    let without_rules = ["--rules", &unrelated.to_string_lossy()];
    let with_pack = ["--pack", "proxylogon"];
    let (idle, loaded) = (hunt(&nothing, without_rules)?, hunt(&nothing, with_pack)?);
    let mut counts = vec![("start: the pack's rules".to_owned(), loaded)];
    for kind in KINDS {
        let path = folder.join(kind.file_name);
        (kind.write)(&mut BufWriter::new(File::create(&path)?))?;
        let (read, scanned) = (hunt(&path, without_rules)?, hunt(&path, with_pack)?);
        let mut check = valgrind(vigie, folder);
        check.arg("check").arg(&path).args(["--threads", "1", "--quiet", "--host", "COUNTED", "--clobber"]);
        let whole = count(check.arg("--output").arg(folder.join("report")), folder)?;
        let parse = read.saturating_sub(idle);
        counts.push((format!("{}: read, hash and parse", kind.name), parse));
        // Columns that no rule reads are not cut: what rules cost is all that comes with them.
        let scan = scanned.saturating_sub(loaded).saturating_sub(parse);
        counts.push((format!("{}: columns and rules", kind.name), scan));
        counts.push((format!("{}: the whole check", kind.name), whole));
    }
    Ok(counts)
}

fn counts_file(folder: &Path) -> PathBuf {
    folder.join("callgrind.out")
}

fn valgrind(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "-q"]);
    command.arg(format!("--callgrind-out-file={}", counts_file(folder).display()));
    command.arg(program);
    command
}

/// Runs a program to its end and gives how many instructions it took, whatever its exit code.
fn count(mut command: impl std::borrow::BorrowMut<Command>, folder: &Path) -> anyhow::Result<u64> {
    let command = command.borrow_mut();
    let run = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .context("valgrind counts the instructions: apt-get install valgrind")?;
    let told = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.code().is_some_and(|code| code <= 30 && code != 2), "a counted run failed: {told}");
    let text = tree::read(&counts_file(folder))?;
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    totals.and_then(|total| total.trim().parse().ok()).context("valgrind gave no total")
}

fn parse(text: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let one = |line: &str| {
        let (name, count) = line.split_once('\t').with_context(|| format!("{BASELINE}: {line}"))?;
        Ok((name.to_owned(), count.parse().with_context(|| format!("{BASELINE}: {line}"))?))
    };
    text.lines().map(one).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Within,
    Loud,
    Fails,
}

/// The table, and the worst that is in it.
#[allow(clippy::cast_precision_loss, reason = "percent, for people")]
fn compare(counts: &Counts, before: &BTreeMap<String, u64>) -> (String, Outcome) {
    let (mut table, mut worst) = (String::new(), Outcome::Within);
    for (name, count) in counts {
        let million = *count as f64 / 1e6;
        let Some(old) = before.get(name) else {
            let _ = writeln!(table, "  {name:<44} {million:>9.1} M instructions, new");
            worst = worst.max(Outcome::Loud);
            continue;
        };
        let rise = (*count as f64 / (*old as f64).max(1.0) - 1.0) * 100.0;
        let (outcome, mark) = if rise > FAILS_PERCENT {
            (Outcome::Fails, "  !!! TOO MUCH")
        } else if rise > LOUD_PERCENT {
            (Outcome::Loud, "  !!! ROSE")
        } else {
            (Outcome::Within, "")
        };
        worst = worst.max(outcome);
        let _ = writeln!(table, "  {name:<44} {million:>9.1} M instructions {rise:>+7.1} %{mark}");
    }
    (table, worst)
}

#[test]
fn a_rise_is_loud_and_a_large_one_fails() {
    let before = parse("a\t1000000\nb\t1000000\n").unwrap();
    let counts = |a: u64, b: u64| vec![("a".to_owned(), a), ("b".to_owned(), b)];
    assert_eq!(compare(&counts(1_010_000, 500_000), &before).1, Outcome::Within);
    let (table, outcome) = compare(&counts(1_050_000, 1_000_000), &before);
    assert_eq!(outcome, Outcome::Loud);
    assert!(table.contains("+5.0 %  !!! ROSE"), "{table}");
    assert_eq!(compare(&counts(1_000_000, 1_300_000), &before).1, Outcome::Fails);
    assert_eq!(compare(&vec![("c".to_owned(), 1)], &before).1, Outcome::Loud);
}
