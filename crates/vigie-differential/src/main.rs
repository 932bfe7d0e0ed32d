//! `vigie-differential TASK`: what `cargo xtask corpus` and `cargo xtask bench` run beside the tests.
#![allow(clippy::print_stdout, reason = "a task's result is what it prints")]

use std::path::Path;

use anyhow::{Context, bail};
use vigie_differential::{corpus, pysigma, speed};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match *args.as_slice() {
        ["corpus", rules, ref logs @ ..] => {
            print!("{}", corpus::run(Path::new(rules), logs)?);
            Ok(())
        }
        ["speed", rules, ref logs @ ..] => {
            print!("{}", speed::run(Path::new(rules), logs)?);
            Ok(())
        }
        ["pysigma", cases] => {
            let mut out = std::io::stdout().lock();
            pysigma::write(&mut out, cases.parse().context("how many cases")?)
        }
        _ => bail!("usage: vigie-differential corpus|speed RULES LOGS..., or pysigma CASES"),
    }
}
