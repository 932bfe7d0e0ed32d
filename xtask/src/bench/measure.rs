//! Processor time and memory of a program or of a piece of this one, as Linux counts them.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

/// Linux reports times to programs in these, whatever the kernel's own clock.
const TICKS_PER_SECOND: f64 = 100.0;
/// How often a running program is asked for its peak; the peak never falls, so only the last moments can be missed.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// What something cost.
pub(super) struct Cost {
    /// User and system time over all threads.
    pub(super) cpu_seconds: f64,
    /// From beginning to end.
    pub(super) wall_seconds: f64,
    /// The most resident memory at any time; 0 when it was not measured.
    pub(super) peak_kib: u64,
}

impl Cost {
    pub(super) fn peak_mib(&self) -> u64 {
        self.peak_kib.div_ceil(1024)
    }
}

/// Runs a program to its end, whatever its exit code.
pub(super) fn child(command: &mut Command) -> anyhow::Result<Cost> {
    let (before, begun) = (ticks(CHILDREN)?, Instant::now());
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    // What it prints is taken, not thrown away: some programs do less work when nobody looks.
    let mut stdout = child.stdout.take().context("no pipe")?;
    let reader = std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    while child.try_wait()?.is_none() {
        if let Ok(text) = std::fs::read_to_string(&status) {
            peak_kib = peak(&text).unwrap_or(peak_kib);
        }
        std::thread::sleep(ASK_EVERY);
    }
    let wall_seconds = begun.elapsed().as_secs_f64();
    reader.join().ok().context("the pipe's reader stopped")??;
    Ok(Cost { cpu_seconds: ticks(CHILDREN)? - before, wall_seconds, peak_kib })
}

/// Runs a piece of this program; memory is not told apart.
pub(super) fn here<T>(work: impl FnOnce() -> T) -> anyhow::Result<(Cost, T)> {
    let (before, begun) = (ticks(OWN)?, Instant::now());
    let result = work();
    let wall_seconds = begun.elapsed().as_secs_f64();
    Ok((Cost { cpu_seconds: ticks(OWN)? - before, wall_seconds, peak_kib: 0 }, result))
}

/// Places of two neighbours in /proc/self/stat, counted after the program's name: see proc(5), utime and cutime.
const OWN: usize = 11;
const CHILDREN: usize = 13;

fn ticks(from: usize) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("only Linux tells these times")?;
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/self/stat")?;
    let fields = fields.split_whitespace().skip(from).take(2).map(str::parse::<f64>);
    let sum: f64 = fields.sum::<Result<f64, _>>().context("no times in /proc/self/stat")?;
    Ok(sum / TICKS_PER_SECOND)
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn peak_is_read_from_what_linux_writes() {
    assert_eq!(peak("Name:\tvigie\nVmPeak:\t  9000 kB\nVmHWM:\t  1234 kB\n"), Some(1234));
    assert!(ticks(OWN).unwrap() >= 0.0);
}
