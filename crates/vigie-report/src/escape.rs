//! Makes text of unknown origin safe to look at: control and direction characters shown, indicators defanged,
//! and the special characters of each medium taken out of force.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Shows what would otherwise act on a terminal or on the reader's eye: control characters become their
/// pictures (`␛`), direction marks, zero-width characters and line separators become `\u{202e}`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        push_visible(char, &mut out);
    }
    out
}

fn push_visible(char: char, out: &mut String) {
    match char {
        '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(char)).unwrap_or('\u{fffd}')),
        '\u{7f}' => out.push('\u{2421}'),
        _ if acts_unseen(char) => out.extend(char.escape_unicode()),
        _ => out.push(char),
    }
}

/// Characters that have no picture and change how their neighbors are shown, or hide between them.
pub(crate) fn acts_unseen(char: char) -> bool {
    matches!(char,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text up to `limit` characters, with `…` where it was cut.
pub fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("").trim_end()),
    }
}

/// The text with runs of white space as one blank, for texts of packs, which are written over several lines.
/// No-break spaces stay.
pub fn flow(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes the force out of addresses, so that nothing a reader clicks or pastes leads to an attacker: `hxxp`,
/// `203[.]0[.]113[.]5`, `2001[:]db8[:][:]1`, `evil[.]example`. Names of files stay as they are.
pub fn defang(text: &str) -> String {
    let whole = text.trim();
    if let Ok(address) = whole.parse::<Ipv6Addr>() {
        return address.to_string().replace(':', "[:]").replace('.', "[.]");
    }
    if is_host_name(whole) || is_mail_address(whole) {
        return whole.replace('.', "[.]");
    }
    defang_ipv4(&defang_urls(text))
}

/// Schemes that a reader's program would follow, and what they become.
const SCHEMES: &[(&str, &str)] = &[
    ("https://", "hxxps://"),
    ("http://", "hxxp://"),
    ("ftp://", "fxp://"),
    ("ldap://", "lxap://"),
    ("smb://", "sxb://"),
    ("javascript:", "javascript[:]"),
];

fn defang_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    // Whether `rest` is in the part of an address that names a host. A second scheme may begin within it.
    let mut in_host = false;
    while let Some(first) = rest.chars().next() {
        let found = SCHEMES.iter().find(|(scheme, _)| {
            rest.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
        });
        if let Some((scheme, instead)) = found {
            out.push_str(instead);
            in_host = true;
            rest = rest.get(scheme.len()..).unwrap_or("");
            continue;
        }
        in_host &= !matches!(first, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | ' ' | '\\');
        if in_host && first == '.' {
            out.push_str("[.]");
        } else {
            out.push(first);
        }
        rest = rest.get(first.len_utf8()..).unwrap_or("");
    }
    out
}

/// Defangs every IPv4 address that stands by itself: not a part of a longer run of digits and dots, and not a
/// version number of Exchange (`15.1.225.42` reads as an address, but nobody may route to it in a log).
fn defang_ipv4(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut run = String::new();
    for char in text.chars() {
        if char.is_ascii_digit() || char == '.' {
            run.push(char);
            continue;
        }
        flush_run(&mut run, &mut out);
        out.push(char);
    }
    flush_run(&mut run, &mut out);
    out
}

fn flush_run(run: &mut String, out: &mut String) {
    let bare = run.trim_end_matches('.');
    let is_version = bare.starts_with("15.0.") || bare.starts_with("15.1.") || bare.starts_with("15.2.");
    if bare.parse::<Ipv4Addr>().is_ok() && !is_version {
        out.push_str(&bare.replace('.', "[.]"));
        out.push_str(run.get(bare.len()..).unwrap_or(""));
    } else {
        out.push_str(run);
    }
    run.clear();
}

/// Ends of file names that would pass for a top-level domain.
const FILE_ENDS: &[&str] = &[
    "aspx", "asmx", "ashx", "ascx", "asax", "config", "dll", "exe", "log", "txt", "zip", "js", "css", "evtx",
    "json", "htm", "html", "xml", "ps", "psm", "bat", "cmd", "vbs", "dmp", "dat", "flt", "svc", "ecp", "png",
    "gif", "cab", "tmp", "yml", "yar", "csv", "php", "jsp", "asp", "rar", "ini",
];

fn is_host_name(text: &str) -> bool {
    let Some((name, end)) = text.rsplit_once('.') else { return false };
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|char| char.is_alphanumeric() || char == '-' || char == '_')
    };
    let ends_well = end.len() >= 2
        && end.chars().all(char::is_alphabetic)
        && !FILE_ENDS.contains(&end.to_ascii_lowercase().as_str());
    ends_well && name.split('.').all(label)
}

fn is_mail_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !user.contains(char::is_whitespace) && is_host_name(host)
    })
}

/// Whether an address is one that many networks use for themselves, so that sharing it says nothing.
pub fn is_local_address(text: &str) -> bool {
    match text.trim().parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
        Err(_) => false,
    }
}

/// A value of the evidence as a person may look at it: defanged, nothing hidden, on one line.
pub fn shown(text: &str) -> String {
    visible(&defang(text))
}

/// The owner's own name of a server: as it is, nothing hidden, no address that a program would follow.
pub fn name(text: &str) -> String {
    visible(&defang_urls(text))
}

/// One cell of CSV: on one physical line, quoted where needed, and never a formula for a spreadsheet.
pub fn csv_cell(text: &str) -> String {
    let guarded = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '|', '%']);
    let mut cell = String::with_capacity(text.len() + 3);
    if guarded {
        cell.push('\'');
    }
    cell.push_str(&visible(text));
    if cell.contains([',', '"', ';', '\'']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

/// Text within a Markdown paragraph, list item or heading, without any force: no markup, link, image, HTML,
/// mention or reference.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for char in visible(text).chars() {
        match char {
            '@' => out.push_str("\\[at\\]"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Prose stays readable as plain text: these have no force inside a line.
            ',' | ';' | '\'' | '"' | '/' | '?' | '%' => out.push(char),
            _ if char.is_ascii_punctuation() => out.extend(['\\', char]),
            _ => out.push(char),
        }
    }
    out
}

/// A value as a Markdown code span that nothing inside can end.
pub fn markdown_code(text: &str) -> String {
    let text = visible(text);
    let mut longest = 0;
    let mut run = 0;
    for char in text.chars() {
        run = if char == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    // A span of blanks only, or one that touches its fence with a backtick, needs the padding that readers strip.
    let pad =
        if text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    let text = if text.is_empty() { "-".to_owned() } else { text };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_unseen_is_shown() {
        assert_eq!(visible("a\u{1b}[31mb\r\n\u{9b}c\u{202e}d\u{7f}"), "a␛[31mb␍␊\\u{9b}c\\u{202e}d␡");
        assert_eq!(visible("hôtel « été » 日本"), "hôtel « été » 日本");
    }

    #[test]
    fn addresses_lose_their_force() {
        assert_eq!(defang("203.0.113.5"), "203[.]0[.]113[.]5");
        assert_eq!(defang("2001:db8::1"), "2001[:]db8[:][:]1");
        assert_eq!(
            defang("see HTTPS://evil.example/a.aspx?x=1.2"),
            "see hxxps://evil[.]example/a.aspx?x=1.2"
        );
        // A scheme within what another one would take for its host.
        assert_eq!(
            defang("javascript:alert(1))http://evil.example/x"),
            "javascript[:]alert(1))hxxp://evil[.]example/x"
        );
        assert_eq!(defang("from 203.0.113.5:443."), "from 203[.]0[.]113[.]5:443.");
        assert_eq!(defang("evil.example.com"), "evil[.]example[.]com");
        assert_eq!(defang("boss@hotel.example"), "boss@hotel[.]example");
    }

    #[test]
    fn files_and_builds_stay_readable() {
        for text in [
            "shell.aspx",
            r"C:\inetpub\wwwroot\a.aspx",
            "15.1.2176.9",
            "15.1.225.42",
            "/ecp/y.js",
            "1.2.3.4.5",
        ] {
            assert_eq!(defang(text), text);
        }
    }

    #[test]
    fn spreadsheets_see_no_formula() {
        for text in ["=cmd()", "+1", "-1", "@x", "\tx", "\rx"] {
            assert!(csv_cell(text).trim_start_matches('"').starts_with('\''), "{text:?}");
        }
        assert_eq!(csv_cell("a\r\n\"b\",c"), "\"a␍␊\"\"b\"\",c\"");
        assert_eq!(csv_cell("plain"), "plain");
    }

    #[test]
    fn a_code_span_cannot_be_left() {
        assert_eq!(markdown_code("a`b``c"), "```a`b``c```");
        assert_eq!(markdown_code("`"), "`` ` ``");
        assert_eq!(markdown_code(""), "` - `");
    }

    #[test]
    fn clipping_is_by_character() {
        assert_eq!(clip("éàü", 2), "éà…");
        assert_eq!(clip("éà", 2), "éà");
    }
}
