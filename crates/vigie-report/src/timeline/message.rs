//! An event in one line for a person: what `message` says in a timeline.

use vigie_model::schema::WINDOWS_SYSTEM_FIELDS;

use super::Event;

/// A message has at most this many characters; all fields stand beside it.
const MESSAGE_CHARS_MAX: usize = 400;
/// A value in it has at most this many.
const VALUE_CHARS_MAX: usize = 120;

/// A piece of a message: the text before a field's value, and the field.
type Piece = (&'static str, &'static str);

/// The messages of artifacts that people know by heart. All others name their fields.
static MESSAGES: [(&str, &[Piece]); 8] = [
    ("iis.w3c", IIS),
    ("exchange.httpproxy", HTTP_PROXY),
    ("exchange.setup", &[("", "Level"), (" ", "Message")]),
    ("web.root", &[("", "TargetFilename"), (" size ", "Size")]),
    ("windows.mft", &[("", "TargetFilename"), (" size ", "Size")]),
    ("windows.usn", &[("", "TargetFilename"), (" ", "Reason")]),
    ("windows.registry", &[("", "TargetObject"), (" = ", "Details")]),
    ("exchange.rps", &[("", "Cmdlet"), (" ", "Parameters"), (" as ", "AuthenticatedUser")]),
];

static IIS: &[Piece] = &[
    ("", "cs-method"),
    (" ", "cs-uri-stem"),
    ("?", "cs-uri-query"),
    (" from ", "c-ip"),
    (" as ", "cs-username"),
    (" status ", "sc-status"),
];

static HTTP_PROXY: &[Piece] = &[
    ("", "Method"),
    (" ", "UrlStem"),
    ("", "UrlQuery"),
    (" from ", "ClientIpAddress"),
    (" as ", "AuthenticatedUser"),
    (" status ", "HttpStatus"),
    (" back end ", "BackEndStatus"),
];

/// The message of an event.
pub(super) fn of(event: &Event<'_>) -> String {
    let artifact = event.schema.artifact.as_ref();
    // A stream of the artifact that lacks what the message begins with is told by its own fields.
    let begins = |pieces: &[Piece]| pieces.first().is_some_and(|(_, field)| event.field(field).is_some());
    let known = MESSAGES.iter().find(|(name, pieces)| *name == artifact && begins(pieces));
    let mut message = match known {
        Some((_, pieces)) => told(event, pieces),
        None if artifact == "windows.event" => windows_event(event),
        None => named(event, &[]),
    };
    if event.field("Deleted") == Some("true") {
        message.push_str(" (deleted)");
    }
    if message.is_empty() {
        return event.schema.stream_id();
    }
    crate::escape::clip(&message, MESSAGE_CHARS_MAX)
}

fn told(event: &Event<'_>, pieces: &[Piece]) -> String {
    let mut message = String::new();
    for (lead, name) in pieces {
        if let Some(value) = event.field(name) {
            message.push_str(lead);
            message.push_str(&crate::escape::clip(value, VALUE_CHARS_MAX));
        }
    }
    message
}

fn windows_event(event: &Event<'_>) -> String {
    let id = event.field("EventID").unwrap_or("?");
    let provider = event.field("Provider_Name").unwrap_or("?");
    let what = named(event, &WINDOWS_SYSTEM_FIELDS);
    let colon = if what.is_empty() { "" } else { ": " };
    format!("[{id}] {provider}{colon}{what}")
}

/// The fields with their names, up to the length of a message.
fn named(event: &Event<'_>, without: &[&str]) -> String {
    let mut message = String::new();
    for (name, value) in event.fields {
        if without.contains(name) {
            continue;
        }
        if message.len() > MESSAGE_CHARS_MAX {
            break;
        }
        if !message.is_empty() {
            message.push_str("; ");
        }
        message.push_str(name);
        message.push('=');
        message.push_str(&crate::escape::clip(value, VALUE_CHARS_MAX));
    }
    message
}
