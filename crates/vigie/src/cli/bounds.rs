//! What a run may cost: memory, and the time of one file.

use clap::Args;

use crate::engine::Config;

/// Below this nothing works: one batch of events takes some megabytes.
const MEMORY_MIN: u64 = 16 << 20;

/// Bounds of a command.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct BoundArgs {
    /// Memory to stay under, as 512M or 2G.
    #[arg(long, value_parser = size, default_value = "512M", value_name = "SIZE")]
    max_memory: u64,
}

impl BoundArgs {
    /// Memory to stay under, in bytes.
    pub(super) const fn memory(self) -> u64 {
        self.max_memory
    }

    /// Sets the bounds of a run.
    pub(super) fn set(self, config: &mut Config) {
        let part = usize::try_from(self.max_memory / 4).unwrap_or(usize::MAX);
        config.limits.nested_bytes_max = config.limits.nested_bytes_max.min(part as u64);
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
}
