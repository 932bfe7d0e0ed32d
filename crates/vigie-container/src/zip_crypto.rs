//! Encrypted zip entries: the old way (`ZipCrypto`, APPNOTE 6.1) and AES
//! (<https://www.winzip.com/en/support/aes-encryption/>, AE-1 and AE-2).

use std::fmt;
use std::io::{self, Read};

use aes::cipher::array::Array;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use crate::{Bytes, Failure, ReadAt, bytes};

/// Rounds of key derivation, fixed by the format.
const ROUNDS: u32 = 1000;
/// Bytes of the authentication code behind the data.
const CODE_BYTES: u64 = 10;
/// Bytes by which a wrong password is told before the data.
const CHECK_BYTES: u64 = 2;
const BLOCK_BYTES: usize = 16;
/// Blocks of key stream that are made at once.
const BLOCKS: usize = 64;

/// How an entry is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// The old way; the last byte of its header must come out as this.
    ZipCrypto {
        /// The high byte of the checksum, or of the time where the checksum follows the data.
        check: u8,
    },
    /// AES in counter mode.
    Aes(Strength),
}

/// The length of an AES key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// 128 bits.
    Aes128,
    /// 192 bits.
    Aes192,
    /// 256 bits.
    Aes256,
}

impl Strength {
    /// From the byte of the extra field.
    pub fn of(byte: u8) -> Option<Strength> {
        match byte {
            1 => Some(Strength::Aes128),
            2 => Some(Strength::Aes192),
            3 => Some(Strength::Aes256),
            _ => None,
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Strength::Aes128 => 16,
            Strength::Aes192 => 24,
            Strength::Aes256 => 32,
        }
    }

    const fn salt_bytes(self) -> usize {
        match self {
            Strength::Aes128 => 8,
            Strength::Aes192 => 12,
            Strength::Aes256 => 16,
        }
    }
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encryption::ZipCrypto { .. } => "ZipCrypto",
            Encryption::Aes(Strength::Aes128) => "AES-128",
            Encryption::Aes(Strength::Aes192) => "AES-192",
            Encryption::Aes(Strength::Aes256) => "AES-256",
        })
    }
}

/// The decrypted bytes of an entry that takes up `len` bytes from `start`; `None` when the password is wrong. With
/// [`Encryption::ZipCrypto`] one wrong password in 256 is not noticed here.
///
/// # Errors
/// When the bytes cannot be read, or are too few.
pub fn unlock(
    encryption: Encryption,
    password: &[u8],
    entry: (&Bytes, u64, u64),
) -> io::Result<Option<Box<dyn Read + Send>>> {
    let (bytes, start, len) = entry;
    match encryption {
        Encryption::ZipCrypto { check } => {
            let mut header = bytes::take_at(bytes.as_ref(), start, 12)?;
            let mut keys = Keys::new(password);
            for byte in &mut header {
                *byte = keys.decrypt(*byte);
            }
            if header.len() < 12 {
                return Err(Failure::damaged("no room for the encryption header").into());
            }
            if header.last() != Some(&check) {
                return Ok(None);
            }
            let mut reader = bytes::Reader::new(bytes.clone());
            reader.jump(start.saturating_add(12));
            Ok(Some(Box::new(Old { reader: reader.take(len.saturating_sub(12)), keys })))
        }
        Encryption::Aes(strength) => {
            let Some(key) = AesKey::derive(strength, password, entry)? else { return Ok(None) };
            let mut reader = bytes::Reader::new(bytes.clone());
            reader.jump(key.start);
            let mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&key.mac_key).map_err(io::Error::other)?;
            Ok(Some(Box::new(Sealed { reader, left: key.len, at: 0, key, mac: Some(mac) })))
        }
    }
}

/// The three keys of the old way.
struct Keys(u32, u32, u32);

impl Keys {
    fn new(password: &[u8]) -> Keys {
        let mut keys = Keys(0x1234_5678, 0x2345_6789, 0x3456_7890);
        for byte in password {
            keys.update(*byte);
        }
        keys
    }

    fn update(&mut self, plain: u8) {
        self.0 = crc_step(self.0, plain);
        self.1 = self.1.wrapping_add(self.0 & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        let [.., high] = self.1.to_le_bytes();
        self.2 = crc_step(self.2, high);
    }

    fn decrypt(&mut self, byte: u8) -> u8 {
        let mixed = (self.2 | 2) & 0xffff;
        let [_, key, ..] = mixed.wrapping_mul(mixed ^ 1).to_le_bytes();
        let plain = byte ^ key;
        self.update(plain);
        plain
    }
}

/// One step of CRC-32, through a table.
fn crc_step(crc: u32, byte: u8) -> u32 {
    let [low, ..] = crc.to_le_bytes();
    CRC_TABLE.get(usize::from(low ^ byte)).copied().unwrap_or(0) ^ (crc >> 8)
}

static CRC_TABLE: std::sync::LazyLock<Vec<u32>> = std::sync::LazyLock::new(|| {
    let entry = |index: u32| {
        (0..8).fold(index, |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    };
    (0..256).map(entry).collect()
});

struct Old {
    reader: io::Take<bytes::Reader>,
    keys: Keys,
}

impl Read for Old {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        for byte in buffer.iter_mut().take(count) {
            *byte = self.keys.decrypt(*byte);
        }
        Ok(count)
    }
}

/// The keys of one AES entry, and where its data is.
#[derive(Clone)]
pub struct AesKey {
    cipher: Cipher,
    mac_key: Vec<u8>,
    start: u64,
    len: u64,
}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKey(..)")
    }
}

#[derive(Clone)]
enum Cipher {
    Aes128(Box<Aes128>),
    Aes192(Box<Aes192>),
    Aes256(Box<Aes256>),
}

impl AesKey {
    /// The key of an entry that takes up `len` bytes from `start`; `None` when the password is wrong.
    ///
    /// # Errors
    /// When the bytes cannot be read, or are too few.
    pub fn derive(
        strength: Strength,
        password: &[u8],
        entry: (&Bytes, u64, u64),
    ) -> io::Result<Option<AesKey>> {
        let (bytes, start, len) = entry;
        let around = (strength.salt_bytes() as u64).saturating_add(CHECK_BYTES);
        let head = bytes::take_at(bytes.as_ref(), start, strength.salt_bytes().saturating_add(2))?;
        let (Some((salt, check)), Some(data)) = (
            head.split_at_checked(strength.salt_bytes()),
            len.checked_sub(around).and_then(|rest| rest.checked_sub(CODE_BYTES)),
        ) else {
            return Err(Failure::damaged("no room for the encryption header").into());
        };
        let length = strength.key_bytes();
        let mut derived = vec![0; length.saturating_mul(2).saturating_add(2)];
        pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, ROUNDS, &mut derived);
        let (key, rest) = derived.split_at(length);
        let (mac_key, expected) = rest.split_at(length);
        if check != expected {
            return Ok(None);
        }
        let cipher = match strength {
            Strength::Aes128 => Aes128::new_from_slice(key).map(|aes| Cipher::Aes128(Box::new(aes))),
            Strength::Aes192 => Aes192::new_from_slice(key).map(|aes| Cipher::Aes192(Box::new(aes))),
            Strength::Aes256 => Aes256::new_from_slice(key).map(|aes| Cipher::Aes256(Box::new(aes))),
        };
        let cipher = cipher.map_err(io::Error::other)?;
        Ok(Some(AesKey { cipher, mac_key: mac_key.to_vec(), start: start.saturating_add(around), len: data }))
    }

    /// Decrypts (or encrypts) bytes that stand at a place of the data. The counter is little-endian and begins at 1.
    fn apply(&self, at: u64, buffer: &mut [u8]) {
        let mut block = (at / 16).wrapping_add(1);
        let mut skip = usize::try_from(at % 16).unwrap_or(0);
        let mut rest = buffer;
        while !rest.is_empty() {
            let mut stream = [Array::from([0; BLOCK_BYTES]); BLOCKS];
            let wanted = rest.len().saturating_add(skip).div_ceil(BLOCK_BYTES).min(BLOCKS);
            let stream = stream.get_mut(..wanted).unwrap_or_default();
            for counter in stream.iter_mut() {
                if let Some(low) = counter.get_mut(..8) {
                    low.copy_from_slice(&block.to_le_bytes());
                }
                block = block.wrapping_add(1);
            }
            match &self.cipher {
                Cipher::Aes128(aes) => aes.encrypt_blocks(stream),
                Cipher::Aes192(aes) => aes.encrypt_blocks(stream),
                Cipher::Aes256(aes) => aes.encrypt_blocks(stream),
            }
            let length = rest.len().min(wanted.saturating_mul(BLOCK_BYTES).saturating_sub(skip));
            let (now, later) = rest.split_at_mut(length);
            let key_bytes = stream.iter().flat_map(|block| block.iter()).skip(skip);
            now.iter_mut().zip(key_bytes).for_each(|(byte, key)| *byte ^= key);
            (rest, skip) = (later, 0);
        }
    }
}

/// An entry that is stored and encrypted with AES, at any place. The authentication code is not checked: it covers the
/// whole.
#[derive(Clone, Debug)]
pub struct AesAt {
    /// The bytes in which the entry is.
    pub of: Bytes,
    /// Its key.
    pub key: AesKey,
}

impl ReadAt for AesAt {
    fn size(&self) -> u64 {
        self.key.len
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.key.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.of.read_at(self.key.start.saturating_add(at), buffer)?;
        self.key.apply(at, buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

/// An entry from its beginning to its end, where the authentication code is compared.
struct Sealed {
    reader: bytes::Reader,
    left: u64,
    at: u64,
    key: AesKey,
    mac: Option<Hmac<Sha1>>,
}

impl Read for Sealed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        if buffer.is_empty() {
            return if self.left == 0 { self.check().map(|()| 0) } else { Ok(0) };
        }
        let count = self.reader.read(buffer)?;
        let read = buffer.get_mut(..count).unwrap_or_default();
        if let Some(mac) = &mut self.mac {
            mac.update(read);
        }
        self.key.apply(self.at, read);
        self.at = self.at.saturating_add(count as u64);
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

impl Sealed {
    fn check(&mut self) -> io::Result<()> {
        let Some(mac) = self.mac.take() else { return Ok(()) };
        let mut code = [0; 10];
        let filled = bytes::fill(&mut self.reader, &mut code)?;
        if filled == code.len() && mac.verify_truncated_left(&code).is_ok() {
            return Ok(());
        }
        Err(Failure::damaged("its authentication code is not that of its bytes").into())
    }
}
