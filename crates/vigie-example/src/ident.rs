//! GUIDs and SIDs, as text and as Windows stores them.

use std::fmt;

/// A GUID in the byte order of Windows: the first three groups little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// From a number whose hexadecimal digits are those of the text form.
    pub const fn from_digits(digits: u128) -> Guid {
        let b = digits.to_be_bytes();
        Guid([
            b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
            b[15],
        ])
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let b = self.0;
        let (first, second, third) = (
            u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            u16::from_le_bytes([b[4], b[5]]),
            u16::from_le_bytes([b[6], b[7]]),
        );
        write!(f, "{first:08x}-{second:04x}-{third:04x}-{:02x}{:02x}-", b[8], b[9])?;
        b[10..].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A security identifier of revision 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sid {
    /// The authority, 5 for NT.
    pub authority: u8,
    /// The parts after it; at most 15.
    pub parts: Vec<u32>,
}

impl Sid {
    /// `S-1-5-18`: the machine itself.
    pub fn local_system() -> Sid {
        Sid { authority: 5, parts: vec![18] }
    }

    /// As Windows stores it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = u8::try_from(self.parts.len().min(15)).unwrap_or(15);
        let mut bytes = vec![1, count, 0, 0, 0, 0, 0, self.authority];
        for part in self.parts.iter().take(15) {
            bytes.extend(part.to_le_bytes());
        }
        bytes
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_agree() {
        let guid = Guid::from_digits(0x5770_385f_c22a_43e0_bf4c_06f5_698f_fbd9);
        assert_eq!(guid.to_string(), "5770385f-c22a-43e0-bf4c-06f5698ffbd9");
        assert_eq!(guid.0[0], 0x5f);
        let sid = Sid { authority: 5, parts: vec![21, 1, 2, 3, 500] };
        assert_eq!(sid.to_string(), "S-1-5-21-1-2-3-500");
        assert_eq!(sid.to_bytes().len(), 28);
    }
}
