//! What of an event is kept with a hit: the fields that rules read, and those that joins and reports need.

use vigie_model::hit::FIELD_BYTES_MAX;
use vigie_model::{EventBatch, Hit};

/// Fields that are always asked of the parsers and kept with a hit, whatever the rules read: the assessment joins
/// sources by them and the reports show them. Compared without case.
pub const FIELDS: &[&str] = &[
    // Requests: the ids that join front end, back end and ECP, and who asked for what.
    "RequestId",
    "ClientRequestId",
    "cafeReqId",
    "canary",
    "S:REQID",
    "REQID",
    "ACTID",
    "c-ip",
    "X-Forwarded-For",
    "ClientIpAddress",
    "ClientIP",
    "client-ip",
    "cs-username",
    "AuthenticatedUser",
    "cs(User-Agent)",
    "UserAgent",
    "cs(Referer)",
    "cs-method",
    "Method",
    "cs-uri-stem",
    "UrlStem",
    "cs-uri-query",
    "UrlQuery",
    "sc-status",
    "sc-substatus",
    "HttpStatus",
    "BackEndStatus",
    "cs-host",
    "UrlHost",
    "s-ip",
    "s-port",
    "s-computername",
    "ServerHostName",
    "ServerName",
    "TargetServer",
    "AnchorMailbox",
    "BackEndCookie",
    "RoutingHint",
    "ErrorCode",
    // ECP, EWS and remote PowerShell.
    "Cmd",
    "CMD",
    "EventId",
    "URL",
    "SID",
    "USID",
    "Cmdlet",
    "Parameters",
    "SoapAction",
    "ImpersonatedUser",
    // Files.
    "TargetFilename",
    "FileName",
    "sha256",
    "Url",
    "Size",
    // Windows events; where a record lay that its log does not count any more.
    "Salvaged",
    "Computer",
    "EventID",
    "Channel",
    "Image",
    "CommandLine",
    "ParentImage",
    "ParentCommandLine",
    "User",
    "SubjectUserName",
    "TargetUserName",
    "NewProcessName",
    "ParentProcessName",
    "ProcessGuid",
    "ParentProcessGuid",
    "Hashes",
    "ScriptBlockText",
    "ServiceName",
    "ImagePath",
    "Data0",
    "Data1",
    "Data2",
    "Message",
];

/// The field of a hit that says why its feed would not hold the indicator for valid at that time.
pub const INDICATOR: &str = "Indicator";

/// Whether a field is in [`FIELDS`].
pub(crate) fn is_kept(field: &str) -> bool {
    FIELDS.iter().any(|kept| kept.eq_ignore_ascii_case(field))
}

/// The hit of a rule on a row, with the values of these columns.
pub(crate) fn hit(batch: &EventBatch, row: usize, rule: u32, stream: &str, columns: &[usize]) -> Hit {
    let position = batch.positions.get(row).copied().unwrap_or_default();
    let value = |column: &usize| {
        let text = batch.cell(row, *column).filter(|text| !text.is_empty() && *text != "-")?;
        Some((batch.schema.fields.get(*column)?.to_string(), cut(text)))
    };
    Hit {
        rule,
        time: batch.times.get(row).copied().flatten(),
        stream: stream.to_owned(),
        number: position.number,
        offset: position.offset,
        fields: columns.iter().filter_map(value).collect(),
    }
}

/// The value, cut on a character boundary with `…` when it is too long.
fn cut(text: &str) -> String {
    if text.len() <= FIELD_BYTES_MAX {
        return text.to_owned();
    }
    let end = (0..=FIELD_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}
