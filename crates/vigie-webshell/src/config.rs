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
    let (mut at, mut place) = (0, "");
    for _ in 0..MAX_ELEMENTS {
        let Some(found) = lower.get(at..).and_then(|rest| rest.find("<add")) else { break };
        let start = at + found;
        let end = lower.get(start..).and_then(|rest| rest.find('>')).map_or(lower.len(), |end| start + end);
        place = location(lower.get(at..start).unwrap_or(""), place);
        element(lower.get(start..end).unwrap_or(""), place, line_of(text, start), findings);
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

/// The `<location path>` that is open at the end of a piece of text, at whose beginning another one was.
fn location<'t>(piece: &'t str, before: &'t str) -> &'t str {
    let opened = piece.rfind("<location");
    match (opened, piece.rfind("</location")) {
        (Some(opened), closed) if closed.is_none_or(|closed| closed < opened) => {
            value(piece.get(opened..).unwrap_or("").split('>').next().unwrap_or(""), "path")
        }
        (_, Some(_)) => "",
        (_, None) => before,
    }
}

fn element(element: &str, place: &str, line: u32, findings: &mut Findings) {
    let runs = [value(element, "scriptprocessor"), value(element, "type")];
    if !ENGINES.iter().any(|engine| runs.iter().any(|runs| runs.contains(engine))) {
        return;
    }
    let path = value(element, "path");
    let path = if path.is_empty() { value(element, "extension") } else { path };
    for one in path.split([',', ';']) {
        let ext = one.trim().rsplit_once('.').map_or("", |(_, ext)| ext).trim_matches('*');
        // Exchange itself answers for `autodiscover.xml`, and its setup writes so into the server's configuration.
        let is_autodiscover = ext == "xml" && place.ends_with("/autodiscover");
        if !CODE.contains(&ext) && !is_autodiscover {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> bool {
        let mut findings = Findings::default();
        look(text, false, &mut findings);
        !findings.all.is_empty()
    }

    #[test]
    fn what_exchange_maps_for_autodiscover_is_its_own_and_the_same_elsewhere_is_not() {
        let add = r#"<add path="*.xml" verb="GET" scriptProcessor="C:\Windows\aspnet_isapi.dll" />"#;
        let at = |place: &str| format!("<location path=\"{place}\"><handlers>{add}</handlers></location>");
        assert!(!found(&at("Default Web Site/Autodiscover")));
        assert!(found(&at("Default Web Site/owa")) && found(add));
        // A place that was closed before says nothing, and another kind of file is no `autodiscover.xml`.
        assert!(found(&format!("<location path=\"Default Web Site/Autodiscover\"></location>{add}")));
        assert!(found(&at("Default Web Site/Autodiscover").replace("*.xml", "*.jpg")));
    }
}
