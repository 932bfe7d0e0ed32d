//! ECP logs (the control panel's back end): commands run through the web, in clear, under two layers of quotes.
//!
//! `EventData` is a list of `TYPE:KEY=value` items separated by semicolons. An item with special characters stands in
//! single quotes, in which `''` is one; the whole cell is then quoted as CSV.

use vigie_model::batch::Span;
use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::exchange_csv::{self, Header, Identity, Layout, RowKind, path_has};
use super::rows::span;
use crate::{Artifact, Head, Input, Parser, Sink};

/// Columns that are taken out of `EventData`.
pub(crate) const DERIVED_FIELDS: &[&str] = &["Cmd", "Url", "Canary", "Sid", "Exception", "ActId"];

/// Reads ECP Server and ECP Activity logs.
pub struct Ecp;

// Sparse: health probes write to it on a healthy server, but a server whose probes fail, or with the ECP
// application stopped, is silent for days without anything having been removed.
static ARTIFACT: Artifact = Artifact {
    name: "exchange.ecp",
    title: "Exchange control panel log (Server, Activity)",
    density: Density::Sparse,
    proves: "Commands that ran through the control panel with their parameters: the web shell text set as an \
             ExternalUrl (CVE-2021-27065), and the canary that joins it to the web logs. `S:BLD` gives the build.",
    location: "%ExchangeInstallPath%\\Logging\\ECP\\Server\\ECPServer*.LOG; ...\\ECP\\Activity\\ECPActivity_*.LOG",
    source: "https://github.com/microsoft/CSS-Exchange/tree/main/Security",
};

static LAYOUT: Layout = Layout { artifact: &ARTIFACT, stream: stream_of, rows: RowKind::Ecp };

impl Parser for Ecp {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let header = Header::of(head);
        if !header.log_type.is_empty() {
            return header.log_type_starts("ECP");
        }
        path_has(head.path, "ECP")
            && (header.has(&["TimeStamp", "ServerName", "EventId", "EventData"])
                || (header.fields.is_empty() && exchange_csv::starts_with_time(&header.first_row)))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        exchange_csv::parse(&LAYOUT, input, sink)
    }
}

fn stream_of(identity: &Identity<'_>) -> String {
    let is_activity = identity.log_type.to_ascii_lowercase().contains("activity")
        || (identity.log_type.is_empty() && path_has(identity.path, "Activity"));
    if is_activity { "Activity" } else { "Server" }.to_owned()
}

/// Takes `EventData` apart: its cell becomes the text without inner quotes, the derived columns are pushed behind
/// the row's own. Returns where the build stands.
pub(crate) fn take_apart(cells: &mut Vec<Span>, column: usize, texts: (&str, &mut String)) -> Option<Span> {
    let (text, extra) = texts;
    let cell = cells.get(column).copied().filter(|cell| !cell.is_null());
    let (mut found, mut build) = ([Span::NULL; 6], None);
    if let Some(cell) = cell {
        let (start, data) = match (cell.start as usize).checked_sub(text.len()) {
            Some(behind) => (
                cell.start as usize,
                extra.get(behind..behind.saturating_add(cell.len as usize)).map(str::to_owned),
            ),
            None => (
                cell.start as usize,
                text.get(cell.start as usize..)
                    .and_then(|data| data.get(..cell.len as usize))
                    .map(str::to_owned),
            ),
        };
        let data = data.unwrap_or_default();
        let (start, plain) = unquote(data, start, (text.len(), extra));
        if let Some(cell) = cells.get_mut(column) {
            *cell = span(start, start.saturating_add(plain.data.len()));
        }
        build = find_items(&plain, start, &mut found);
    }
    cells.extend(found);
    build
}

/// Event data without inner quotes, and where its items are in it.
struct Plain {
    data: String,
    items: Vec<(usize, usize)>,
}

/// Undoes the inner quotes. Data without any stays where it is; other is appended to `extra`.
fn unquote(data: String, start: usize, behind: (usize, &mut String)) -> (usize, Plain) {
    let (base, extra) = behind;
    let mut items = Vec::new();
    let mut plain = String::new();
    let mut rest = data.as_str();
    let mut has_quotes = false;
    loop {
        let begin = plain.len();
        let taken = if let Some((item, length)) = rest.strip_prefix('\'').and_then(unquote_item) {
            has_quotes = true;
            plain.push_str(&item);
            length.saturating_add(1)
        } else {
            let length = rest.find(';').unwrap_or(rest.len());
            plain.push_str(rest.get(..length).unwrap_or_default());
            length
        };
        items.push((begin, plain.len()));
        rest = rest.get(taken..).unwrap_or_default();
        let Some(next) = rest.strip_prefix(';') else { break };
        plain.push(';');
        rest = next;
    }
    if !has_quotes {
        return (start, Plain { data, items });
    }
    let moved = base.saturating_add(extra.len());
    extra.push_str(&plain);
    (moved, Plain { data: plain, items })
}

/// An item behind its opening quote, and how far it reaches with its closing one; `None` when it is not closed
/// right before the next item.
fn unquote_item(quoted: &str) -> Option<(String, usize)> {
    let mut item = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('\'')?;
        item.push_str(before);
        if let Some(more) = after.strip_prefix('\'') {
            item.push('\'');
            rest = more;
            continue;
        }
        let reach = quoted.len().checked_sub(after.len())?;
        return (after.is_empty() || after.starts_with(';')).then_some((item, reach));
    }
}

/// Fills the derived columns with the first item of each key; returns where the build stands.
fn find_items(plain: &Plain, start: usize, found: &mut [Span; 6]) -> Option<Span> {
    let [command, url, canary, sid, exception, activity] = found;
    let mut build = None;
    for (begin, end) in &plain.items {
        let item = plain.data.get(*begin..*end).unwrap_or_default();
        let Some((key, value)) = item.split_once('=') else { continue };
        let value_start = start.saturating_add(*end).saturating_sub(value.len());
        let here = span(value_start, value_start.saturating_add(value.len()));
        // A quote that is never closed must not hide the command behind it.
        let slot = match key.trim_start_matches('\'').to_ascii_uppercase().as_str() {
            "S:CMD" => &mut *command,
            "S:URL" => {
                if let Some((at, length)) = canary_in(value).filter(|_| canary.is_null()) {
                    let canary_start = value_start.saturating_add(at);
                    *canary = span(canary_start, canary_start.saturating_add(length));
                }
                &mut *url
            }
            "S:SID" => &mut *sid,
            "S:EX" => &mut *exception,
            "S:ACTID" => &mut *activity,
            "S:BLD" => build.get_or_insert(here),
            _ => continue,
        };
        if slot.is_null() {
            *slot = here;
        }
    }
    build
}

/// Where the canary's value stands in an address.
fn canary_in(url: &str) -> Option<(usize, usize)> {
    const NAME: &str = "msExchEcpCanary=";
    let at = url.to_ascii_lowercase().find(&NAME.to_ascii_lowercase())?.checked_add(NAME.len())?;
    let value = url.get(at..)?;
    Some((at, value.find(['&', ';', '#', ' ']).unwrap_or(value.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoes_the_inner_quotes() {
        let data = "S:TIME=1;'S:CMD=Set-X.Url=''http://f/<s>;</s>''.Id=''g''';S:SID=a".to_owned();
        let mut extra = String::new();
        let (start, plain) = unquote(data, 0, (100, &mut extra));
        assert_eq!(
            (start, extra.as_str()),
            (100, "S:TIME=1;S:CMD=Set-X.Url='http://f/<s>;</s>'.Id='g';S:SID=a")
        );
        let items: Vec<&str> =
            plain.items.iter().filter_map(|(begin, end)| plain.data.get(*begin..*end)).collect();
        assert_eq!(items, ["S:TIME=1", "S:CMD=Set-X.Url='http://f/<s>;</s>'.Id='g'", "S:SID=a"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_text() {
        let mut extra = String::new();
        let (start, plain) = unquote("'S:CMD=a;S:SID=b".to_owned(), 7, (100, &mut extra));
        assert_eq!((start, plain.items.len(), extra.as_str()), (7, 2, ""));
    }
}
