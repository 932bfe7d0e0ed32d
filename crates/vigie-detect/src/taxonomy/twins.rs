//! Words that Sysmon and the Security log say differently of the same event, beyond the names of fields.
//!
//! Public rules are written in Sysmon's words. A rule of a category that the Security log tells too gets the other
//! words as alternatives when it is loaded, so both logs meet it: registry paths as the kernel names them
//! (`\REGISTRY\MACHINE\SYSTEM\ControlSet001` for `HKLM\System\CurrentControlSet`), `Direction` for `Initiated`, and
//! so on. No alternative can hold in an event of Sysmon, which has no such field or never such a value.
//!
//! Sources: events 4657 and 5156 in Microsoft's "Advanced security audit policy settings"; Sysmon's event schema.

use crate::ir::{Compare, Expr, Number, Pattern, Piece, Predicate, Rule, Test};
use crate::sigma::value::pattern_of;

/// One value in Sysmon's words and in those of the Security log.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// Sigma's category.
    pub category: &'static str,
    /// The rule's field.
    pub field: &'static str,
    /// What rules say.
    pub word: &'static str,
    /// The field of the Security event.
    pub twin: &'static str,
    /// What it says there; one of them.
    pub said: &'static [&'static str],
}

const fn word(
    category: &'static str,
    [field, word, twin]: [&'static str; 3],
    said: &'static [&'static str],
) -> Word {
    Word { category, field, word, twin, said }
}

/// A registry value was deleted, in the messages of event 4657.
const DELETED: &str = "%%1906";

/// Every such word.
pub static WORDS: &[Word] = &[
    word("network_connection", ["Initiated", "true", "Direction"], &["%%14593"]),
    word("network_connection", ["Initiated", "false", "Direction"], &["%%14592"]),
    word("network_connection", ["Protocol", "tcp", "Protocol"], &["6"]),
    word("network_connection", ["Protocol", "udp", "Protocol"], &["17"]),
    word("registry_event", ["EventType", "SetValue", "OperationType"], &["%%1904", "%%1905"]),
    word("registry_event", ["EventType", "DeleteValue", "OperationType"], &[DELETED]),
    word("registry_set", ["EventType", "SetValue", "OperationType"], &["%%1904", "%%1905"]),
    word("registry_delete", ["EventType", "DeleteValue", "OperationType"], &[DELETED]),
];

/// The roots of the registry: Sysmon's, and the kernel's up to where a user's own name would stand.
pub static ROOTS: &[(&str, &str)] = &[
    ("HKLM", r"\REGISTRY\MACHINE"),
    ("HKU", r"\REGISTRY\USER"),
    ("HKCU", r"\REGISTRY\USER\*"),
    ("HKCR", r"\REGISTRY\MACHINE\SOFTWARE\Classes"),
];

/// Adds the words of the Security log to a rule of such a category.
pub(crate) fn add_words(rule: &mut Rule) {
    let category = rule.source.category.clone();
    let registry = category.starts_with("registry_");
    if !registry && !WORDS.iter().any(|word| word.category == category) {
        return;
    }
    let condition = std::mem::replace(&mut rule.condition, Expr::Const(false));
    let condition = rewrite(condition, &category);
    let is_deletion = || text_test("OperationType", DELETED);
    rule.condition = match category.as_str() {
        // Event 4657 tells of values set and deleted alike.
        "registry_set" => Expr::And(vec![condition, Expr::Not(Box::new(is_deletion()))]),
        "registry_delete" => {
            let field = Some("OperationType".to_owned());
            let of_sysmon = Expr::Test(Test { field, predicate: Predicate::Exists(false) });
            Expr::And(vec![condition, Expr::Or(vec![of_sysmon, is_deletion()])])
        }
        _ => condition,
    };
}

fn rewrite(expr: Expr, category: &str) -> Expr {
    let all = |parts: Vec<Expr>| parts.into_iter().map(|part| rewrite(part, category)).collect();
    match expr {
        Expr::Const(value) => Expr::Const(value),
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        Expr::AtLeast(count, parts) => Expr::AtLeast(count, all(parts)),
        Expr::Not(inner) => Expr::Not(Box::new(rewrite(*inner, category))),
        Expr::Test(test) => {
            let mut ways = other_words(&test, category);
            if ways.is_empty() {
                return Expr::Test(test);
            }
            ways.insert(0, Expr::Test(test));
            Expr::Or(ways)
        }
    }
}

/// The same test in the words of the Security log; none when it has no others.
fn other_words(test: &Test, category: &str) -> Vec<Expr> {
    let Some(field) = test.field.as_deref() else { return Vec::new() };
    let is = |name: &str| field.eq_ignore_ascii_case(name);
    if category.starts_with("registry_") && is("TargetObject") {
        let pattern = match &test.predicate {
            Predicate::Text(pattern) if !pattern.cased => kernel_path(pattern),
            _ => None,
        };
        let other = |pattern| Test { field: test.field.clone(), predicate: Predicate::Text(pattern) };
        return pattern.map(other).map(Expr::Test).into_iter().collect();
    }
    if category.starts_with("registry_") && is("Details") {
        let Some(value) = exact(&test.predicate).and_then(|text| dword(&text)) else { return Vec::new() };
        let predicate = Predicate::Number(Compare::Equal, value);
        return vec![Expr::Test(Test { field: Some("NewValue".into()), predicate })];
    }
    let Some(asked) = exact(&test.predicate) else { return Vec::new() };
    let meant = WORDS
        .iter()
        .filter(|word| word.category == category && is(word.field) && word.word.eq_ignore_ascii_case(&asked));
    meant.flat_map(|word| word.said.iter().map(|said| text_test(word.twin, said))).collect()
}

fn text_test(field: &str, text: &str) -> Expr {
    let pieces = vec![Piece::Text(text.as_bytes().to_vec())];
    let predicate = Predicate::Text(pattern_of(true, true, false, pieces));
    Expr::Test(Test { field: Some(field.to_owned()), predicate })
}

/// The one text that a predicate asks for, case aside.
fn exact(predicate: &Predicate) -> Option<String> {
    match predicate {
        Predicate::Text(Pattern { pieces, from_start: true, to_end: true, cased: false }) => {
            match pieces.as_slice() {
                [Piece::Text(text)] => String::from_utf8(text.clone()).ok(),
                _ => None,
            }
        }
        Predicate::Bool(wanted) => Some(wanted.to_string()),
        _ => None,
    }
}

/// The number of Sysmon's `DWORD (0x00000001)`; the Security log writes it plainly.
fn dword(text: &str) -> Option<Number> {
    let digits = text.to_ascii_lowercase().strip_prefix("dword (0x")?.strip_suffix(')')?.to_owned();
    Number::new(f64::from(u32::from_str_radix(&digits, 16).ok()?))
}

/// A path as the kernel names it; `None` when that is the same.
fn kernel_path(pattern: &Pattern) -> Option<Pattern> {
    let mut pieces = Vec::new();
    for (index, piece) in pattern.pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                let rest = if index == 0 { root(text, &mut pieces) } else { None };
                control_sets(rest.unwrap_or(text), &mut pieces);
            }
            other => pieces.push(other.clone()),
        }
    }
    let path = pattern_of(pattern.from_start, pattern.to_end, false, pieces);
    (path != *pattern).then_some(path)
}

/// Puts the kernel's root in the place of Sysmon's; gives the rest of the path.
fn root<'a>(text: &'a [u8], pieces: &mut Vec<Piece>) -> Option<&'a [u8]> {
    let known = ROOTS.iter().filter_map(|(sysmon, kernel)| {
        let rest = text.strip_prefix(sysmon.to_ascii_lowercase().as_bytes())?;
        (rest.is_empty() || rest.starts_with(b"\\")).then_some((*kernel, rest))
    });
    let (kernel, rest) = known.into_iter().next()?;
    let named = kernel.strip_suffix('*');
    pieces.push(Piece::Text(named.unwrap_or(kernel).as_bytes().to_vec()));
    if named.is_some() {
        pieces.push(Piece::Many);
    }
    Some(rest)
}

/// `CurrentControlSet` is a link; the kernel names what it leads to, `ControlSet001`.
fn control_sets(text: &[u8], pieces: &mut Vec<Piece>) {
    const LINK: &[u8] = b"\\currentcontrolset";
    let at = text.windows(LINK.len()).position(|window| window == LINK);
    let rest = at.and_then(|at| text.get(at + LINK.len()..));
    match (at, rest) {
        (Some(at), Some(rest)) if rest.is_empty() || rest.starts_with(b"\\") => {
            pieces.push(Piece::Text([&text[..at], b"\\controlset00"].concat()));
            pieces.push(Piece::One);
            pieces.push(Piece::Text(rest.to_vec()));
        }
        _ => pieces.push(Piece::Text(text.to_vec())),
    }
}
