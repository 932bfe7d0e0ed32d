//! The public feed of March 2021: every row is accounted for, and a feed made of a generated page's hash finds the page.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use vigie_detect::{Bundled, RuleSet, Sources};
use vigie_parse::Limits;

use super::sigma::Hunt;
use crate::tree;

const FOLDER: &str = "mstic_exchange_iocs/Sample Data/Feeds";
const NAME: &str = "MSTICIoCs-ExchangeServerVulnerabilitiesDisclosedMarch2021";
/// Rows of the JSON; five domains, paths and hashes stand there twice.
const JSON: (u64, u64) = (147, 5);
/// Rows of the CSV beside it, which is a stub.
const CSV: (u64, u64) = (1, 0);

/// Loads the feed in both shapes strictly, then hunts for one page by its hash.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    for (extension, expected) in [("json", JSON), ("csv", CSV)] {
        let set = load(&data.join(FOLDER).join(format!("{NAME}.{extension}")))?;
        let feed = set.feeds.first().context("no feed")?;
        ensure!(feed.unevaluated == 0, "{} rows of the {extension} cannot be evaluated", feed.unevaluated);
        let found = (feed.evaluated, feed.repeated);
        ensure!(found == expected, "{extension}: {found:?} rows and repetitions, expected {expected:?}");
        println!("corpus indicators: {extension}: {} rows, {} of them twice", found.0 + found.1, found.1);
    }
    find_a_page()
}

fn load(feed: &Path) -> anyhow::Result<RuleSet> {
    let indicators = vec![feed.to_owned()];
    Ok(RuleSet::load(&Sources { bundled: Bundled::None, indicators, ..Sources::default() })?)
}

fn find_a_page() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("vigie-corpus-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let found = hunt_for_a_page(&folder);
    std::fs::remove_dir_all(&folder)?;
    let (pages, hits) = found?;
    ensure!(pages > 0 && hits == pages, "{hits} hits on {pages} pages");
    println!("corpus indicators: {hits} of {pages} generated pages found by their SHA-256");
    Ok(())
}

/// Writes an example, makes a feed of the hashes of its dynamic pages, and hunts with it.
fn hunt_for_a_page(folder: &Path) -> anyhow::Result<(usize, usize)> {
    let example = vigie_example::EXAMPLES.first().context("no example")?;
    let zip: PathBuf = folder.join(example.zip_name);
    vigie_example::write(example, BufWriter::new(File::create(&zip)?))?;
    let nothing = Arc::new(RuleSet::load(&Sources { bundled: Bundled::None, ..Sources::default() })?);
    let mut feed = String::from("type,value,stage,way,level,title,note\n");
    let mut pages = 0;
    for (path, sha256) in hashes(&zip, &mut Hunt::new(&nothing)) {
        if tree::has_extension(Path::new(&path), "aspx") && !feed.contains(&sha256) {
            writeln!(feed, "sha256,{sha256},,,high,A page,")?;
            pages += 1;
        }
    }
    let feed_path = folder.join("feed.csv");
    std::fs::write(&feed_path, feed)?;
    let mut hunt = Hunt::new(&Arc::new(load(&feed_path)?));
    let _read = hashes(&zip, &mut hunt);
    let mut found: Vec<u32> = hunt.hits.iter().map(|hit| hit.rule).collect();
    found.sort_unstable();
    found.dedup();
    Ok((pages, found.len()))
}

/// Reads every file; its path and hash.
fn hashes(zip: &Path, hunt: &mut Hunt) -> Vec<(String, String)> {
    let limits = Limits::default();
    let mut found = Vec::new();
    for collection in vigie_parse::open(&[zip.to_owned()], &limits) {
        for evidence in &collection.evidence {
            let report = vigie_parse::read(evidence, &limits, hunt);
            found.extend(report.entry.sha256.map(|sha256| (report.entry.path, sha256)));
        }
    }
    found
}
