//! Properties of STIX objects and the fields of events that hold them: `file:hashes.MD5`, `ipv4-addr:value`.
//!
//! Also the objects themselves (a `file` with its hashes, an `ipv4-addr`): bundles list them beside their indicators.

use serde_json::Value;

use super::stix_pattern::Operator;
use super::value::{
    self, ADDRESS_FIELDS, AGENT_FIELDS, COMMAND_FIELDS, HOST_FIELDS, PATH_FIELDS, URL_FIELDS, any, like,
    refang, regex, test as test_field,
};
use crate::ir::{Expr, Piece};

/// What a property is, to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Property {
    /// A hash of a file: our word for its kind.
    Hash(&'static str),
    /// A file's or program's name, or its path: where a path ends.
    Name,
    /// A folder.
    Folder,
    /// An address.
    Address,
    Domain,
    Url,
    Agent,
    /// Another header or a member of a request, by its fields in logs.
    Plain(&'static [&'static str]),
    /// Says again what another test of the same observation says.
    Implied,
}

/// The condition of one test; an error says why events cannot answer it.
pub(super) fn test(path: &str, operator: Operator, values: &[String]) -> Result<Expr, String> {
    let property = property(path)?;
    let mut tests = Vec::new();
    for value in values {
        tests.push(one(property, operator, value).map_err(|reason| format!("{path}: {reason}"))?);
    }
    Ok(if tests.len() == 1 { tests.remove(0) } else { Expr::Or(tests) })
}

fn property(path: &str) -> Result<Property, String> {
    let normal = path.to_ascii_lowercase().replace(['\'', '"'], "").replace("[*]", "");
    let (object, property) = normal.split_once(':').unwrap_or((normal.as_str(), ""));
    if let Some(kind) = property.rsplit_once("hashes.").map(|(_, kind)| kind) {
        return match kind.replace('-', "").as_str() {
            "md5" => Ok(Property::Hash("md5")),
            "sha1" => Ok(Property::Hash("sha1")),
            "sha256" => Ok(Property::Hash("sha256")),
            _ => Err(format!("{path}: hashes of this kind are not made of files: md5, sha1 and sha256 are")),
        };
    }
    let found = match (object, property) {
        ("file", "name") | ("process", "name" | "image_ref.name" | "binary_ref.name") => Property::Name,
        ("file", "parent_directory_ref.path") | ("directory", "path") => Property::Folder,
        ("ipv4-addr" | "ipv6-addr", "value") | ("network-traffic", "dst_ref.value" | "src_ref.value") => {
            Property::Address
        }
        ("network-traffic", "dst_ref.type" | "src_ref.type") => Property::Implied,
        ("network-traffic", "dst_port") => Property::Plain(&["DestinationPort", "dst_port", "s-port"]),
        ("network-traffic", "src_port") => Property::Plain(&["SourcePort", "src_port"]),
        ("domain-name", "value") => Property::Domain,
        ("url", "value") => Property::Url,
        ("process", "command_line") => Property::Plain(COMMAND_FIELDS),
        ("process", "cwd") => Property::Plain(&["CurrentDirectory"]),
        ("network-traffic", member) => match member.rsplit_once("http-request-ext.").map(|(_, m)| m) {
            Some("request_header.user-agent") => Property::Agent,
            Some("request_header.referer") => Property::Plain(&["cs(Referer)", "Referer"]),
            Some("request_header.host") => Property::Domain,
            Some("request_value") => Property::Url,
            Some("request_method") => Property::Plain(&["cs-method", "Method"]),
            _ => return Err(format!("{path} is in none of the logs that are read")),
        },
        _ => return Err(format!("{path} is in none of the logs that are read")),
    };
    Ok(found)
}

fn one(property: Property, operator: Operator, value: &str) -> Result<Expr, String> {
    let kind = match property {
        Property::Hash(kind) => kind,
        Property::Name => "path",
        Property::Address => "address",
        Property::Domain => "domain",
        Property::Url => "url",
        Property::Agent => "user-agent",
        Property::Folder | Property::Plain(_) => "",
        Property::Implied => return Ok(Expr::Const(true)),
    };
    match operator {
        Operator::Equal | Operator::In | Operator::Subset => match property {
            Property::Folder => {
                let folder = value.trim_end_matches(['\\', '/']);
                Ok(any(PATH_FIELDS, |field| {
                    test_field(field, value::text(&format!("{folder}\\"), true, false))
                }))
            }
            Property::Plain(fields) => Ok(any(fields, |field| value::exact(field, value))),
            Property::Hash(_)
            | Property::Name
            | Property::Address
            | Property::Domain
            | Property::Url
            | Property::Agent
            | Property::Implied => value::condition(kind, value).map(|(expr, _)| expr),
        },
        Operator::Like => Ok(like_any(property, value)),
        Operator::Matches => {
            let pattern = if property == Property::Name { at_name(value) } else { value.to_owned() };
            let predicate = regex(&pattern)?;
            Ok(any(fields(property), |field| test_field(field, predicate.clone())))
        }
    }
}

/// The fields of events that hold a property as text.
fn fields(property: Property) -> &'static [&'static str] {
    match property {
        Property::Hash(_) => &["Hashes"],
        Property::Name | Property::Folder => PATH_FIELDS,
        Property::Address => ADDRESS_FIELDS,
        Property::Domain => HOST_FIELDS,
        Property::Url => URL_FIELDS,
        Property::Agent => AGENT_FIELDS,
        Property::Plain(fields) => fields,
        Property::Implied => &[],
    }
}

/// Logs hold whole paths where STIX compares a name: what begins the name follows a separator.
fn at_name(pattern: &str) -> String {
    match pattern.strip_prefix('^') {
        Some(rest) => format!(r"(?:^|[\\/]){rest}"),
        None => pattern.to_owned(),
    }
}

fn like_any(property: Property, value: &str) -> Expr {
    let pieces = pieces(value);
    match property {
        Property::Name => any(PATH_FIELDS, |field| {
            let after = |separator: &str| {
                let mut whole = vec![Piece::Many, Piece::Text(separator.as_bytes().to_vec())];
                whole.extend(pieces.iter().cloned());
                like(field, &whole)
            };
            Expr::Or(vec![like(field, &pieces), after("\\"), after("/")])
        }),
        Property::Folder => any(PATH_FIELDS, |field| {
            let mut whole = pieces.clone();
            whole.extend([Piece::Text(b"\\".to_vec()), Piece::Many]);
            like(field, &whole)
        }),
        Property::Agent => Expr::Or(vec![
            like("UserAgent", &pieces),
            like("cs(User-Agent)", &self::pieces(&value.replace(' ', "+"))),
        ]),
        Property::Hash(_)
        | Property::Address
        | Property::Domain
        | Property::Url
        | Property::Plain(_)
        | Property::Implied => any(fields(property), |field| like(field, &pieces)),
    }
}

/// `%` stands for any text, `_` for one character.
fn pieces(value: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for c in value.chars() {
        match (c, pieces.last_mut()) {
            ('%', _) => pieces.push(Piece::Many),
            ('_', _) => pieces.push(Piece::One),
            (c, Some(Piece::Text(text))) => text.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            (c, _) => pieces.push(Piece::Text(c.to_string().into_bytes())),
        }
    }
    pieces
}

/// The conditions of an object that stands in a bundle by itself: each with its kind and value, for its name.
pub(super) fn observables(object: &Value) -> Vec<(&'static str, String, Result<Expr, String>)> {
    let text = |name: &str| object[name].as_str().map(str::to_owned);
    let of = |kind: &'static str, value: Option<String>| {
        value.map(|value| {
            let value = if kind == "path" { value } else { refang(&value) };
            let condition = value::condition(kind, &value).map(|(expr, _)| expr);
            (kind, value, condition)
        })
    };
    let found = match object["type"].as_str().unwrap_or_default() {
        "file" => {
            let hash = |name: &str| object["hashes"][name].as_str().map(str::to_lowercase);
            let hashes = [of("sha256", hash("SHA-256")), of("sha1", hash("SHA-1")), of("md5", hash("MD5"))];
            let known: Vec<_> = hashes.into_iter().flatten().collect();
            // A name beside a hash describes; alone it is all there is.
            if known.is_empty() {
                vec![of("path", text("name"))]
            } else {
                known.into_iter().map(Some).collect()
            }
        }
        "ipv4-addr" | "ipv6-addr" => vec![of("address", text("value"))],
        "domain-name" => vec![of("domain", text("value"))],
        "url" => vec![of("url", text("value"))],
        "process" => vec![of("command", text("command_line"))],
        "network-traffic" => {
            let header = &object["extensions"]["http-request-ext"]["request_header"]["User-Agent"];
            let agent = header.as_str().or_else(|| header[0].as_str()).map(str::to_owned);
            vec![of("user-agent", agent)]
        }
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}
