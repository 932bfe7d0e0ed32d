//! `cargo run --example estimate -- TABLE.csv|LIST,LIST,... [json|svg|text] [fr]`: the crate without Vigie's command line.

use std::path::PathBuf;
use vigie_estimate::{Format, Input, Language, Options, run};

fn main() -> Result<(), vigie_estimate::Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(path) = arguments.first() else {
        return Err(vigie_estimate::Error::Options(
            "usage: estimate TABLE.csv [json|svg|text] [fr]".to_owned(),
        ));
    };
    let input = match path.split_once(',') {
        Some(_) => Input::Lists(path.split(',').map(PathBuf::from).collect()),
        None => Input::Table(PathBuf::from(path)),
    };
    let mut options = Options::new(input);
    options.format = match arguments.get(1).map(String::as_str) {
        Some("json") => Format::Json,
        Some("svg") => Format::Svg,
        _ => Format::Text,
    };
    if arguments.get(2).is_some_and(|l| l == "fr") {
        options.language = Language::French;
    }
    options.effort.threads = 2;
    run(&options, &mut std::io::stdout().lock())?;
    Ok(())
}
