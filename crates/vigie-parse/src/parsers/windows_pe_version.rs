//! The version resource of a program: numbers and named texts.
//!
//! Format: <https://learn.microsoft.com/en-us/windows/win32/menurc/vs-versioninfo>. Blocks in each other, each with its length, the length of its value, a name
//! in UTF-16 and, at the next multiple of four bytes, the value and then further blocks.

use super::evtx_token::until_nul;
use super::little_endian::{slice, u16_at, u32_at, utf16};

/// The mark of the numbers.
const FIXED_MARK: u32 = 0xfeef_04bd;
/// Blocks in each other: the resource, the list of languages, a language, a text.
const DEPTH_MAX: usize = 4;
/// Blocks of one resource that are read.
const BLOCKS_MAX: usize = 512;

/// What a program says of itself.
#[derive(Debug, Default)]
pub(super) struct Version {
    /// `15.2.1118.15`, out of the numbers.
    pub(super) file: String,
    pub(super) of_product: String,
    pub(super) company: String,
    pub(super) product: String,
    pub(super) description: String,
    pub(super) original: String,
}

/// Reads a version resource; of a damaged one what can be read.
pub(super) fn read(bytes: &[u8]) -> Version {
    let mut version = Version::default();
    let mut left = BLOCKS_MAX;
    block(bytes, 0, &mut left, &mut version);
    version
}

/// Reads the block at the beginning of some bytes and those in it.
fn block(bytes: &[u8], depth: usize, left: &mut usize, version: &mut Version) {
    let Some(rest) = left.checked_sub(1).filter(|_| depth < DEPTH_MAX) else { return };
    *left = rest;
    let (Some(length), Some(value_length), Some(kind)) =
        (u16_at(bytes, 0), u16_at(bytes, 2), u16_at(bytes, 4))
    else {
        return;
    };
    let bytes = bytes.get(..usize::from(length)).unwrap_or(bytes);
    let name = until_nul(bytes.get(6..).unwrap_or_default());
    let at = aligned(name.len().saturating_add(8));
    // Texts count in characters, numbers in bytes.
    let size = usize::from(value_length).saturating_mul(if kind == 1 { 2 } else { 1 });
    let value = bytes.get(at..).map(|value| value.get(..size).unwrap_or(value)).unwrap_or_default();
    if depth == 0 {
        numbers(value, version);
    } else if kind == 1 && size > 0 {
        keep(&utf16(name), &text(value), version);
    }
    let mut at = aligned(at.saturating_add(size));
    while let Some(child) = bytes.get(at..).filter(|child| child.len() >= 6) {
        let length = usize::from(u16_at(child, 0).unwrap_or_default());
        if length < 6 || *left == 0 {
            return;
        }
        block(child, depth.saturating_add(1), left, version);
        at = aligned(at.saturating_add(length));
    }
}

fn numbers(value: &[u8], version: &mut Version) {
    if u32_at(value, 0) != Some(FIXED_MARK) {
        return;
    }
    let four = |at: usize| {
        let (high, low) = (u32_at(value, at)?, u32_at(value, at.checked_add(4)?)?);
        Some(format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff))
    };
    version.file = four(8).unwrap_or_default();
    version.of_product = four(16).unwrap_or_default();
}

fn keep(name: &str, value: &str, version: &mut Version) {
    let field = match name {
        "CompanyName" => &mut version.company,
        "ProductName" => &mut version.product,
        "FileDescription" => &mut version.description,
        "OriginalFilename" => &mut version.original,
        _ => return,
    };
    if field.is_empty() {
        value.clone_into(field);
    }
}

fn text(value: &[u8]) -> String {
    let whole = slice(value, 0, value.len() & !1).unwrap_or_default();
    utf16(whole).trim_end_matches('\0').trim().to_owned()
}

fn aligned(at: usize) -> usize {
    at.saturating_add(3) & !3
}
