//! `cargo run --release --example simulate -- coverage [SEEDS] [FIRMS] [PAGE] [WORLDS] | linkage [FIRMS] [SEED] | review [FIRMS] [FOLDER]`.
//!
//! Lists made with a known answer. `coverage` takes them through the whole chain, from rows to the interval, and prints the table
//! of docs/estimate.md, or writes it there; with WORLDS (`7,10`, counted from 1) only those, and the page keeps its other rows. `review` saves them as files, to be read as a user would.
//! `linkage` links one large world and prints precision, recall, what blocking lost, time and rows.

#![allow(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "counts are small, and a table is what this prints"
)]

use std::collections::BTreeMap;
use std::time::Instant;
use vigie_estimate::link::simulate::{World, as_files, make, pairwise};
use vigie_estimate::link::{Decisions, Linked, link};
use vigie_estimate::methods::leavers::Dates;
use vigie_estimate::numeric::special::median;
use vigie_estimate::options::Level;
use vigie_estimate::{Context, Effort, analyze};

/// The days on which the made lists were drawn up, as far as a world tells them.
type Days = &'static [(&'static str, f64)];
const UNDATED: Days = &[];
const FIRST_EARLIER: Days = &[("scan", 0.0), ("telemetry", 5.0), ("shells", 5.0), ("names", 5.5)];
const TWO_DAYS_EACH: Days = &[("scan", 0.0), ("telemetry", 2.0), ("shells", 4.0), ("names", 6.0)];
const ONE_DAY_EACH: Days = &[("scan", 0.0), ("telemetry", 1.0), ("shells", 2.0), ("names", 3.0)];
const ONE_DAY: Days = &[("scan", 0.0), ("telemetry", 0.0), ("shells", 0.0), ("names", 0.0)];

fn cases(firms: usize, seed: u64) -> Vec<(&'static str, World, Days)> {
    let plain = World::plain(firms, seed);
    let first = World { cleaned: 0.2, ..plain };
    let each = World { cleaned_each: 0.2, ..plain };
    let all = World { heterogeneity: 0.6, copied: 0.2, cleaned: 0.1, ..World::hard(firms, seed) };
    let noise = |noise| World { noise, ..plain };
    let muddled = World { renamed: 0.05, nat: 0.05, namesakes: 0.03, ..plain };
    vec![
        ("nothing wrong", plain, UNDATED),
        ("nothing wrong, lists of one day", plain, ONE_DAY),
        ("half the firms hardly visible", World { heterogeneity: 0.6, ..plain }, UNDATED),
        ("very unequal visibility", World { heterogeneity: 0.9, ..plain }, UNDATED),
        ("a third of one list copied", World { copied: 0.33, ..plain }, UNDATED),
        ("20% of the first list cleaned before the others", first, UNDATED),
        ("the same, and the lists say their days", first, FIRST_EARLIER),
        ("50% of the first list cleaned before the others", World { cleaned: 0.5, ..plain }, UNDATED),
        ("20% of each list cleaned before the next", each, UNDATED),
        ("the same, and the lists say their days", each, TWO_DAYS_EACH),
        ("the same, and the days are one apart", each, ONE_DAY_EACH),
        ("10% of rows misspelt or bare", noise(0.1), UNDATED),
        ("30% of rows misspelt or bare", noise(0.3), UNDATED),
        ("5% renamed, 5% behind NAT, 3% namesakes", muddled, UNDATED),
        ("all of it: unequal, copied, cleaned, misspelt, renamed", all, UNDATED),
    ]
}

fn main() -> std::io::Result<()> {
    let argument = |i: usize| std::env::args().nth(i);
    let number = |i: usize, default: usize| argument(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    match argument(1).as_deref() {
        Some("linkage") => linkage(number(2, 10_000), number(3, 1)),
        Some("review") => return review(number(2, 2_000), argument(3)),
        _ => {
            let (seeds, firms) = (number(2, 20), number(3, 600));
            let page = argument(4);
            let worlds =
                argument(5).map(|w| w.split(',').filter_map(|n| n.parse().ok()).collect::<Vec<usize>>());
            let rows = coverage(seeds, firms, worlds.as_deref());
            return page.map_or(Ok(()), |page| write_between(&page, &rows));
        }
    }
    Ok(())
}

/// Made lists as files, to be read as a user would: `simulate review FIRMS FOLDER`.
fn review(firms: usize, folder: Option<String>) -> std::io::Result<()> {
    let folder = folder.unwrap_or_else(|| ".".to_owned());
    for (name, text) in as_files(&make(&World::hard(firms, 1))) {
        std::fs::write(format!("{folder}/{name}.csv"), text)?;
    }
    Ok(())
}

/// The row of each world that was run, by its number.
type Rows = BTreeMap<usize, String>;

/// Puts the rows where the page says that they belong. A world that was not run keeps the row that the page has.
fn write_between(page: &str, rows: &Rows) -> std::io::Result<()> {
    const START: &str = "<!-- coverage: written by examples/simulate.rs -->\n";
    const END: &str = "<!-- end of coverage -->";
    let text = std::fs::read_to_string(page)?;
    let (Some(start), Some(end)) = (text.find(START), text.find(END)) else {
        return Err(std::io::Error::other("the page has no place for the table"));
    };
    let mut old: Vec<&str> = text[start + START.len()..end].lines().skip(HEAD.lines().count()).collect();
    let mut table = String::from(HEAD);
    for (number, (name, ..)) in (1..).zip(cases(0, 0)) {
        // Two worlds may have one name: rows are taken in order.
        let place = old.iter().position(|row| row.starts_with(&format!("| {name} |")));
        let kept = place.map(|place| format!("{}\n", old.remove(place)));
        let row = rows.get(&number).cloned().or(kept);
        table.push_str(&row.ok_or_else(|| std::io::Error::other(format!("no row for: {name}")))?);
    }
    let (before, after) = (&text[..start + START.len()], &text[end..]);
    std::fs::write(page, format!("{before}{table}{after}"))
}

/// What became of the seeds of one world.
#[derive(Default)]
struct Tally {
    refused: usize,
    held: usize,
    safe: usize,
    bias: Vec<f64>,
    width: Vec<f64>,
    precision: Vec<f64>,
    recall: Vec<f64>,
}

impl Tally {
    fn row(&self, name: &str, seeds: usize) -> String {
        let middle = |values: &[f64]| median(values).unwrap_or(f64::NAN);
        let printed = seeds - self.refused;
        let share = |n: usize| 100.0 * n as f64 / printed.max(1) as f64;
        format!(
            "| {name} | {} | {} ({:.0} %) | {} ({:.0} %) | {:.2} | {:.2} | {:.3} | {:.3} |\n",
            self.refused,
            self.held,
            share(self.held),
            self.safe,
            share(self.safe),
            middle(&self.bias),
            middle(&self.width),
            middle(&self.precision),
            middle(&self.recall),
        )
    }
}

const HEAD: &str = "| world | refused | holds the truth | lower end safe | middle / truth | upper / lower | precision | recall |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";

/// The rows of the worlds whose numbers are named, or of all.
fn coverage(seeds: usize, firms: usize, worlds: Option<&[usize]>) -> Rows {
    let mut rows = Rows::new();
    print!("{HEAD}");
    for (number, (name, ..)) in (1..).zip(cases(firms, 0)) {
        if worlds.is_some_and(|worlds| !worlds.contains(&number)) {
            continue;
        }
        let mut tally = Tally::default();
        for seed in 0..seeds {
            let (_, world, days) = cases(firms, seed as u64)[number - 1];
            one(&world, days, &mut tally);
        }
        let row = tally.row(name, seeds);
        print!("{row}");
        rows.insert(number, row);
    }
    rows
}

/// What a user who gave these lists would be told of beside the counts.
fn context(linked: &Linked, days: Days) -> Context {
    let middles = days.iter().map(|&(name, day)| (name.to_owned(), day)).collect();
    let first = days.iter().map(|d| d.1).reduce(f64::min);
    let last = days.iter().map(|d| d.1).reduce(f64::max);
    Context {
        dates: Dates { middles, ..Dates::default() },
        days_apart: first.zip(last).map(|(first, last)| last - first),
        missed_links: linked.missed,
        linkage_unknown: linked.missed.is_none(),
        ..Context::default()
    }
}

/// One seed: from rows to the interval, or to a refusal.
fn one(world: &World, days: Days, tally: &mut Tally) {
    let made = make(world);
    let linked = link(&made.lists, &Decisions::new());
    let (p, r) = pairwise(&linked.groups[Level::Organisation.word()], &made.owners);
    tally.precision.push(p);
    tally.recall.push(r);
    // Chains and the bootstrap would take hours, and the interval does not rest on them.
    let effort = Effort { gibbs: None, replicates: Some(0), ..Effort::default() };
    let interval = linked
        .table(&made.lists, Level::Organisation, &[0, 1, 2, 3])
        .and_then(|table| analyze(&table, &BTreeMap::new(), &context(&linked, days), &effort).recommended);
    let Some(interval) = interval else {
        tally.refused += 1;
        return;
    };
    let truth = world.organisations as f64;
    tally.held += usize::from(interval.low <= truth && truth <= interval.high);
    tally.safe += usize::from(interval.low <= truth);
    tally.bias.push(interval.estimate / truth);
    tally.width.push(interval.high / interval.low);
}

fn linkage(firms: usize, seed: usize) {
    let made = make(&World::hard(firms, seed as u64));
    let started = Instant::now();
    let linked = link(&made.lists, &Decisions::new());
    let seconds = started.elapsed().as_secs_f64();
    let (precision, recall) = pairwise(&linked.groups[Level::Organisation.word()], &made.owners);
    println!(
        "{} records of {firms} firms: precision {precision:.4}, recall {recall:.4}, expected missed {:.4}, expected false {:.4}, lost by blocking {}, {} blocks too large, {} hubs, {seconds:.1} s; links {:?}",
        made.lists.records.len(),
        linked.missed.unwrap_or(f64::NAN),
        linked.false_links.unwrap_or(f64::NAN),
        linked.blocking_loss.map_or_else(
            || "not measured".to_owned(),
            |l| format!("{l:.4} of {} links of a sample", linked.blocking_sample)
        ),
        linked.too_large,
        linked.hubs.len(),
        linked.made,
    );
    for (threshold, groups) in &linked.at_thresholds {
        let (p, r) = pairwise(groups, &made.owners);
        println!("  at {threshold}: precision {p:.4}, recall {r:.4}");
    }
}
