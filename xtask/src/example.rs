//! Writes the bundled examples, and says how large each is.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Context;
use vigie_example::EXAMPLES;

use crate::tree;

/// Writes every example into a folder.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for example in EXAMPLES {
        let path = folder.join(example.zip_name);
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        vigie_example::write(example, BufWriter::new(file))?;
        println!("{}: {} bytes", tree::shown(&path), path.metadata()?.len());
    }
    Ok(())
}
