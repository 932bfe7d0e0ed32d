//! Field names: Sigma's on the left, the evidence's on the right. Names that are equal need no row.

use super::{Alias, Joint, Place};

const fn field(rule: &'static str, evidence: &'static [Place]) -> Alias {
    Alias { rule, evidence }
}

/// Fields keep the names that the evidence gives them.
pub(super) const NATIVE: &[Alias] = &[];

const IIS_URI: Place = Place::Joined("cs-uri-stem", Joint::Query, "cs-uri-query");
const PROXY_URI: Place = Place::Joined("UrlStem", Joint::Query, "UrlQuery");

/// Sigma's webserver and proxy fields on IIS W3C logs. Public rules put the path into `cs-uri-query`.
pub(super) const IIS_WEB: &[Alias] = &[
    field("cs-uri-query", &[Place::Field("cs-uri-query"), IIS_URI]),
    field("c-uri-query", &[Place::Field("cs-uri-query"), IIS_URI]),
    field("cs-uri-stem", &[Place::Field("cs-uri-stem")]),
    field("c-uri-stem", &[Place::Field("cs-uri-stem")]),
    field("c-uri-path", &[Place::Field("cs-uri-stem")]),
    field("cs-uri", &[IIS_URI, Place::Field("cs-uri-stem"), Place::Field("cs-uri-query")]),
    field("c-uri", &[IIS_URI, Place::Field("cs-uri-stem"), Place::Field("cs-uri-query")]),
    field("c-uri-extension", &[Place::Field("c-uri-extension")]),
    field("cs-user-agent", &[Place::Field("cs(User-Agent)")]),
    field("c-useragent", &[Place::Field("cs(User-Agent)")]),
    field("cs-referer", &[Place::Field("cs(Referer)")]),
    field("cs-referrer", &[Place::Field("cs(Referer)")]),
    field("cs-cookie", &[Place::Field("cs(Cookie)")]),
    field("cs-host", &[Place::Field("cs-host")]),
    field("c-ip", &[Place::Field("c-ip"), Place::Field("X-Forwarded-For")]),
    field("src_ip", &[Place::Field("c-ip"), Place::Field("X-Forwarded-For")]),
    field("dst_ip", &[Place::Field("s-ip")]),
    field("dst_port", &[Place::Field("s-port")]),
];

/// The same on Exchange's HttpProxy logs.
pub(super) const HTTPPROXY_WEB: &[Alias] = &[
    field("cs-method", &[Place::Field("Method")]),
    field("cs-uri-query", &[Place::Field("UrlQuery"), PROXY_URI]),
    field("c-uri-query", &[Place::Field("UrlQuery"), PROXY_URI]),
    field("cs-uri-stem", &[Place::Field("UrlStem")]),
    field("c-uri-stem", &[Place::Field("UrlStem")]),
    field("c-uri-path", &[Place::Field("UrlStem")]),
    field("cs-uri", &[PROXY_URI, Place::Field("UrlStem"), Place::Field("UrlQuery")]),
    field("c-uri", &[PROXY_URI, Place::Field("UrlStem"), Place::Field("UrlQuery")]),
    field("sc-status", &[Place::Field("HttpStatus")]),
    field("c-ip", &[Place::Field("ClientIpAddress")]),
    field("src_ip", &[Place::Field("ClientIpAddress")]),
    field("cs-username", &[Place::Field("AuthenticatedUser")]),
    field("cs-user-agent", &[Place::Field("UserAgent")]),
    field("c-useragent", &[Place::Field("UserAgent")]),
    field("cs-host", &[Place::Field("UrlHost")]),
    field("r-dns", &[Place::Field("UrlHost")]),
    field("cs-bytes", &[Place::Field("RequestBytes")]),
    field("sc-bytes", &[Place::Field("ResponseBytes")]),
];

/// Sigma's antivirus fields on Windows Defender's events.
pub(super) const ANTIVIRUS: &[Alias] = &[
    field("Signature", &[Place::Field("Threat Name")]),
    field("Filename", &[Place::Field("Path")]),
    field("Action", &[Place::Field("Action Name")]),
    field("User", &[Place::Field("Detection User")]),
];

/// The same in the text logs of Microsoft's scanners.
pub(super) const ANTIVIRUS_TEXT: &[Alias] = &[
    field("Signature", &[Place::Field("ThreatName")]),
    field("Filename", &[Place::Field("Path")]),
    field("Action", &[Place::Field("Action"), Place::Field("Kind")]),
];

/// Script blocks, where what is there is what somebody typed.
pub(super) const TYPED: &[Alias] = &[field("ScriptBlockText", &[Place::Field("CommandLine")])];

/// Process creation as the Security log tells it (4688).
pub(super) const PROCESS_4688: &[Alias] = &[
    field("Image", &[Place::Field("NewProcessName")]),
    field("ParentImage", &[Place::Field("ParentProcessName")]),
    field("CommandLine", &[Place::Field("CommandLine"), Place::Field("ProcessCommandLine")]),
    field("ProcessId", &[Place::Field("NewProcessId")]),
    field("ParentProcessId", &[Place::Field("ProcessId")]),
    field("LogonId", &[Place::Field("SubjectLogonId")]),
    field(
        "User",
        &[
            Place::Field("SubjectUserName"),
            Place::Joined("SubjectDomainName", Joint::Backslash, "SubjectUserName"),
        ],
    ),
    field("IntegrityLevel", &[Place::Field("MandatoryLabel")]),
];

/// The end of a process as the Security log tells it (4689).
pub(super) const PROCESS_4689: &[Alias] = &[
    field("Image", &[Place::Field("ProcessName")]),
    field("User", &[Place::Field("SubjectUserName")]),
    field("LogonId", &[Place::Field("SubjectLogonId")]),
];

/// Names that rules for the Security log use, though the event has another: 4688 tells the program as
/// `NewProcessName`, and its command line was `ProcessCommandLine` in older rules.
pub(super) const SECURITY_NAMES: &[Alias] = &[
    field("ProcessName", &[Place::Field("ProcessName"), Place::Field("NewProcessName")]),
    field("Image", &[Place::Field("NewProcessName"), Place::Field("ProcessName")]),
    field("ProcessCommandLine", &[Place::Field("ProcessCommandLine"), Place::Field("CommandLine")]),
    field("ParentImage", &[Place::Field("ParentProcessName")]),
];

/// Network connections as the Windows Filtering Platform tells them (5156).
pub(super) const NETWORK_5156: &[Alias] = &[
    field("Image", &[Place::Field("Application")]),
    field("SourceIp", &[Place::Field("SourceAddress")]),
    field("SourcePort", &[Place::Field("SourcePort")]),
    field("DestinationIp", &[Place::Field("DestAddress")]),
    field("DestinationPort", &[Place::Field("DestPort")]),
    field("ProcessId", &[Place::Field("ProcessID")]),
];

/// Registry changes as the Security log tells them (4657).
pub(super) const REGISTRY_4657: &[Alias] = &[
    field(
        "TargetObject",
        &[Place::Joined("ObjectName", Joint::Backslash, "ObjectValueName"), Place::Field("ObjectName")],
    ),
    field("Details", &[Place::Field("NewValue")]),
    field("Image", &[Place::Field("ProcessName")]),
    field("User", &[Place::Field("SubjectUserName")]),
];

/// The classic PowerShell log: `HostApplication=...` lines inside positional data.
pub(super) const POWERSHELL_CLASSIC: &[Alias] = &[
    field("HostApplication", &[Place::Field("Data")]),
    field("HostName", &[Place::Field("Data")]),
    field("HostVersion", &[Place::Field("Data")]),
    field("EngineVersion", &[Place::Field("Data")]),
    field("CommandLine", &[Place::Field("Data")]),
    field("ScriptName", &[Place::Field("Data")]),
    field("Payload", &[Place::Field("Data")]),
];
