//! LZNT1, by which NTFS compresses: <https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-xca/>, section 2.5.

use crate::field::u16_le;

/// Bytes that a chunk gives at most.
const CHUNK_BYTES: usize = 4096;

/// Decompresses at most `length` bytes; fewer when the stream ends, or contradicts itself.
pub(super) fn decompress(stream: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length);
    let mut rest = stream;
    // Each turn takes a chunk.
    while let Some(header) = u16_le(rest, 0).filter(|header| *header != 0) {
        let size = usize::from(header & 0x0fff).saturating_add(1);
        let Some(chunk) = rest.get(2..size.saturating_add(2)) else { break };
        let start = out.len();
        if header & 0x8000 == 0 {
            out.extend_from_slice(chunk);
        } else if decompress_chunk(chunk, start, &mut out).is_none() {
            break;
        }
        rest = rest.get(size.saturating_add(2)..).unwrap_or_default();
        if out.len() >= length {
            break;
        }
        // A chunk that gives less than it stands for is followed by zeros.
        out.resize(start.saturating_add(CHUNK_BYTES), 0);
    }
    out.truncate(length);
    out
}

fn decompress_chunk(chunk: &[u8], start: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut rest = chunk;
    while let Some((flags, after)) = rest.split_first() {
        rest = after;
        for bit in 0..8 {
            let written = out.len().saturating_sub(start);
            if rest.is_empty() || written >= CHUNK_BYTES {
                break;
            }
            if flags >> bit & 1 == 0 {
                let (literal, after) = rest.split_first()?;
                out.push(*literal);
                rest = after;
                continue;
            }
            let token = usize::from(u16_le(rest, 0)?);
            rest = rest.get(2..)?;
            // The further into the chunk, the more bits tell how far back.
            let back_bits =
                written.checked_sub(1)?.checked_ilog2().map_or(4, |log| log.saturating_add(1).max(4));
            let length_bits = 16_u32.checked_sub(back_bits)?;
            let mask = (1_usize << length_bits).saturating_sub(1);
            let back = (token >> length_bits).saturating_add(1);
            let length = (token & mask).saturating_add(3).min(CHUNK_BYTES.saturating_sub(written));
            if back > written {
                return None;
            }
            for _ in 0..length {
                let byte = *out.get(out.len().checked_sub(back)?)?;
                out.push(byte);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let stream = [
            0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xa2, 0x47, 0x01,
            0xa0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xc0, 0x45, 0x20, 0x05, 0x24,
            0x13, 0x88, 0x05, 0xb4, 0x02, 0x4a, 0x44, 0xef, 0x03, 0x58, 0x02, 0x8c, 0x09, 0x16, 0x01, 0x48,
            0x45, 0x00, 0xbe, 0x00, 0x9e, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00,
        ];
        let text = b"F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# D E F# G \
                     F# E D E A F# F# G A A G F# E D D E F# E D D\0";
        let given = decompress(&stream, 4096);
        assert_eq!(given.get(..text.len()).map(String::from_utf8_lossy), Some(String::from_utf8_lossy(text)));
    }
}
