//! Exact writers of native formats: what Exchange, IIS and Windows put on disk.

pub mod ecp;
pub mod evtx;
pub mod ews;
pub mod httpproxy;
pub mod iis;
pub mod oabgenerator;
pub mod setup;
pub mod webroot;

use std::fmt;

/// An Exchange build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Build {
    /// 15.
    pub major: u32,
    /// 0 for 2013, 1 for 2016, 2 for 2019.
    pub minor: u32,
    /// The cumulative update.
    pub build: u32,
    /// The security update.
    pub revision: u32,
}

impl Build {
    /// A build of version 15.
    pub const fn v15(minor: u32, build: u32, revision: u32) -> Build {
        Build { major: 15, minor, build, revision }
    }

    /// `15.01.2176.002`, as log headers write it.
    pub fn padded(self) -> String {
        format!("{:02}.{:02}.{:04}.{:03}", self.major, self.minor, self.build, self.revision)
    }

    /// `15.01.2176.000`: a target's version knows the cumulative update only.
    pub fn target(self) -> String {
        Build { revision: 0, ..self }.padded()
    }

    /// The product's year.
    pub fn product(self) -> &'static str {
        match self.minor {
            0 => "2013",
            1 => "2016",
            _ => "2019",
        }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.revision)
    }
}

/// Every Exchange text log begins with a byte order mark.
pub const BOM: &str = "\u{feff}";

/// The comment block of an Exchange text log, without its mark.
fn comments(version: &str, kind: &str, first: vigie_model::Time, fields: &str) -> String {
    let date = crate::clock::iso(first);
    format!(
        "#Software: Microsoft Exchange Server\r\n#Version: {version}\r\n#Log-type: {kind}\r\n#Date: {date}\r\n\
         #Fields: {fields}\r\n"
    )
}

/// Appends a CSV cell, quoted only when it must be.
fn push_cell(out: &mut String, cell: &str) {
    if cell.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
}
