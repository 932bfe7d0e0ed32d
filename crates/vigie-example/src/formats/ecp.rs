//! The ECP Server log: what the admin center did for each request, with two layers of quotes.

use std::fmt::Write as _;

use vigie_model::Time;

use super::{BOM, Build, comments, push_cell};
use crate::clock::push_iso;
use crate::ident::Guid;

/// One request to the admin center.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// When it ended.
    pub time: Time,
    /// The server's short name.
    pub server: &'a str,
    /// Milliseconds.
    pub millis: u32,
    /// The session.
    pub session: Guid,
    /// Cmdlets with their parameters, `Set-X.Name='value'`, in clear.
    pub command: &'a str,
    /// Path and query.
    pub url: &'a str,
    /// The activity.
    pub activity: Guid,
    /// The build that runs.
    pub build: Build,
}

/// The head of a file. Its version says nothing of the build.
pub fn header(out: &mut String, first: Time) {
    out.push_str(BOM);
    out.push_str(&comments("15.0.0.0", "ECP Server Log", first, "TimeStamp,ServerName,EventId,EventData"));
}

/// Appends a row.
pub fn row(out: &mut String, row: &Row<'_>) {
    push_iso(out, row.time);
    let _ = write!(out, ",{},ECP.Request,", row.server);
    let mut data = String::with_capacity(400);
    // Writing into a string cannot fail.
    let _ = write!(data, "S:TIME={};S:SID={};", row.millis, row.session);
    push_item(&mut data, &format!("S:CMD={}", row.command));
    let _ = write!(data, ";S:REQID=;S:URL={};S:REFERRER=;S:EX=;S:ACTID={};S:RS=0;", row.url, row.activity);
    let _ = write!(data, "S:BLD={};S:TNAME=<null>;S:TID=;S:USID=;S:EDOID=;S:ACID=", row.build);
    push_cell(out, &data);
    out.push_str("\r\n");
}

/// The inner layer: an item that holds a quote or a separator is wrapped in single quotes, with its own doubled.
fn push_item(data: &mut String, item: &str) {
    if item.contains(['\'', ';']) {
        data.push('\'');
        data.push_str(&item.replace('\'', "''"));
        data.push('\'');
    } else {
        data.push_str(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_twice() {
        let mut out = String::new();
        let guid = Guid::from_digits(0);
        row(
            &mut out,
            &Row {
                time: crate::clock::at("2021-03-03T05:12:44"),
                server: "MAIL01",
                millis: 5,
                session: guid,
                command: "Set-X.Url='http://f/\"a\"'",
                url: "/ecp/x",
                activity: guid,
                build: Build::v15(1, 2176, 2),
            },
        );
        assert!(out.contains(";'S:CMD=Set-X.Url=''http://f/\"\"a\"\"''';S:REQID=;"), "{out}");
        assert!(out.contains("ECP.Request,\"S:TIME=5;"));
    }
}
