//! The program: parse the command line, run it, turn how it ended into an exit code.

use std::process::ExitCode;

use clap::Parser;
use vigie::cli::{self, Cli};
use vigie::exit::Exit;

fn main() -> ExitCode {
    cli::on_interrupt();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::usage(&error).into(),
    };
    match cli::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) if cli::is_broken_pipe(&error) => Exit::Done.into(),
        Err(error) => cli::report_error(&error).into(),
    }
}
