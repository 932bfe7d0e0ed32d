//! One request leaves traces in several logs: they are joined by what they share.
//!
//! `RequestId` of HttpProxy stands as `cafeReqId` in the query that IIS logs (front and back end), and the ECP
//! canary stands in the URL of all of them and in the ECP Server log. Through either, a trace that names no
//! client (the back end sees only the front end) gets the client of the trace that does.

use std::collections::BTreeMap;

use vigie_model::Hit;

use crate::tally::{ClientKind, client_kind};

/// Shared values that are remembered; past it, further ones join nothing (and no verdict hangs on a join).
const KEYS_MAX: usize = 1_000_000;

/// What a trace shares with others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// A front-end request id, lower case.
    Request(String),
    /// An ECP canary.
    Canary(String),
}

impl Key {
    /// The word for reports.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Key::Request(_) => "request",
            Key::Canary(_) => "canary",
        }
    }

    /// The shared value.
    pub(crate) fn value(&self) -> &str {
        match self {
            Key::Request(value) | Key::Canary(value) => value,
        }
    }
}

/// The keys a hit shares with traces elsewhere.
pub(crate) fn keys(hit: &Hit) -> Vec<Key> {
    let mut keys = Vec::new();
    if hit.stream.starts_with("exchange.")
        && let Some(id) = hit.field("RequestId")
    {
        keys.push(Key::Request(id.to_ascii_lowercase()));
    }
    for name in ["cs-uri-query", "UrlQuery"] {
        if let Some(id) = hit.field(name).and_then(|query| parameter(query, "cafeReqId")) {
            keys.push(Key::Request(id.to_ascii_lowercase()));
        }
    }
    for name in ["Canary", "AnchorMailbox", "cs-uri-query", "UrlQuery", "Url", "BackEndCookie"] {
        let Some(value) = hit.field(name) else { continue };
        let canary = if name == "Canary" { Some(value) } else { parameter(value, "msExchEcpCanary") };
        // A canary is some 70 characters; an empty or tiny one would join strangers.
        if let Some(canary) = canary.filter(|canary| canary.len() >= 16) {
            keys.push(Key::Canary(canary.to_owned()));
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

/// The value of `name=` in a query, up to the next separator.
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = text.find(name)? + name.len();
    let rest = text.get(start..)?.strip_prefix('=')?;
    let end = rest.find(['&', ';', '#', ' ', '"']).unwrap_or(rest.len());
    rest.get(..end).filter(|value| !value.is_empty())
}

/// Who the hit itself names: a client address that is not the server's own.
pub(crate) fn own_actor(hit: &Hit) -> Option<String> {
    if hit.stream == "iis.w3c/W3SVC2" {
        return None;
    }
    let forwarded = ["X-Forwarded-For", "cs(X-Forwarded-For)"]
        .iter()
        .filter_map(|name| hit.field(name))
        .map(|list| list.split([',', '+', ';']).next().unwrap_or_default().trim())
        .find(|address| client_kind(address) == ClientKind::Public);
    let direct = ["ClientIpAddress", "c-ip", "ClientIP"].iter().find_map(|name| hit.field(name));
    let actor = forwarded.or(direct)?;
    match client_kind(actor) {
        ClientKind::Public | ClientKind::Private => Some(actor.to_owned()),
        ClientKind::Own => None,
    }
}

/// For each key, the client that some trace names for it: the smallest, so that the order of files is nothing.
pub(crate) fn clients<'a>(hits: impl Iterator<Item = &'a Hit>) -> BTreeMap<Key, String> {
    let mut clients: BTreeMap<Key, String> = BTreeMap::new();
    for hit in hits {
        let Some(actor) = own_actor(hit) else { continue };
        for key in keys(hit) {
            if clients.len() >= KEYS_MAX && !clients.contains_key(&key) {
                continue;
            }
            let known = clients.entry(key).or_insert_with(|| actor.clone());
            if actor < *known {
                known.clone_from(&actor);
            }
        }
    }
    clients
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(stream: &str, fields: &[(&str, &str)]) -> Hit {
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Hit { rule: 0, time: None, stream: stream.into(), number: 1, offset: 0, fields }
    }

    #[test]
    fn a_back_end_trace_gets_the_client_of_its_request() {
        let front = hit(
            "exchange.httpproxy/Ecp",
            &[("RequestId", "0F0F"), ("ClientIpAddress", "203.0.113.9"), ("UrlQuery", "")],
        );
        let back = hit(
            "iis.w3c/W3SVC2",
            &[
                ("c-ip", "10.0.0.5"),
                ("cs-uri-query", "a=1&CorrelationID=<empty>;&cafeReqId=0f0f;&encoding=;"),
            ],
        );
        let clients = clients([&front, &back].into_iter());
        assert_eq!(own_actor(&back), None);
        assert_eq!(clients.get(keys(&back).first().unwrap()).map(String::as_str), Some("203.0.113.9"));
    }

    #[test]
    fn an_empty_canary_joins_nobody() {
        assert!(
            keys(&hit("exchange.ecp/Server", &[("Canary", ""), ("Url", "/ecp/?msExchEcpCanary=&x=1")]))
                .is_empty()
        );
    }
}
