//! Writes the bundled examples, and fleets of servers of which the truth is known.

use std::fs::File;
use std::io::{BufWriter, Write};
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

/// The seed of the fleets: the same servers on every run.
const FLEET_SEED: u64 = 20_210_226;

/// Writes the evidence of many servers, a zip each, and beside them what is true of each.
pub(crate) fn fleet(servers: usize, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let truth_path = folder.with_extension("truth.csv");
    let mut truth = BufWriter::new(File::create(&truth_path)?);
    writeln!(truth, "host,verdict,stage,address,payload,shell")?;
    for member in vigie_example::scenario::fleet(FLEET_SEED, servers) {
        let member = member?;
        let path = folder.join(format!("{}.zip", member.truth.host));
        vigie_example::archive::write(&member.files, BufWriter::new(File::create(&path)?))?;
        let (known, shown) = (&member.truth, |text: &Option<String>| text.clone().unwrap_or_default());
        let (verdict, stage) = (known.story.verdict().word(), known.story.stage().word());
        let (address, payload, shell) = (shown(&known.address), shown(&known.payload), shown(&known.shell));
        writeln!(truth, "{},{verdict},{stage},{address},{payload},{shell}", known.host)?;
    }
    truth.flush()?;
    println!("{servers} servers in {}; the truth in {}", tree::shown(folder), tree::shown(&truth_path));
    Ok(())
}
