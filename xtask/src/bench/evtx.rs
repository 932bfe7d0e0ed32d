//! Event logs under the public Sigma rules for Windows, beside `evtx_dump`, which only parses and prints.
//!
//! Two logs: one of our own generator, and one made of the full chunks of real logs, repeated with other ids and times.
//! Both sides run in the same minute, one thread each, and are compared by the processor time they took.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::measure;
use super::{MEGABYTE, MEMORY_MIB_AIM, SEED, line};
use crate::tree;

/// The tool that it is compared with, as its registry knows it.
const EVTX_DUMP: &str = "0.15.1";
/// The most processor time that a hunt may take over that of `evtx_dump`: the aim of the design.
const RATIO_AIM: f64 = 1.0;
const FILE_HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 65_536;
const CHUNK_HEADER_BYTES: usize = 512;
/// A chunk with less room left than this counts as full.
const FREE_BYTES_MAX: usize = 4096;
/// Units of 100 ns by which the events of each repetition are later: an hour.
const LATER_TICKS: u64 = 36_000_000_000;

/// Measures both kinds of log at this size; the real chunks and the rules are taken from the data beside the clone.
pub(super) fn run(megabytes: u64) -> anyhow::Result<()> {
    let Some(rules) = super::public_rules("rules/windows") else { return Ok(()) };
    let (vigie, data) = (tree::release_binary()?, tree::root().join("../shared/data"));
    let evtx_dump = evtx_dump()?;
    let folder = tree::cache()?.join("bench");
    std::fs::create_dir_all(&folder)?;
    let bytes = megabytes * MEGABYTE;
    for (name, write) in [("generated", generated as Writer), ("dense", dense as Writer)] {
        let log = folder.join(format!("windows-{name}-{bytes}.evtx"));
        if !log.metadata().is_ok_and(|metadata| metadata.len() >= bytes) {
            write(&log, bytes, &data).with_context(|| format!("cannot write {}", log.display()))?;
        }
        one(name, &log, (&vigie, &evtx_dump), &rules)?;
    }
    Ok(())
}

type Writer = fn(&Path, u64, &Path) -> anyhow::Result<()>;

fn one(name: &str, log: &Path, (vigie, evtx_dump): (&Path, &Path), rules: &Path) -> anyhow::Result<()> {
    let bytes = log.metadata()?.len();
    println!("windows.evtx, {name}: {} MB, {}", bytes / MEGABYTE, log.display());
    let hunt = |log: &Path| -> anyhow::Result<measure::Cost> {
        let mut hunt = Command::new(vigie);
        hunt.arg("hunt").arg(log).arg("--rules").arg(rules);
        hunt.args(["--threads", "1", "--quiet", "--format", "jsonl", "--min-level", "critical"]);
        measure::child(&mut hunt)
    };
    // What loading the rules costs whatever the log: told apart, and counted all the same.
    let empty = tree::scratch("bench-evtx")?.join("empty.evtx");
    std::fs::write(&empty, header(0))?;
    let start = hunt(&empty)?;
    line("vigie hunt of an empty log", bytes, &start);
    let hunt = hunt(log)?;
    line("vigie hunt, all Windows rules", bytes, &hunt);
    let mut dump = Command::new("sh");
    dump.args(["-c", "exec \"$0\" -o jsonl -t 1 \"$1\" > /dev/null"]).arg(evtx_dump).arg(log);
    let dump = measure::child(&mut dump)?;
    line("evtx_dump -o jsonl -t 1, no rules", bytes, &dump);
    println!(
        "  time over evtx_dump: {:.2} (aim {RATIO_AIM}), {:.2} without loading the rules; memory {} MiB (aim {MEMORY_MIB_AIM})\n",
        hunt.cpu_seconds / dump.cpu_seconds,
        (hunt.cpu_seconds - start.cpu_seconds) / dump.cpu_seconds,
        hunt.peak_mib()
    );
    Ok(())
}

/// The tool, installed once from its registry beside the logs.
fn evtx_dump() -> anyhow::Result<PathBuf> {
    let root = tree::cache()?.join("bench").join(format!("evtx-{EVTX_DUMP}"));
    let program = root.join("bin/evtx_dump");
    if !program.exists() {
        let mut install = Command::new(env!("CARGO"));
        install.args(["install", "evtx", "--version", EVTX_DUMP, "--locked", "--quiet", "--root"]).arg(&root);
        ensure!(install.status().context("cannot start cargo")?.success(), "evtx_dump does not install");
    }
    Ok(program)
}

fn generated(log: &Path, bytes: u64, _: &Path) -> anyhow::Result<()> {
    vigie_example::bulk::evtx(BufWriter::new(File::create(log)?), bytes, SEED)?;
    Ok(())
}

/// A log of the full chunks of real logs, as often as it takes.
fn dense(log: &Path, bytes: u64, data: &Path) -> anyhow::Result<()> {
    let chunks = full_chunks(data)?;
    ensure!(!chunks.is_empty(), "no full chunk in the logs of {}", data.display());
    let count = (bytes.div_ceil(CHUNK_BYTES as u64)).min(u64::from(u16::MAX));
    let mut out = BufWriter::new(File::create(log)?);
    out.write_all(&header(u16::try_from(count)?))?;
    let mut next_id = 1;
    for number in 0..usize::try_from(count)? {
        let mut chunk = chunks[number % chunks.len()].clone();
        next_id = renumber(&mut chunk, next_id, (number / chunks.len()) as u64 * LATER_TICKS);
        out.write_all(&chunk)?;
    }
    out.flush()?;
    Ok(())
}

fn full_chunks(data: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    crate::corpus::event_logs(data, &mut files)?;
    files.sort();
    let mut chunks = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file)?;
        let all = bytes.get(FILE_HEADER_BYTES..).unwrap_or_default();
        let full = all.chunks_exact(CHUNK_BYTES).filter(|chunk| {
            let free = word(chunk, 48) as usize;
            let records = chunk.get(CHUNK_HEADER_BYTES..free);
            let is_sound = records.is_some_and(|records| crc32fast::hash(records) == word(chunk, 52));
            chunk.starts_with(b"ElfChnk\0") && is_sound && free + FREE_BYTES_MAX > CHUNK_BYTES
        });
        chunks.extend(full.map(<[u8]>::to_vec));
    }
    Ok(chunks)
}

/// Gives the records of a chunk other ids and later times, and mends its checksums; tells the id after its last.
fn renumber(chunk: &mut [u8], first: u64, later: u64) -> u64 {
    let free = word(chunk, 48) as usize;
    let mut id = first;
    let mut at = CHUNK_HEADER_BYTES;
    while at + 24 <= free && word(chunk, at) == 0x2a2a {
        let size = word(chunk, at + 4) as usize;
        let Some(record) = chunk.get_mut(at..at + size).filter(|record| record.len() >= 28) else { break };
        record[8..16].copy_from_slice(&id.to_le_bytes());
        let old: [u8; 8] = record[16..24].try_into().unwrap_or_default();
        let new = (u64::from_le_bytes(old) + later).to_le_bytes();
        // The event's own time has the same ticks as its frame. A frame without a time would be found in every run of zeros.
        let places = if old == [0; 8] { 16..16 } else { 16..record.len() - 8 };
        for place in places {
            if record[place..place + 8] == old {
                record[place..place + 8].copy_from_slice(&new);
            }
        }
        id += 1;
        at += size;
    }
    let last = id.saturating_sub(1);
    for (place, number) in [(8, first), (16, last), (24, first), (32, last)] {
        chunk[place..place + 8].copy_from_slice(&number.to_le_bytes());
    }
    let records = crc32fast::hash(&chunk[CHUNK_HEADER_BYTES..free]);
    chunk[52..56].copy_from_slice(&records.to_le_bytes());
    let mut head = crc32fast::Hasher::new();
    head.update(&chunk[..120]);
    head.update(&chunk[128..CHUNK_HEADER_BYTES]);
    let head = head.finalize();
    chunk[124..128].copy_from_slice(&head.to_le_bytes());
    id
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_le_bytes)
}

/// The header of a log with as many chunks.
fn header(chunks: u16) -> Vec<u8> {
    let mut header = vec![0; FILE_HEADER_BYTES];
    header[..8].copy_from_slice(b"ElfFile\0");
    header[16..24].copy_from_slice(&u64::from(chunks.saturating_sub(1)).to_le_bytes());
    for (place, number) in [(32, 128_u16), (36, 1), (38, 3), (40, 4096), (42, chunks)] {
        header[place..place + 2].copy_from_slice(&number.to_le_bytes());
    }
    let checksum = crc32fast::hash(&header[..120]);
    header[124..128].copy_from_slice(&checksum.to_le_bytes());
    header
}

#[test]
fn a_renumbered_chunk_is_read_without_complaint() {
    let mut log = std::io::Cursor::new(Vec::new());
    vigie_example::bulk::evtx(&mut log, 70_000, 1).unwrap();
    let mut chunk = log.get_ref()[FILE_HEADER_BYTES..FILE_HEADER_BYTES + CHUNK_BYTES].to_vec();
    assert!(renumber(&mut chunk, 500, LATER_TICKS) > 510);
    let mut whole = header(1);
    whole.extend(&chunk);
    let mut compared = crate::corpus::evtx::Compared::default();
    crate::corpus::evtx::compare("renumbered", &whole, &mut compared);
    assert!(compared.differences.is_empty(), "{:#?}", compared.differences);
    assert!(compared.same > 10 && compared.salvaged == 0);
}
