//! What a run may cost: memory, and the time of one file.

use std::time::Duration;

use clap::Args;

use crate::engine::Config;

/// Below this nothing works: one batch of events takes some megabytes.
const MEMORY_MIN: u64 = 16 << 20;

/// Bounds of a command.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct BoundArgs {
    /// Memory for what has to wait, as 512M or 2G: rows of a timeline, and an archive within another, take a quarter each.
    #[arg(long, value_parser = size, default_value = "512M", value_name = "SIZE")]
    max_memory: u64,
    /// Stop reading a file after this long, as 90s, 5m or 1h; the rest of it counts as unread. Without it: never.
    #[arg(long, value_parser = duration, value_name = "D")]
    deadline_per_file: Option<Duration>,
}

impl BoundArgs {
    /// Memory for what has to wait, in bytes.
    pub(super) const fn memory(self) -> u64 {
        self.max_memory
    }

    /// Sets the bounds of a run.
    pub(super) fn set(self, config: &mut Config) {
        let part = usize::try_from(self.max_memory / 4).unwrap_or(usize::MAX);
        config.limits.nested_bytes_max = config.limits.nested_bytes_max.min(part as u64);
        config.limits.file_time_max = self.deadline_per_file;
    }
}

/// A size in bytes: a number with K, M, G or T behind it, which are powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let error = || format!("give a size as 512M or 2G, at least {}M", MEMORY_MIN >> 20);
    let upper = text.trim().to_ascii_uppercase();
    let upper = upper.strip_suffix("IB").or_else(|| upper.strip_suffix('B')).unwrap_or(&upper);
    let units = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];
    let (digits, shift) = units
        .iter()
        .find_map(|(unit, shift)| upper.strip_suffix(*unit).map(|digits| (digits, *shift)))
        .unwrap_or((upper, 0));
    let number: u64 = digits.trim().parse().map_err(|_| error())?;
    number.checked_mul(1 << shift).filter(|size| *size >= MEMORY_MIN).ok_or_else(error)
}

/// A time: a number with ms, s, m or h behind it; seconds without.
fn duration(text: &str) -> Result<Duration, String> {
    let error = || "give a time as 90s, 5m or 1h".to_owned();
    let text = text.trim().to_ascii_lowercase();
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let (digits, unit) = units
        .iter()
        .find_map(|(name, unit)| text.strip_suffix(name).map(|digits| (digits, *unit)))
        .unwrap_or((text.as_str(), 1_000));
    let number: u64 = digits.trim().parse().map_err(|_| error())?;
    number.checked_mul(unit).map(Duration::from_millis).ok_or_else(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_with_units() {
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("2gib"), Ok(2 << 30));
        assert_eq!(size("33554432"), Ok(32 << 20));
        for wrong in ["", "M", "-1G", "1M", "99999999T", "1.5G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_numbers_with_units() {
        for (text, seconds) in [("0", 0), ("90", 90), ("90s", 90), ("5m", 300), ("1H", 3600), ("2000ms", 2)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "s", "-1s", "1d", "1.5h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
