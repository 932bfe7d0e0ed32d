//! Lists of victims in: what each row names, where it comes from, and what it claims.

pub mod fields;
mod fleet;
pub mod names;
mod read;
mod run;

pub(crate) use read::day_of;
pub use read::{ListMeta, Lists, read_list, read_lists};
pub(crate) use run::run_lists;

/// What a key of a record identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// A whole URL: one web shell or page.
    Url,
    /// An IP address.
    Address,
    /// A certificate by hash or serial.
    Certificate,
    /// A full host name.
    HostName,
    /// The domain that an organisation registered.
    Domain,
    /// An Active Directory forest or domain, as NTLM tells it.
    Forest,
    /// A cleaned name of an organisation, with its country.
    Name,
}

impl KeyKind {
    /// The word for it in explanations.
    pub fn word(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Address => "address",
            Self::Certificate => "certificate",
            Self::HostName => "host name",
            Self::Domain => "registrable domain",
            Self::Forest => "directory forest",
            Self::Name => "name and country",
        }
    }
}

/// One row of a list, reduced to what can link it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Index of its list.
    pub list: u16,
    /// Line in its file.
    pub line: u32,
    /// Interned keys by kind.
    pub keys: Vec<(KeyKind, u32)>,
    /// Interned cleaned name, when the row names an organisation.
    pub name: Option<u32>,
    /// Country in two letters, upper case.
    pub country: Option<[u8; 2]>,
    /// Day since 1970-01-01.
    pub day: Option<i32>,
}
