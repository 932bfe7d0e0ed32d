//! Indicators as rules: a pack's `indicators.csv`, and feeds that users give with `--indicators`.
//!
//! # A pack's `indicators.csv`, one indicator a line
//! The header is `type,value,stage,way,level,title,note`; a cell with a comma stands in double quotes, lines that
//! begin with `#` are comments. Types:
//! * `sha256`, `sha1`, `md5`: of a file, wherever a log tells it, and of every file of the collection itself;
//! * `path`: a host path or the end of one from a separator on: `\aspnet_client\x.aspx`, `C:\root\x.dmp`, `x.aspx`;
//! * `address`: an IP address or a network;
//! * `user-agent`: as the client sent it (IIS writes `+` for blanks, HttpProxy blanks for commas: both are read);
//! * `domain`: a name and all names below it;
//! * `url`: a path with or without a query, or a whole `https://host/path`;
//! * `command`: a whole command line.
//!
//! `stage`, `way`, `level` and `title` are as in a rule; `way` and `note` may be empty.
//!
//! # Feeds
//! The same CSV (there `stage` and `way` may be empty), STIX 2.1 bundles, MISP events and the MSTIC feed, recognised by
//! content. Values that were made harmless (`hxxp`, `[.]`) are read as they were. What cannot be evaluated is named.

mod csv;
mod feed;
mod misp;
mod mstic;
mod stix;
mod stix_path;
mod stix_pattern;
mod value;

pub(crate) use csv::read;
pub use feed::FeedSummary;
pub(crate) use feed::{Feed, load};

/// Reads the bytes of a feed and runs nothing: for fuzzing. Returns how many indicators and mistakes it holds.
pub fn probe(bytes: &[u8]) -> (usize, usize) {
    let mut feed = Feed::default();
    feed::read(&mut feed, bytes);
    (feed.rules.len() + feed.dead.len(), feed.errors.len())
}
