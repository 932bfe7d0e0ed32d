//! Literals that a regular expression cannot match without: found by the automaton, they save running it.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Alternatives of literals kept for one expression.
const ALTERNATIVES_MAX: usize = 32;
/// Shorter literals are found everywhere and save nothing.
const LITERAL_BYTES_MIN: usize = 2;

/// Lower-case ASCII literals one of which is in the folded text of every match; `None` when there are none.
pub(crate) fn required(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    let found = of(&hir)?;
    found.iter().all(|literal| literal.len() >= LITERAL_BYTES_MIN).then_some(found)
}

fn of(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.is_ascii().then(|| vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(_) => letter(hir).map(|letter| vec![vec![letter]]),
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        HirKind::Concat(parts) => of_sequence(parts),
        HirKind::Alternation(parts) => {
            let all: Option<Vec<Vec<Vec<u8>>>> = parts.iter().map(of).collect();
            let all: Vec<Vec<u8>> = all?.into_iter().flatten().collect();
            (all.len() <= ALTERNATIVES_MAX).then_some(all)
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// The best of a sequence: its longest run of letters, or what one of its parts requires.
fn of_sequence(parts: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let (mut best, mut run) = (None, Vec::new());
    for part in parts {
        match (part.kind(), letter(part)) {
            (HirKind::Literal(literal), _) if literal.0.is_ascii() => {
                run.extend(literal.0.to_ascii_lowercase());
                continue;
            }
            (_, Some(letter)) => {
                run.push(letter);
                continue;
            }
            _ => {}
        }
        keep_better(&mut best, vec![std::mem::take(&mut run)]);
        if let Some(inner) = of(part) {
            keep_better(&mut best, inner);
        }
    }
    keep_better(&mut best, vec![run]);
    best
}

fn keep_better(best: &mut Option<Vec<Vec<u8>>>, other: Vec<Vec<u8>>) {
    let shortest = |set: &[Vec<u8>]| set.iter().map(Vec::len).min().unwrap_or(0);
    let better = match best {
        None => shortest(&other) > 0,
        Some(best) => shortest(&other) > shortest(best),
    };
    if better {
        *best = Some(other);
    }
}

/// The letter of a class of its two cases. Not `s`, whose third form, the long s, does not fold to it.
fn letter(hir: &Hir) -> Option<u8> {
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else { return None };
    let mut letters = Vec::new();
    for range in class.ranges() {
        if range.start() != range.end() {
            return None;
        }
        letters.push(range.start());
    }
    let first = u8::try_from(*letters.first()?).ok()?.to_ascii_lowercase();
    let same = |letter: &char| letter.to_lowercase().eq([char::from(first)]);
    (first != b's' && letters.iter().all(same)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn finds_what_no_match_can_lack() {
        let words = |pattern: &str| {
            let found = required(pattern)?;
            Some(found.into_iter().map(|literal| String::from_utf8(literal).unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(words("^GET.*cmd\\.exe$").unwrap(), ["cmd.exe"]);
        assert_eq!(words("(?i)power(shell|cat)").unwrap(), ["power"]);
        assert_eq!(words("(?i)run[0-9]+(dll|exe)").unwrap(), ["run"]);
        assert_eq!(words("(foo|bar)+").unwrap(), ["foo", "bar"]);
        assert_eq!(words("[a-z]{3}x?"), None);
        assert_eq!(words("(foo|.*)"), None);
        // A long s matches `s` without case, and does not fold to it.
        assert_eq!(words("(?i)abscd").unwrap(), ["ab"]);
    }
}
