//! IIS logs in the W3C extended format, with the fields that IIS 10 writes unless told otherwise.
//!
//! Specification: <https://www.w3.org/TR/WD-logfile.html> and Microsoft's "W3C Logging".

use std::fmt::Write as _;

use vigie_model::Time;

use crate::clock::push_plain;

/// The default fields of IIS 10.
pub const FIELDS: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
                          cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken";

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// When the answer was sent; seconds are kept.
    pub time: Time,
    /// The server's address.
    pub server: &'a str,
    /// `POST`.
    pub method: &'a str,
    /// The path.
    pub stem: &'a str,
    /// The query without its question mark; empty is written as `-`.
    pub query: &'a str,
    /// 443 in front, 444 behind.
    pub port: u16,
    /// `DOMAIN\user`; empty is written as `-`.
    pub user: &'a str,
    /// The client's address.
    pub client: &'a str,
    /// Blanks are written as `+`; empty as `-`.
    pub agent: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The substatus.
    pub substatus: u16,
    /// The Windows error.
    pub win32: u32,
    /// Time taken, in milliseconds.
    pub millis: u32,
}

/// Appends the comment block, which IIS repeats whenever it restarts within a file.
pub fn header(out: &mut String, time: Time) {
    out.push_str("#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: ");
    push_plain(out, time);
    out.push_str("\r\n#Fields: ");
    out.push_str(FIELDS);
    out.push_str("\r\n");
}

/// Appends a row.
pub fn row(out: &mut String, row: &Row<'_>) {
    push_plain(out, row.time);
    for text in [row.server, row.method, row.stem, row.query] {
        push_field(out, text);
    }
    // Writing into a string cannot fail.
    let _ = write!(out, " {}", row.port);
    for text in [row.user, row.client, row.agent, ""] {
        push_field(out, text);
    }
    let _ = write!(out, " {} {} {} {}\r\n", row.status, row.substatus, row.win32, row.millis);
}

fn push_field(out: &mut String, text: &str) {
    out.push(' ');
    if text.is_empty() {
        out.push('-');
    }
    for piece in text.split_inclusive(' ') {
        match piece.strip_suffix(' ') {
            Some(word) => {
                out.push_str(word);
                out.push('+');
            }
            None => out.push_str(piece),
        }
    }
}
