//! What a value means, written down a second time, from pySigma: how the other side is asked where it reads otherwise.

use crate::rule::{Item, Scalar};

/// What `windash` puts in the place of a dash.
const DASHES: [&str; 5] = ["-", "/", "\u{2013}", "\u{2014}", "\u{2015}"];
/// Dashes in one value; pySigma takes no more.
pub const DASHES_MAX: usize = 3;

/// `windash` written out: each `-` or `/` between a non-word and a word character, pySigma's `\B[-/]\b`, in five spellings.
pub fn windash(item: &mut Item) {
    if !item.has("windash") {
        return;
    }
    item.modifiers.retain(|name| *name != "windash");
    // With `all`, each value's spellings are alternatives: the generator does not combine the two.
    item.values = item.values.iter().flat_map(spellings).collect();
}

fn spellings(value: &Scalar) -> Vec<Scalar> {
    let Some(text) = value.text() else { return vec![value.clone()] };
    let mut made = vec![String::new()];
    let mut from = 0;
    for at in dashes(text) {
        let before = &text[from..at];
        made = made.iter().flat_map(|head| DASHES.map(|dash| format!("{head}{before}{dash}"))).collect();
        from = at + 1;
    }
    made.into_iter().map(|head| Scalar::Text(head + &text[from..])).collect()
}

/// Where `windash` finds a dash. Wildcards and escapes lie between no two word characters, as in pySigma, where they
/// end the piece of text.
pub fn dashes(text: &str) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let places = text.char_indices().filter(|(at, c)| {
        let before = text[..*at].chars().next_back();
        let after = text[at + c.len_utf8()..].chars().next();
        matches!(c, '-' | '/') && !before.is_some_and(is_word) && after.is_some_and(is_word)
    });
    places.map(|(at, _)| at).collect()
}

/// `base64offset` written out: the symbols that neighbors cannot change, at each of the three alignments.
pub fn base64offset(item: &mut Item) {
    if !item.has("base64offset") {
        return;
    }
    let wide = item.has("wide");
    item.modifiers.retain(|name| !matches!(*name, "base64offset" | "wide" | "contains"));
    item.modifiers.insert(0, "contains");
    let texts: Vec<String> = item.values.iter().filter_map(Scalar::text).map(plain).collect();
    item.values = texts.iter().flat_map(|text| offsets(&bytes(text, wide))).map(Scalar::Text).collect();
}

fn bytes(text: &str, wide: bool) -> Vec<u8> {
    if wide { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.as_bytes().to_vec() }
}

fn offsets(bytes: &[u8]) -> Vec<String> {
    let one = |shift: usize| {
        // Bit by bit: symbol n holds the bits from 6n; only those that lie whole within the value are its own.
        let (first, last) = (shift * 8, (shift + bytes.len()) * 8);
        let symbols = first.div_ceil(6)..last / 6;
        symbols.map(|n| symbol(bytes, n * 6 - first)).collect::<String>()
    };
    (0..3).map(one).filter(|middle| !middle.is_empty()).collect()
}

/// The base64 symbol of six bits.
fn symbol(bytes: &[u8], from_bit: usize) -> char {
    let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
    let value = (from_bit..from_bit + 6).fold(0, |value, at| value << 1 | bit(at));
    let letters = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']);
    letters.into_iter().nth(value).unwrap_or('=')
}

/// Base64 of the bytes, padded.
pub fn base64(bytes: &[u8]) -> String {
    let mut out: String = (0..bytes.len() * 8 / 6).map(|n| symbol(bytes, n * 6)).collect();
    let rest = bytes.len() % 3;
    if rest > 0 {
        let padded = [bytes, &[0, 0]].concat();
        out.push(symbol(&padded, out.len() * 6));
        out.push_str(&"=="[rest - 1..]);
    }
    out
}

/// `contains`, `startswith`, `endswith` of a value with wildcards, by wildcards alone.
pub fn wildcards_with_modifiers(item: &mut Item) {
    let (start, end) = match item.modifiers.first() {
        Some(&"contains") => ("*", true),
        Some(&"startswith") => ("", true),
        Some(&"endswith") => ("*", false),
        _ => return,
    };
    let special = |value: &Scalar| value.text().is_some_and(|text| pieces(text).iter().any(Option::is_none));
    if !item.values.iter().any(special) {
        return;
    }
    item.modifiers.remove(0);
    for value in &mut item.values {
        let text = match value {
            Scalar::Text(text) => text.clone(),
            Scalar::Int(number) => number.to_string(),
            Scalar::Float(number) => number.to_string(),
            Scalar::Bool(_) | Scalar::Null => continue,
        };
        *value = Scalar::Text(format!("{start}{}", if end { then_any(&text) } else { text }));
    }
}

/// The text followed by a wildcard. A lone backslash at its end would escape it, so it is doubled.
fn then_any(text: &str) -> String {
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    if backslashes % 2 == 1 { format!("{text}\\*") } else { format!("{text}*") }
}

/// Keywords as texts: a number is looked for by its digits.
pub fn keywords(words: &[Scalar]) -> Vec<Scalar> {
    let one = |word: &Scalar| match word {
        Scalar::Int(number) => Scalar::Text(number.to_string()),
        Scalar::Text(_) | Scalar::Float(_) | Scalar::Bool(_) | Scalar::Null => word.clone(),
    };
    words.iter().map(one).collect()
}

/// A single address as a network.
pub fn single_addresses(item: &mut Item) {
    if !item.has("cidr") {
        return;
    }
    for value in &mut item.values {
        if let Scalar::Text(text) = value
            && !text.contains('/')
        {
            let bits = if text.contains(':') { 128 } else { 32 };
            *text = format!("{text}/{bits}");
        }
    }
}

/// The characters that a text with wildcards and escapes stands for; `None` where a wildcard is.
pub fn pieces(text: &str) -> Vec<Option<char>> {
    let mut out = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let escaped = c == '\\' && characters.peek().is_some_and(|next| matches!(next, '*' | '?' | '\\'));
        match c {
            '*' | '?' => out.push(None),
            _ if escaped => out.push(characters.next()),
            _ => out.push(Some(c)),
        }
    }
    out
}

/// The text without its wildcards, escapes resolved.
pub fn plain(text: &str) -> String {
    pieces(text).into_iter().flatten().collect()
}
