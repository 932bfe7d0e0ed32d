//! Registry hives and file tables of real machines: as many values and files as independent readers count in them.
//!
//! The figures are those of `dissect.regf` 3.14 (keys without values, and values) and of `mft_dump` 0.9.1 (records), run over
//! the same files. Hives with transaction logs were brought up to date by a reader of its own first, entry by entry.

use std::path::Path;

use anyhow::{Context, ensure};
use vigie_parse::{Among, Evidence, Limits, Nobody};

use crate::tree;

/// A hive and what stands in it.
struct Known {
    path: &'static str,
    /// Transaction logs that lie beside it.
    logs: &'static [&'static str],
    events: u64,
}

const fn hive(path: &'static str, events: u64) -> Known {
    Known { path, logs: &[], events }
}

const HIVES: &[Known] = &[
    hive("hives_regipy/regipy_tests/data/NTUSER.DAT.xz", 4_700),
    hive("hives_regipy/regipy_tests/data/NTUSER_BAGMRU.DAT.xz", 18_125),
    hive("hives_regipy/regipy_tests/data/NTUSER_with_winscp.DAT.xz", 13_929),
    hive("hives_regipy/regipy_tests/data/SYSTEM.xz", 83_429),
    hive("hives_regipy/regipy_tests/data/SYSTEM_2.xz", 52_725),
    hive("hives_regipy/regipy_tests/data/SYSTEM_WIN_10_1709.xz", 99_331),
    hive("hives_regipy/regipy_tests/data/amcache.hve.xz", 17_550),
    hive("hives_regipy/regipy_tests/data/ntuser_software_partial.xz", 21_696),
    hive("hives_ezregistry/Registry.Test/Hives/Acronis_0x52_Usrclass.dat", 939),
    hive("hives_ezregistry/Registry.Test/Hives/SAMBadHBinHeader", 74),
    hive("hives_ezregistry/Registry.Test/Hives/SAM_DUPENAME", 129),
    hive("hives_ezregistry/Registry.Test/Hives/SECURITY", 243),
    hive("hives_ezregistry/Registry.Test/Hives/UsrClassDeletedBags.dat", 255),
    Known {
        path: "hives_regipy/regipy_tests/data/SYSTEM_B.xz",
        logs: &["SYSTEM_B.LOG1.xz", "SYSTEM_B.LOG2.xz"],
        events: 86_735,
    },
    Known {
        path: "hives_regipy/regipy_tests/data/UsrClass.dat.xz",
        logs: &["UsrClass.dat.LOG1.xz", "UsrClass.dat.LOG2.xz"],
        events: 14_350,
    },
    Known {
        path: "hives_regipy/regipy_tests/data/transactions_NTUSER.DAT.xz",
        logs: &["transactions_ntuser.dat.log1.xz", "transactions_ntuser.dat.log2.xz"],
        events: 5_939,
    },
];

/// Reads every hive; says which counts are others.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    let mut offences = Vec::new();
    for known in HIVES {
        match count(data, known) {
            Ok(events) if events == known.events => println!("  {}: {events} values", known.path),
            Ok(events) => offences.push(format!("{}: {events} values of {}", known.path, known.events)),
            Err(error) => offences.push(format!("{}: {error:#}", known.path)),
        }
    }
    ensure!(offences.is_empty(), "{}", offences.join("\n"));
    Ok(())
}

/// Puts a hive and its logs side by side, as they lie on a host, and counts what comes out of the hive.
fn count(data: &Path, known: &Known) -> anyhow::Result<u64> {
    let folder = tree::scratch("corpus-windows")?;
    let source = data.join(known.path);
    let beside = source.parent().context("no folder")?;
    unpack(&source, &folder)?;
    for log in known.logs {
        unpack(&beside.join(log), &folder)?;
    }
    let name = stem(&source)?;
    let collections = vigie_parse::open(&[folder], &Limits::default());
    let collection = collections.first().context("no collection")?;
    let evidence = collection.evidence.iter().find(|evidence| evidence.path == name).context("no hive")?;
    let among = Among { collection: Some(collection), tap: &mut Nobody };
    let report = vigie_parse::read_among(evidence, &Limits::default(), among, &mut Nobody);
    let entry = &report.entry;
    ensure!(entry.artifact.as_deref() == Some("windows.registry"), "read as {:?}", entry.artifact);
    ensure!(entry.parsed_bytes + entry.rejected_bytes == entry.size, "bytes unaccounted for");
    Ok(entry.events)
}

/// The name without `.xz`.
fn stem(path: &Path) -> anyhow::Result<String> {
    let name = path.file_name().context("no name")?.to_string_lossy();
    Ok(name.strip_suffix(".xz").unwrap_or(&name).to_owned())
}

/// Writes the content of a file, or of the one compressed in it, into a folder.
fn unpack(path: &Path, folder: &Path) -> anyhow::Result<()> {
    let collections = vigie_parse::open(&[path.to_owned()], &Limits::default());
    let evidence: Vec<&Evidence> = collections.iter().flat_map(|collection| &collection.evidence).collect();
    let [one] = evidence.as_slice() else {
        anyhow::bail!("{}: {} files", path.display(), evidence.len());
    };
    let mut reader = one.open(&Limits::default())?;
    let mut file = std::fs::File::create(folder.join(stem(path)?))?;
    std::io::copy(&mut reader, &mut file)?;
    Ok(())
}
