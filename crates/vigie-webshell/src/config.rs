//! Configuration files that turn other files into code.
//!
//! Handlers: <https://learn.microsoft.com/iis/configuration/system.webserver/handlers/>.

use crate::evidence::{Class, Findings};

/// Programs and types that run a file as code.
const ENGINES: &[&str] = &[
    "asp.dll",
    "aspnet_isapi.dll",
    "pagehandlerfactory",
    "simplehandlerfactory",
    "webservicehandlerfactory",
    "pagebuildprovider",
    "webhandlerbuildprovider",
];
/// Extensions that are code by themselves.
const CODE: &[&str] = &[
    "asp", "asa", "cer", "cdx", "aspx", "ashx", "asmx", "axd", "ascx", "svc", "rem", "soap", "cshtml",
    "vbhtml", "vbhtm", "cshtm", "master", "aspq", "xamlx", "rules", "xoml", "php", "cgi", "pl", "py", "msgx",
    "mdx", "html", "htm", "ism", "",
];
/// The most elements that are looked at.
const MAX_ELEMENTS: usize = 20_000;

/// Looks at the elements of a configuration.
pub(crate) fn look(text: &str, has_code: bool, findings: &mut Findings) {
    if has_code {
        let line = line_of(text, text.find("<%").unwrap_or(0));
        findings.add(Class::CodeInConfig, line, None, None);
    }
    let lower = text.to_ascii_lowercase();
    let mut at = 0;
    for _ in 0..MAX_ELEMENTS {
        let Some(found) = lower.get(at..).and_then(|rest| rest.find("<add")) else { break };
        let start = at + found;
        let end = lower.get(start..).and_then(|rest| rest.find('>')).map_or(lower.len(), |end| start + end);
        element(lower.get(start..end).unwrap_or(""), line_of(text, start), findings);
        at = end.max(start + 1);
    }
    if let Some(start) = lower.find("<aspnetcore") {
        let element = lower.get(start..).and_then(|rest| rest.split('>').next()).unwrap_or("");
        let process = value(element, "processpath");
        if ["cmd", "powershell", "cmd.exe", "powershell.exe", "mshta", "wscript", "cscript"]
            .iter()
            .any(|word| process.ends_with(word))
        {
            findings.add(Class::MapsHandler, line_of(text, start), None, Some(process));
        }
    }
}

fn element(element: &str, line: u32, findings: &mut Findings) {
    let runs = [value(element, "scriptprocessor"), value(element, "type")];
    if !ENGINES.iter().any(|engine| runs.iter().any(|runs| runs.contains(engine))) {
        return;
    }
    let path = value(element, "path");
    let path = if path.is_empty() { value(element, "extension") } else { path };
    for one in path.split([',', ';']) {
        let ext = one.trim().rsplit_once('.').map_or("", |(_, ext)| ext).trim_matches('*');
        if !CODE.contains(&ext) {
            findings.add(Class::MapsHandler, line, None, Some(one));
        }
    }
}

/// The value of an attribute.
fn value<'a>(element: &'a str, name: &str) -> &'a str {
    let mut rest = element;
    while let Some(at) = rest.find(name) {
        let tail = rest.get(at + name.len()..).unwrap_or("").trim_start();
        let fresh = rest.get(..at).and_then(|front| front.chars().last()).is_some_and(char::is_whitespace);
        if let Some(quoted) = tail.strip_prefix('=').map(str::trim_start).filter(|_| fresh) {
            return quoted.split(['"', '\'']).nth(1).unwrap_or("");
        }
        rest = rest.get(at + name.len()..).unwrap_or("");
    }
    ""
}

fn line_of(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or("");
    u32::try_from(before.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}
