//! The markup of a page that matters to a server, found one by one.

use super::contains_ignore_case;

/// A piece of markup that a server reads.
#[derive(Clone, Debug)]
pub(crate) enum Tag {
    /// `<%-- … --%>`.
    Comment,
    /// `<%@ … %>` and its attributes, the first of them the directive's own name.
    Directive(Vec<(String, String)>),
    /// `<!--#include file="…"-->`.
    Include(String),
    /// `<% … %>`.
    Render,
    /// `<%= … %>` and its kin.
    Output,
    /// `<script runat="server">` and its attributes.
    Script(Vec<(String, String)>),
    /// A control or object: its id and its kind.
    Control((String, String)),
}

impl Tag {
    /// Whether it says that bare code follows.
    pub(super) fn is_handler(&self) -> bool {
        match self {
            Tag::Directive(attributes) => attributes.first().is_some_and(|(name, _)| {
                matches!(name.as_str(), "webhandler" | "webservice" | "servicehost")
            }),
            Tag::Comment | Tag::Include(_) | Tag::Render | Tag::Output | Tag::Script(_) | Tag::Control(_) => {
                false
            }
        }
    }
}

/// Where a tag stands in the text, and where what it holds does.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) tag: Tag,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) inner: usize,
    pub(super) inner_end: usize,
}

/// The most characters of one tag's attributes.
const MAX_TAG: usize = 8192;

/// The next tag from a place on.
pub(super) fn next_tag(text: &str, from: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'<')?;
        let rest = text.get(at..).unwrap_or("");
        let found = if rest.starts_with("<%") {
            Some(percent(text, at))
        } else if rest.starts_with("<!--") {
            include(text, at)
        } else if bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) {
            element(text, at)
        } else {
            None
        };
        if found.is_some() {
            return found;
        }
        at += 1;
    }
}

fn percent(text: &str, start: usize) -> Found {
    let rest = text.get(start..).unwrap_or("");
    if rest.starts_with("<%--") {
        let end = rest.find("--%>").map_or(text.len(), |end| start + end + 4);
        return Found { tag: Tag::Comment, start, end, inner: end, inner_end: end };
    }
    let close = rest.find("%>").map_or(text.len(), |close| start + close);
    let end = (close + 2).min(text.len());
    let skip = rest.get(2..).unwrap_or("");
    let spaces = skip.len() - skip.trim_start_matches([' ', '\t', '\r', '\n']).len();
    let (tag, inner) = match skip.get(spaces..).and_then(|rest| rest.chars().next()) {
        Some('@') => (
            Tag::Directive(attributes(text.get(start + 3 + spaces..close).unwrap_or(""))),
            start + 3 + spaces,
        ),
        Some('=' | ':' | '#' | '$') if spaces == 0 => (Tag::Output, start + 3),
        Some('=') => (Tag::Output, start + 3 + spaces),
        Some('!') => (Tag::Render, start + 3 + spaces),
        Some(_) | None => (Tag::Render, start + 2),
    };
    Found { tag, start, end, inner: inner.min(close), inner_end: close }
}

fn include(text: &str, start: usize) -> Option<Found> {
    let rest = text.get(start..)?;
    let inner = rest.get(4..)?.trim_start();
    if !inner.get(..8)?.eq_ignore_ascii_case("#include") {
        return None;
    }
    let end = rest.find("-->").map_or(text.len(), |end| start + end + 3);
    let body = text.get(start..end)?;
    let file = body.split(['"', '\'']).nth(1).unwrap_or("").to_owned();
    Some(Found { tag: Tag::Include(file), start, end, inner: end, inner_end: end })
}

fn element(text: &str, start: usize) -> Option<Found> {
    let close = tag_end(text, start)?;
    let head = text.get(start + 1..close)?;
    let name: String = head
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-'))
        .collect::<String>()
        .to_ascii_lowercase();
    let is_script = name == "script" || name.ends_with(":script");
    let is_server = contains_ignore_case(head, "runat");
    if !is_server
        && name != "msxsl:script"
        && !(name.ends_with(":script") && contains_ignore_case(head, "implements-prefix"))
    {
        return None;
    }
    let attributes = attributes(head.get(name.len()..).unwrap_or(""));
    let end = close + 1;
    if is_script {
        let rest = text.get(end..)?;
        let stop = find_ignore_case(rest, &format!("</{name}")).map_or(text.len(), |stop| end + stop);
        let after =
            text.get(stop..).and_then(|rest| rest.find('>')).map_or(text.len(), |close| stop + close + 1);
        return Some(Found { tag: Tag::Script(attributes), start, end: after, inner: end, inner_end: stop });
    }
    let id = attribute(&attributes, "id")?.to_owned();
    let kind = if name == "object" {
        attribute(&attributes, "progid")
            .or(attribute(&attributes, "classid"))
            .unwrap_or("object")
            .to_ascii_lowercase()
    } else if name == "input" {
        format!("input:{}", attribute(&attributes, "type").unwrap_or("text").to_ascii_lowercase())
    } else {
        name.rsplit(':').next().unwrap_or(&name).to_owned()
    };
    Some(Found { tag: Tag::Control((id, kind)), start, end, inner: end, inner_end: end })
}

/// The place of the `>` that ends a tag: quotes and code inside may hold others.
fn tag_end(text: &str, start: usize) -> Option<usize> {
    let mut quote = None;
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while at < bytes.len().min(start + MAX_TAG) {
        let byte = *bytes.get(at)?;
        match (quote, byte) {
            (_, b'<') if bytes.get(at + 1) == Some(&b'%') => {
                at += text.get(at..)?.find("%>")? + 2;
                continue;
            }
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'>') => return Some(at),
            (None, b'<') => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

fn find_ignore_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|part| part.eq_ignore_ascii_case(needle.as_bytes()))
}

/// `name="value"` pairs, names in lower case; a word without a value has an empty one.
fn attributes(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let chars: Vec<char> = text.chars().take(MAX_TAG).collect();
    let mut at = 0;
    while at < chars.len() {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '#');
        if !chars.get(at).copied().is_some_and(is_name) {
            at += 1;
            continue;
        }
        let start = at;
        while chars.get(at).copied().is_some_and(is_name) {
            at += 1;
        }
        let name: String = chars.get(start..at).unwrap_or_default().iter().collect::<String>().to_lowercase();
        let mut ahead = at;
        while chars.get(ahead).is_some_and(|c| c.is_whitespace()) {
            ahead += 1;
        }
        if chars.get(ahead) != Some(&'=') {
            out.push((name, String::new()));
            continue;
        }
        ahead += 1;
        while chars.get(ahead).is_some_and(|c| c.is_whitespace()) {
            ahead += 1;
        }
        let quote = chars.get(ahead).copied().filter(|c| matches!(c, '"' | '\''));
        let from = ahead + usize::from(quote.is_some());
        let mut to = from;
        while chars
            .get(to)
            .is_some_and(|c| quote.map_or(!c.is_whitespace() && *c != '>', |quote| *c != quote))
        {
            to += 1;
        }
        out.push((
            name,
            crate::codec::entities(&chars.get(from..to).unwrap_or_default().iter().collect::<String>()),
        ));
        at = to + usize::from(quote.is_some());
    }
    out
}

/// The value of an attribute, if it has one.
pub(super) fn attribute<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|(found, value)| found == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}
