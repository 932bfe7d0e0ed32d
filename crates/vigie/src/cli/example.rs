//! `vigie example`: the bundled evidence of a small hotel, written where the user wants it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::exit::Exit;

/// Arguments of `vigie example`.
#[derive(Debug, Args)]
pub(super) struct Example {
    /// The folder to write them to.
    #[arg(default_value = "examples", value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(args: &Example) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    for example in vigie_example::EXAMPLES {
        let path = args.folder.join(example.zip_name);
        write(example, &path)?;
        writeln!(out, "{}  {}", path.display(), example.what)?;
    }
    Ok(Exit::Done)
}

/// Writes one example.
pub(super) fn write(example: &vigie_example::Example, path: &Path) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(context)?;
    }
    let mut out = BufWriter::new(File::create(path).with_context(context)?);
    vigie_example::write(example, &mut out).with_context(context)?;
    out.flush().with_context(context)
}
