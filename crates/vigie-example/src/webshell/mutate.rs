//! Mutations: what authors do to a shape so that it no longer looks the same, and still does the same.

use crate::rng::Rng;

/// How many mutations of each shape are measured.
pub const MUTATIONS: u64 = 100;

/// A mutation of a page, the same for the same number; number 0 is the page itself.
pub fn mutate(page: &str, number: u64) -> Vec<u8> {
    if number == 0 {
        return page.as_bytes().to_vec();
    }
    let mut rng = Rng::new(0x5e11 ^ number.wrapping_mul(0x9e37_79b9));
    let basic = is_basic(page);
    let mut text = page.to_owned();
    for _ in 0..=rng.below(3) {
        text = match rng.below(8) {
            0 => letter_case(&text, basic, &mut rng),
            1 => renamed(&text, &mut rng),
            2 if !basic => commented(&text, &mut rng),
            2 => spaced(&text, &mut rng),
            3 => split_texts(&text, basic, &mut rng),
            4 => escaped_names(&text, basic, &mut rng),
            5 => padded(&text, &mut rng),
            6 => other_lines(&text),
            _ => other_parameters(&text, &mut rng),
        };
    }
    encoded(&text, &mut rng)
}

/// Whether its code is Basic, where letter case is free and comments are not.
fn is_basic(page: &str) -> bool {
    let lower = page.to_lowercase();
    !(lower.contains("c#")
        || lower.contains("jscript")
        || lower.contains("javascript")
        || lower.contains("@{"))
}

/// Texts between quotes and what is between them, in turns; the first is outside.
fn outside_quotes(text: &str) -> Vec<String> {
    text.split('"').map(str::to_owned).collect()
}

fn letter_case(text: &str, basic: bool, rng: &mut Rng) -> String {
    if !basic {
        return spaced(text, rng);
    }
    let parts: Vec<String> = outside_quotes(text)
        .into_iter()
        .enumerate()
        .map(|(at, part)| {
            if at % 2 == 0 {
                part.chars()
                    .map(|c| if rng.below(2) == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                    .collect()
            } else {
                part
            }
        })
        .collect();
    parts.join("\"")
}

/// Names that an author chose get others.
fn renamed(text: &str, rng: &mut Rng) -> String {
    const CHOSEN: &[&str] =
        &["info", "line", "popup", "data", "key", "what", "conn", "query", "tmp", "dir", "src"];
    let mut out = text.to_owned();
    for name in CHOSEN {
        let other = format!(
            "{}{}",
            ["x", "zz", "o0", "_k", "aB"][usize::try_from(rng.below(5)).unwrap_or(0)],
            rng.below(1000)
        );
        out = replace_word(&out, name, &other);
    }
    out
}

fn replace_word(text: &str, word: &str, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let before = rest[..at].chars().last().or(out.chars().last());
        let after = rest[at + word.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        out.push_str(&rest[..at]);
        out.push_str(if part(before) || part(after) { word } else { by });
        rest = &rest[at + word.len()..];
    }
    out + rest
}

/// Comments between the words of a call.
fn commented(text: &str, rng: &mut Rng) -> String {
    let parts: Vec<String> = outside_quotes(text)
        .into_iter()
        .enumerate()
        .map(|(at, part)| {
            if at % 2 == 1 {
                return part;
            }
            let mut out = String::new();
            let mut in_code = at > 0;
            for c in part.chars() {
                out.push(c);
                if matches!(c, ';' | '{' | '}') {
                    in_code = true;
                }
                if in_code && matches!(c, '(' | ';' | '+') && rng.below(3) == 0 {
                    out.push_str(
                        ["/**/", "/*a*/", "/* ) */", "/*+*/"][usize::try_from(rng.below(4)).unwrap_or(0)],
                    );
                }
            }
            out
        })
        .collect();
    parts.join("\"")
}

fn spaced(text: &str, rng: &mut Rng) -> String {
    let parts: Vec<String> = outside_quotes(text)
        .into_iter()
        .enumerate()
        .map(|(at, part)| {
            if at % 2 == 0 {
                part.replace('(', if rng.below(2) == 0 { "( " } else { "(\t" }).replace(')', " )")
            } else {
                part
            }
        })
        .collect();
    parts.join("\"")
}

/// Texts are put together from pieces.
fn split_texts(text: &str, basic: bool, rng: &mut Rng) -> String {
    let glue = if basic { "\" & \"" } else { "\" + \"" };
    let mut tag = 0i32;
    let parts: Vec<String> = outside_quotes(text)
        .into_iter()
        .enumerate()
        .map(|(at, part)| {
            if at % 2 == 0 {
                // Attributes of tags and directives are not code.
                let lower = part.to_lowercase();
                let tags = ["<%@", "<script", "<asp:", "<add", "<form", "<object", "<input"];
                tag += i32::try_from(tags.iter().map(|tag| lower.matches(tag).count()).sum::<usize>())
                    .unwrap_or(0);
                if part.contains('>') && tag > 0 {
                    tag = i32::from(part.rsplit('>').next().is_some_and(|last| {
                        last.contains('<') && !last.contains("<%") || last.contains("<%@")
                    }));
                }
                return part;
            }
            if tag > 0 || part.len() < 4 || !part.is_ascii() || part.contains('\\') || part.contains('<') {
                return part;
            }
            let cut = 1 + usize::try_from(rng.below(u64::try_from(part.len()).unwrap_or(2) - 1)).unwrap_or(0);
            format!("{}{glue}{}", &part[..cut], &part[cut..])
        })
        .collect();
    parts.join("\"")
}

/// Names that the escapes go into.
const NAMES: &[&str] = &[
    "Process", "Request", "Start", "Load", "Assembly", "SaveAs", "Write", "Invoke", "eval", "Connect", "Send",
];

/// Names with escapes that a compiler undoes.
fn escaped_names(text: &str, basic: bool, rng: &mut Rng) -> String {
    if basic {
        return letter_case(text, basic, rng);
    }
    let mut out = text.to_owned();
    for name in NAMES {
        if rng.below(2) == 0 {
            let at = usize::try_from(rng.below(u64::try_from(name.len()).unwrap_or(1))).unwrap_or(0);
            let escaped: String = name
                .chars()
                .enumerate()
                .map(|(n, c)| if n == at { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() })
                .collect();
            let parts: Vec<String> = outside_quotes(&out)
                .into_iter()
                .enumerate()
                .map(|(n, part)| if n % 2 == 0 { replace_word(&part, name, &escaped) } else { part })
                .collect();
            out = parts.join("\"");
        }
    }
    out
}

/// Harmless text before and behind.
fn padded(text: &str, rng: &mut Rng) -> String {
    let filler = "<html><head><title>Outlook</title></head><body><p>Loading</p></body></html>\n";
    if text.starts_with("<?xml") || text.contains("WebHandler") || text.contains("WebService") {
        return text.to_owned();
    }
    let count = usize::try_from(1 + rng.below(40)).unwrap_or(1);
    format!("{text}\n{}", filler.repeat(count))
}

fn other_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn other_parameters(text: &str, rng: &mut Rng) -> String {
    // A text that was cut before has other pieces, and the id of a control is no parameter.
    if text.contains("\" + \"") || text.contains("\" & \"") || text.contains("id=\"f\"") {
        return text.to_owned();
    }
    let mut out = text.to_owned();
    for old in ["\"pw\"", "\"v\"", "\"kq9\"", "\"qk41\"", "\"c\"", "\"d\"", "\"f\"", "\"p\"", "\"z\""] {
        let new = format!(
            "\"{}{}\"",
            ["q", "id_", "X-", "auth", "__"][usize::try_from(rng.below(5)).unwrap_or(0)],
            rng.below(10_000)
        );
        out = out.replace(old, &new);
    }
    out
}

/// Whether it stays a page inside other bytes.
fn is_markup(text: &str) -> bool {
    let handler =
        ["WebHandler", "WebService", "ServiceHost", "@{", "<?xml"].iter().any(|word| text.contains(word));
    !handler && (text.contains("<%") || text.to_lowercase().contains("<script"))
}

/// Another encoding of the whole file.
fn encoded(text: &str, rng: &mut Rng) -> Vec<u8> {
    match rng.below(10) {
        0 => [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
        1 => [vec![0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(),
        2 => [vec![0xef, 0xbb, 0xbf], text.as_bytes().to_vec()].concat(),
        3 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        4 if is_markup(text) => {
            [b"!BDN\x00\x01\x02\x03".to_vec(), vec![0xa7; 64], text.as_bytes().to_vec(), vec![0x91; 64]]
                .concat()
        }
        _ => text.as_bytes().to_vec(),
    }
}
