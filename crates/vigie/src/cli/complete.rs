//! Shell completions and the manual page, generated from the command line's own definition.

use std::io::Write;

use clap::{Args, CommandFactory};

use super::Cli;
use crate::exit::Exit;

/// Arguments of `vigie completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Completions) -> anyhow::Result<Exit> {
    // Written at once: clap's generator panics where its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "vigie", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}

pub(super) fn man() -> anyhow::Result<Exit> {
    clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
    Ok(Exit::Done)
}
