//! `cargo run --example simulate -- [SEEDS] [FIRMS]`: lists made with a known answer go through the whole chain, from rows to the interval.
//!
//! Prints the coverage table of docs/estimate.md.

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

const CASES: [(&str, f64, f64, f64); 7] = [
    ("nothing wrong", 0.0, 0.0, 0.0),
    ("half the firms hardly visible", 0.6, 0.0, 0.0),
    ("very unequal visibility", 0.9, 0.0, 0.0),
    ("a third of one list copied", 0.0, 0.33, 0.0),
    ("10% of rows misspelt or bare", 0.0, 0.0, 0.1),
    ("30% of rows misspelt or bare", 0.0, 0.0, 0.3),
    ("unequal, copied and misspelt", 0.6, 0.2, 0.1),
];

fn main() {
    let number =
        |i: usize, default: usize| std::env::args().nth(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (seeds, organisations) = (number(1, 20), number(2, 1000));
    println!(
        "| world | holds the truth | lower end safe | middle / truth | upper / lower | linkage precision | recall | s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, heterogeneity, copied, noise) in CASES {
        let started = Instant::now();
        let (mut held, mut safe) = (0, 0);
        let (mut bias, mut width, mut precision, mut recall) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for seed in 0..seeds {
            let world =
                World { organisations, visibility: 0.25, heterogeneity, copied, noise, seed: seed as u64 };
            let made = make(&world);
            let linked = link(&made.lists, &Decisions::new());
            let (p, r) = pairwise(&linked.groups[Level::Organisation.word()], &made.owners);
            precision.push(p);
            recall.push(r);
            let Some(table) = linked.table(&made.lists, Level::Organisation, &[0, 1, 2, 3]) else { continue };
            let Some(interval) = recommend(&table, &fast(&table, 1), DEFAULT_ODDS) else { continue };
            let interval = interval.allowing_for_missed_links(linked.missed.unwrap_or(0.0), table.seen());
            let truth = organisations as f64;
            held += usize::from(interval.low <= truth && truth <= interval.high);
            safe += usize::from(interval.low <= truth);
            bias.push(interval.estimate / truth);
            width.push(interval.high / interval.low);
        }
        let middle = |values: &[f64]| median(values).unwrap_or(f64::NAN);
        println!(
            "| {name} | {held} of {seeds} | {safe} of {seeds} | {:.2} | {:.2} | {:.3} | {:.3} | {:.1} |",
            middle(&bias),
            middle(&width),
            middle(&precision),
            middle(&recall),
            started.elapsed().as_secs_f64()
        );
    }
}
