//! Builds the fuzz targets with the stable compiler and runs each for a while, seeded with the parsers' fixtures.
//!
//! `cargo fuzz` works on the same folder; it adds a watch over memory, which needs a nightly compiler, and which finds
//! little here since nothing of ours is `unsafe`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::tree;

/// What `cargo fuzz` gives the compiler so that libFuzzer sees which edges an input takes, without what needs nightly.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// The most memory that a target may take, in MiB.
const MEMORY_MIB_MAX: u32 = 2_048;
/// The longest that one input may take, in seconds.
const INPUT_SECONDS_MAX: u32 = 25;
/// The largest input that is tried, in bytes.
const INPUT_BYTES_MAX: u32 = 1 << 18;

/// Builds every target; runs the named ones, or all, for so many seconds each.
pub(crate) fn run(seconds: &str, names: &[&str]) -> anyhow::Result<()> {
    let seconds: u32 = seconds.parse().context("how many seconds each target runs")?;
    let folder = build()?;
    let targets = targets()?;
    for name in names {
        ensure!(targets.iter().any(|target| target == name), "no fuzz target {name}: there are {targets:?}");
    }
    let mut broken = Vec::new();
    for target in targets.iter().filter(|target| names.is_empty() || names.contains(&target.as_str())) {
        if !explore(&folder.join(target), target, seconds)? {
            broken.push(target.clone());
        }
    }
    ensure!(broken.is_empty(), "broken: {broken:?}; the inputs are in {}", findings().display());
    Ok(())
}

/// Builds every target; gives the folder with the binaries.
fn build() -> anyhow::Result<PathBuf> {
    let host = host()?;
    let folder = tree::target().join("fuzz");
    let build = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--bins", "--target", &host, "--target-dir"])
        .arg(&folder)
        .current_dir(tree::root().join("fuzz"))
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
        .env_remove("RUSTFLAGS")
        .status()
        .context("cannot start cargo")?;
    ensure!(build.success(), "the fuzz targets do not build");
    Ok(folder.join(host).join("release"))
}

/// With a target named, build scripts and macros are built without the fuzzer's hooks.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what machine this is")?.to_owned())
}

fn targets() -> anyhow::Result<Vec<String>> {
    let files = tree::files("fuzz/fuzz_targets")?;
    Ok(files.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect())
}

/// Runs one target; whether it found nothing.
fn explore(binary: &Path, target: &str, seconds: u32) -> anyhow::Result<bool> {
    let corpus = tree::target().join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(findings())?;
    seed(target, &corpus)?;
    let output = Command::new(binary)
        .arg(&corpus)
        // To libFuzzer a time of 0 is no limit; here it is the seeds alone.
        .arg(if seconds == 0 { "-runs=0".to_owned() } else { format!("-max_total_time={seconds}") })
        .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-artifact_prefix={}/{target}-", findings().display()))
        .output()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let last = log.lines().rev().find(|line| line.contains("cov: ")).unwrap_or("no coverage line");
    println!("fuzz {target}: {} {last}", if output.status.success() { "ok" } else { "BROKEN" });
    if !output.status.success() {
        let from = log.find("panicked at").or_else(|| log.find("ERROR:")).unwrap_or_default();
        println!("{}", log.get(from..).unwrap_or_default());
    }
    Ok(output.status.success())
}

/// Puts into the corpus what a target starts from, and every input that once broke it.
fn seed(target: &str, corpus: &Path) -> anyhow::Result<()> {
    let mut seeds = match target {
        "collection_zip" => vec![small_zip()?],
        "collection_sevenz" => samples("7z")?,
        "collection_tar" => vec![small_tar()],
        "ntfs_table" => file_tables()?,
        "pack" => pack_files()?,
        "sigma" => {
            contents(tree::files("packs")?.into_iter().filter(|path| tree::has_extension(path, "yml")))?
        }
        _ => contents(tree::files("crates")?.into_iter().filter(|path| is_fixture(path, target)))?,
    };
    seeds.extend(contents(tree::files(&format!("fuzz/regressions/{target}"))?.into_iter())?);
    seeds.retain(|seed| seed.len() <= INPUT_BYTES_MAX as usize);
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{index}")), seed)?;
    }
    Ok(())
}

fn contents(paths: impl Iterator<Item = PathBuf>) -> anyhow::Result<Vec<Vec<u8>>> {
    paths
        .map(|path| std::fs::read(&path).with_context(|| format!("cannot read {}", path.display())))
        .collect()
}

/// Whether a file is an input that the parser of this target has a golden case for.
fn is_fixture(path: &Path, target: &str) -> bool {
    let shown = tree::shown(path);
    let Some((_, below)) = shown.split_once("/fixtures/") else { return false };
    let artifact = below.split('/').next().unwrap_or_default();
    artifact.replace(['.', '-'], "_") == target && below.contains("/input")
}

/// The files of the packs, each after the byte that tells the target which one it stands for.
fn pack_files() -> anyhow::Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for (which, name) in ["pack.toml", "indicators.csv", "text.fr.toml"].into_iter().enumerate() {
        let named =
            tree::files("packs")?.into_iter().filter(|path| path.file_name().is_some_and(|it| it == name));
        for content in contents(named)? {
            let mut seed = vec![u8::try_from(which)?];
            seed.extend(content);
            seeds.push(seed);
        }
    }
    Ok(seeds)
}

/// A zip with one short log and one page.
fn small_zip() -> anyhow::Result<Vec<u8>> {
    let modified = vigie_model::Time::parse(b"2021-03-03T00:00:00Z").context("a moment")?;
    let file = |path: &str, text: &str| vigie_example::File {
        path: path.to_owned(),
        modified,
        bytes: text.as_bytes().to_vec(),
    };
    let log = "#Fields: date time cs-method cs-uri-stem sc-status\r\n2021-03-03 00:00:00 GET / 200\r\n";
    let files = [
        file("C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", log),
        file("C/inetpub/wwwroot/a.aspx", "<%%>"),
    ];
    let mut out = std::io::Cursor::new(Vec::new());
    vigie_example::archive::write(&files, &mut out)?;
    Ok(out.into_inner())
}

/// The small archives of the tests, of one kind.
fn samples(ending: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let samples = tree::files("crates/vigie-parse/tests/samples")?;
    contents(samples.into_iter().filter(|path| tree::has_extension(path, ending)))
}

/// File tables of small volumes: one with folders and pages, one whose folders lie in each other.
fn file_tables() -> anyhow::Result<Vec<Vec<u8>>> {
    use vigie_example::ntfs_writer::{Entry, Kind, ROOT, table};
    let time = vigie_model::Time::parse(b"2021-03-03T00:00:00Z").context("a moment")?;
    let entry = |own, parent, name: &str, kind| Entry::new(own, parent, name, kind, time);
    let whole = [
        entry((40, 1), ROOT, "inetpub", Kind::Folder),
        entry((41, 1), (40, 1), "wwwroot", Kind::Folder),
        entry((42, 3), (41, 1), "x.aspx", Kind::Large(4096)),
    ];
    let circle = [
        entry((40, 1), (41, 1), "a", Kind::Folder),
        entry((41, 1), (40, 1), "b", Kind::Folder),
        entry((42, 3), (41, 1), "x.aspx", Kind::Large(4096)),
    ];
    Ok(vec![table(&whole), table(&circle)])
}

/// A tar with one short log.
fn small_tar() -> Vec<u8> {
    let mut tar = vec![0; 2048];
    let log = b"#Fields: date time cs-uri-stem sc-status\n2021-03-03 00:00:00 / 200\n";
    tar[..9].copy_from_slice(b"C/x/a.log");
    tar[124..136].copy_from_slice(format!("{:011o}\0", log.len()).as_bytes());
    tar[148..156].fill(b' ');
    tar[156] = b'0';
    tar[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar[512..512 + log.len()].copy_from_slice(log);
    tar
}

fn findings() -> PathBuf {
    tree::target().join("fuzz-findings")
}
