//! `cargo run --release --example simulate -- coverage [SEEDS] [FIRMS] | linkage [FIRMS] [SEED]`: lists made with a known answer.
//!
//! `coverage` takes them through the whole chain, from rows to the interval, and prints the table of docs/estimate.md.
//! `linkage` links one large world and prints precision, recall, what blocking lost, time and rows.

#![allow(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "counts are small, and a table is what this prints"
)]

use std::time::Instant;
use vigie_estimate::link::simulate::{World, make, pairwise};
use vigie_estimate::link::{Decisions, link};
use vigie_estimate::methods::recommend::{DEFAULT_ODDS, fast, recommend};
use vigie_estimate::numeric::special::median;
use vigie_estimate::options::Level;

fn cases(firms: usize, seed: u64) -> Vec<(&'static str, World)> {
    let plain = World::plain(firms, seed);
    vec![
        ("nothing wrong", plain),
        ("half the firms hardly visible", World { heterogeneity: 0.6, ..plain }),
        ("very unequal visibility", World { heterogeneity: 0.9, ..plain }),
        ("a third of one list copied", World { copied: 0.33, ..plain }),
        ("20% of the first list cleaned before the others", World { cleaned: 0.2, ..plain }),
        ("10% of rows misspelt or bare", World { noise: 0.1, ..plain }),
        ("30% of rows misspelt or bare", World { noise: 0.3, ..plain }),
        (
            "5% renamed, 5% behind NAT, 3% namesakes",
            World { renamed: 0.05, nat: 0.05, namesakes: 0.03, ..plain },
        ),
        (
            "all of it: unequal, copied, cleaned, misspelt, renamed",
            World { heterogeneity: 0.6, copied: 0.2, cleaned: 0.1, ..World::hard(firms, seed) },
        ),
    ]
}

fn main() {
    let argument = |i: usize| std::env::args().nth(i);
    let number = |i: usize, default: usize| argument(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    match argument(1).as_deref() {
        Some("linkage") => linkage(number(2, 10_000), number(3, 1)),
        _ => coverage(number(2, 20), number(3, 600)),
    }
}

fn coverage(seeds: usize, firms: usize) {
    println!(
        "| world | holds the truth | lower end safe | middle / truth | upper / lower | precision | recall |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for case in 0..cases(firms, 0).len() {
        let (mut held, mut safe) = (0, 0);
        let [mut bias, mut width, mut precision, mut recall] = [const { Vec::new() }; 4];
        for seed in 0..seeds {
            let made = make(&cases(firms, seed as u64)[case].1);
            let linked = link(&made.lists, &Decisions::new());
            let (p, r) = pairwise(&linked.groups[Level::Organisation.word()], &made.owners);
            precision.push(p);
            recall.push(r);
            let Some(table) = linked.table(&made.lists, Level::Organisation, &[0, 1, 2, 3]) else { continue };
            let Some(interval) = recommend(&table, &fast(&table, 1), DEFAULT_ODDS) else { continue };
            let interval = interval.allowing_for_missed_links(linked.missed.unwrap_or(0.0), table.seen());
            let truth = firms as f64;
            held += usize::from(interval.low <= truth && truth <= interval.high);
            safe += usize::from(interval.low <= truth);
            bias.push(interval.estimate / truth);
            width.push(interval.high / interval.low);
        }
        let middle = |values: &[f64]| median(values).unwrap_or(f64::NAN);
        println!(
            "| {} | {held} of {seeds} | {safe} of {seeds} | {:.2} | {:.2} | {:.3} | {:.3} |",
            cases(firms, 0)[case].0,
            middle(&bias),
            middle(&width),
            middle(&precision),
            middle(&recall),
        );
    }
}

fn linkage(firms: usize, seed: usize) {
    let made = make(&World::hard(firms, seed as u64));
    let started = Instant::now();
    let linked = link(&made.lists, &Decisions::new());
    let seconds = started.elapsed().as_secs_f64();
    let (precision, recall) = pairwise(&linked.groups[Level::Organisation.word()], &made.owners);
    println!(
        "{} records of {firms} firms: precision {precision:.4}, recall {recall:.4}, expected missed {:.4}, expected false {:.4}, lost by blocking {:.4}, {} blocks too large, {} hubs, {seconds:.1} s; links {:?}",
        made.lists.records.len(),
        linked.missed.unwrap_or(f64::NAN),
        linked.false_links.unwrap_or(f64::NAN),
        linked.blocking_loss.unwrap_or(f64::NAN),
        linked.too_large,
        linked.hubs.len(),
        linked.made,
    );
    for (threshold, groups) in &linked.at_thresholds {
        let (p, r) = pairwise(groups, &made.owners);
        println!("  at {threshold}: precision {p:.4}, recall {r:.4}");
    }
}
