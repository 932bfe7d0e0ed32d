//! What does evidence look like? Examples and fixtures in the exact native formats, the same bytes on every run.
//!
//! Everything is invented: names end in `.example`, addresses on the internet come from the ranges that RFC 5737 keeps
//! for documents. Nothing here sends anything, and what is hostile in the evidence is put together only while it is
//! written.

pub mod archive;
pub mod bulk;
pub mod clock;
pub mod evtx_writer;
pub mod formats;
pub mod hive_writer;
pub mod ident;
pub mod ntfs_writer;
mod pieces;
pub mod rng;
pub mod scenario;
pub mod webshell;

use std::io::{self, Seek, Write};

pub use archive::File;

/// An example: the evidence of one server.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Its name, `hotel-compromised`.
    pub name: &'static str,
    /// Its archive, `hotel-compromised.zip`.
    pub zip_name: &'static str,
    /// What it shows, one sentence.
    pub what: &'static str,
    files: fn() -> io::Result<Vec<File>>,
}

impl Example {
    /// Its files, ordered by path. Fails only when an event would not fit into an event log.
    pub fn files(&self) -> io::Result<Vec<File>> {
        (self.files)()
    }

    /// The example of this name.
    pub fn named(name: &str) -> Option<&'static Example> {
        EXAMPLES.iter().find(|example| example.name == name)
    }
}

/// Every example.
pub static EXAMPLES: &[Example] = &[
    Example {
        name: "hotel-compromised",
        zip_name: "hotel-compromised.zip",
        what: "A hotel's mail server that was broken into on 28 February 2021 and used until the evidence was taken.",
        files: scenario::hotel::compromised,
    },
    Example {
        name: "hotel-patched",
        zip_name: "hotel-patched.zip",
        what: "The same server, updated in the night after the fix came out, with complete and quiet logs.",
        files: scenario::hotel::patched,
    },
    Example {
        name: "hotel-late-logs",
        zip_name: "hotel-late-logs.zip",
        what: "The same server, unpatched for a week, with logs that begin after the days that matter.",
        files: scenario::hotel::late_logs,
    },
];

/// Writes an example as a zip, laid out as collectors do (`C/inetpub/...`). The same bytes on every run and machine.
pub fn write(example: &Example, out: impl Write + Seek) -> io::Result<()> {
    archive::write(&example.files()?, out)
}
