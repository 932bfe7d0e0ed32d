//! Passwords for encrypted containers: tried, never shown.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vigie_container::Bytes;
use vigie_container::zip_crypto::{AesKey, Strength};

/// What people who handle malware put on their archives; tried when all others failed.
const CUSTOMARY: &[u8] = b"infected";

/// A password, as the bytes that were typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Arc<[u8]>);

impl Password {
    /// From its bytes.
    pub fn new(bytes: &[u8]) -> Password {
        Password(bytes.into())
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The passwords for one container, with the memory of which one fitted.
#[derive(Debug)]
pub(super) struct Keys {
    passwords: Vec<Password>,
    fitted: AtomicUsize,
    /// What the container says of where its password is.
    hint: Option<String>,
}

impl Keys {
    /// The passwords that the user gave, and the customary one.
    pub(super) fn new(given: &[Password]) -> Keys {
        let mut passwords = given.to_vec();
        passwords.push(Password::new(CUSTOMARY));
        Keys { passwords, fitted: AtomicUsize::new(0), hint: None }
    }

    /// The first that opens something, the one that fitted last asked first.
    pub(super) fn find<T>(&self, open: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let first = self.fitted.load(Ordering::Relaxed);
        let order = std::iter::once(first).chain((0..self.passwords.len()).filter(|index| *index != first));
        order.into_iter().find_map(|index| {
            let opened = open(self.passwords.get(index)?.bytes())?;
            self.fitted.store(index, Ordering::Relaxed);
            Some(opened)
        })
    }

    /// The key of an AES entry.
    pub(super) fn aes(&self, strength: Strength, entry: (&Bytes, u64, u64)) -> Option<AesKey> {
        self.find(|password| AesKey::derive(strength, password, entry).ok().flatten())
    }

    /// Remembers what the container says of where its password is.
    pub(super) fn set_hint(&mut self, hint: Option<String>) {
        self.hint = hint;
    }

    /// Why none fitted, and what to do.
    pub(super) fn none_fits(&self, encryption: &str) -> String {
        let told = match self.passwords.len().saturating_sub(1) {
            0 => "give its password with --password-file".to_owned(),
            1 => "the password given does not open it".to_owned(),
            given => format!("none of the {given} passwords given opens it"),
        };
        let hint = self.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        format!("encrypted ({encryption}): {told}{hint}")
    }
}
