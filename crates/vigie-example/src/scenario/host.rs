//! One Exchange server: its names, its drive, the builds that it ran.

use vigie_model::Time;

use crate::formats::Build;
use crate::ident::{Guid, Sid};
use crate::rng::Rng;

/// One Exchange server.
#[derive(Clone, Debug)]
pub struct Host {
    /// Short name, `MAIL01`.
    pub name: String,
    /// The domain, under `.example`.
    pub domain: String,
    /// The domain's short name.
    pub netbios: String,
    /// The drive that Exchange is installed on; Windows and IIS are on `C`.
    pub drive: char,
    /// The address inside.
    pub address: String,
    /// Builds and when each was installed, oldest first; never empty.
    pub builds: Vec<(Time, Build)>,
    /// The name of its cumulative update, `Cumulative Update 19`.
    pub update: &'static str,
    /// Whatever is random about it.
    pub seed: u64,
}

impl Host {
    /// `MAIL01.hotel.example`.
    pub fn fqdn(&self) -> String {
        format!("{}.{}", self.name, self.domain)
    }

    /// The name that clients use.
    pub fn site(&self) -> String {
        format!("mail.{}", self.domain)
    }

    /// The address that the server calls itself by.
    pub fn link_local(&self) -> String {
        let word = Rng::new(self.seed).fork("link local").word();
        format!(
            "fe80::{:x}:{:x}:{:x}:10f3%5",
            word >> 48 | 0x1000,
            word >> 16 & 0xfff | 0x1000,
            word & 0xfff | 0x1000
        )
    }

    /// `DOMAIN\MAIL01$`.
    pub fn machine_account(&self) -> String {
        format!("{}\\{}$", self.netbios, self.name)
    }

    /// The install folder on the host, with backslashes.
    pub fn install(&self) -> String {
        format!("{}:\\Program Files\\Microsoft\\Exchange Server\\V15", self.drive)
    }

    /// The build that ran at a moment; the first one before it was installed.
    pub fn build_at(&self, time: Time) -> Build {
        let current = self.builds.iter().rev().find(|(from, _)| *from <= time).or(self.builds.first());
        current.map_or(Build::v15(1, 0, 0), |(_, build)| *build)
    }

    /// A SID of the domain.
    pub fn sid(&self, number: u32) -> Sid {
        let mut rng = Rng::new(self.seed).fork("domain");
        let mut part = || u32::try_from(rng.within(1_000_000_000, 4_000_000_000)).unwrap_or(1);
        Sid { authority: 5, parts: vec![21, part(), part(), part(), number] }
    }

    /// A GUID that stays the same for a purpose: a database, a directory.
    pub fn guid(&self, purpose: &str) -> Guid {
        Rng::new(self.seed).fork(purpose).guid()
    }

    /// A path on the host as a collection keeps it: `C:\inetpub` becomes `C/inetpub`.
    pub fn collected(path: &str) -> String {
        path.replacen(":\\", "/", 1).replace('\\', "/")
    }
}
