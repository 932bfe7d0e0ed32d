//! Razor to the code in it, with every line where it was.
//!
//! Syntax: <https://learn.microsoft.com/aspnet/core/mvc/views/razor>.

use crate::tree::Lang;

/// Words behind an `@` that start a statement with a block.
const BLOCK_WORDS: &[&str] = &["if", "for", "foreach", "while", "switch", "using", "lock", "do", "try"];
/// Words behind an `@` that are not code.
const DIRECTIVES: &[&str] = &[
    "model",
    "inherits",
    "layout",
    "page",
    "inject",
    "section",
    "namespace",
    "addtaghelper",
    "attribute",
    "implements",
    "media",
    "import",
    "charset",
    "font",
];

/// The code of a Razor page; markup becomes blank.
pub(super) fn code(text: &str, lang: Lang) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if chars.get(at) == Some(&'@') && !before_is_word(&chars, at) {
            at = code_at(&chars, at, lang, &mut out);
        } else {
            blank(&chars, at, &mut out);
            at += 1;
        }
    }
    out
}

/// An `@` inside a word is a mail address.
fn before_is_word(chars: &[char], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| chars.get(before)).is_some_and(|c| c.is_alphanumeric())
}

fn blank(chars: &[char], at: usize, out: &mut String) {
    if chars.get(at) == Some(&'\n') {
        out.push('\n');
    }
}

fn word_at(chars: &[char], at: usize) -> String {
    chars
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take_while(|c| c.is_alphanumeric() || **c == '_')
        .take(64)
        .collect::<String>()
        .to_lowercase()
}

/// Takes the code behind the `@` at a place and says where markup goes on.
fn code_at(chars: &[char], at: usize, lang: Lang, out: &mut String) -> usize {
    let next = chars.get(at + 1).copied().unwrap_or('\0');
    match next {
        '@' => at + 2,
        '*' => {
            let mut end = at + 2;
            while end < chars.len() && !(chars.get(end) == Some(&'*') && chars.get(end + 1) == Some(&'@')) {
                blank(chars, end, out);
                end += 1;
            }
            end + 2
        }
        '{' => block(chars, at + 1, out),
        '(' => {
            let end = closing(chars, at + 1);
            output(chars, at + 1, end, lang, out);
            end
        }
        _ => {
            let word = word_at(chars, at + 1);
            let behind = at + 1 + word.chars().count();
            if word.is_empty()
                || (word == "using" && !opens_block(chars, behind, &word))
                || DIRECTIVES.contains(&word.as_str())
            {
                at + 1
            } else if word == "functions" || word == "code" {
                let brace = (behind..chars.len())
                    .find(|at| !chars.get(*at).is_some_and(|c| c.is_whitespace()))
                    .unwrap_or(behind);
                if chars.get(brace) == Some(&'{') {
                    let end = closing(chars, brace);
                    out.extend(chars.get(brace + 1..end.saturating_sub(1)).unwrap_or_default());
                    end
                } else {
                    behind
                }
            } else if BLOCK_WORDS.contains(&word.as_str()) && opens_block(chars, behind, &word) {
                let brace = (behind..chars.len()).find(|at| chars.get(*at) == Some(&'{')).unwrap_or(behind);
                out.extend(chars.get(at + 1..brace).unwrap_or_default());
                if brace == behind { behind } else { block(chars, brace, out) }
            } else {
                let end = expression_end(chars, behind);
                output(chars, at + 1, end, lang, out);
                end
            }
        }
    }
}

/// Whether a statement of a block follows: `@using (…) {`, not `@using System`.
fn opens_block(chars: &[char], from: usize, word: &str) -> bool {
    let next = chars.get(from..).unwrap_or_default().iter().find(|c| !c.is_whitespace());
    matches!((word, next), ("do" | "try", Some('{')) | (_, Some('(')))
}

fn output(chars: &[char], from: usize, to: usize, lang: Lang, out: &mut String) {
    let inner: String = chars.get(from..to).unwrap_or_default().iter().collect();
    out.push_str("Response.Write(");
    out.push_str(&inner);
    out.push(')');
    if !lang.is_basic() {
        out.push(';');
    }
}

/// `@a.b(c)[d]`: where it ends.
fn expression_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    loop {
        match chars.get(at) {
            Some('(' | '[') => at = closing(chars, at),
            Some('.') if chars.get(at + 1).is_some_and(|c| c.is_alphabetic() || *c == '_') => {
                at += 1;
                while chars.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
                    at += 1;
                }
            }
            _ => return at,
        }
    }
}

/// A `{ … }` whose lines may be markup; those become blank, but for the code in them.
fn block(chars: &[char], open: usize, out: &mut String) -> usize {
    let end = closing(chars, open);
    let mut at = open;
    let mut fresh = false;
    while at < end {
        let c = chars.get(at).copied().unwrap_or(' ');
        if fresh && c == '<' && chars.get(at + 1).is_some_and(|c| c.is_alphabetic() || *c == '/' || *c == '!')
        {
            // A line of markup; `@(…)` and `@name` in it are code.
            while at < end && chars.get(at) != Some(&'\n') {
                if chars.get(at) == Some(&'@') && chars.get(at + 1) != Some(&'{') {
                    let inner_end = match chars.get(at + 1) {
                        Some('(') => closing(chars, at + 1),
                        _ => expression_end(chars, at + 1 + word_at(chars, at + 1).chars().count()),
                    };
                    if inner_end > at + 1 && inner_end <= end {
                        output(chars, at + 1, inner_end, Lang::CSharp, out);
                        at = inner_end;
                        continue;
                    }
                }
                at += 1;
            }
            continue;
        }
        if c == '\n' {
            fresh = true;
        } else if !c.is_whitespace() {
            fresh = matches!(c, '{' | '}' | ';');
        }
        out.push(if c == '@' && chars.get(at + 1).is_some_and(|c| c.is_alphabetic()) && fresh {
            ' '
        } else {
            c
        });
        at += 1;
    }
    end
}

/// The place behind the bracket that closes the one at `open`; texts and comments may hold others.
fn closing(chars: &[char], open: usize) -> usize {
    let mut depth = 0usize;
    let mut quote: Option<(char, bool)> = None;
    let mut at = open;
    while let Some(c) = chars.get(at).copied() {
        if let Some((open_quote, verbatim)) = quote {
            if c == '\\' && !verbatim {
                at += 1;
            } else if c == open_quote || c == '\n' && !verbatim {
                quote = None;
            }
        } else {
            match c {
                // An apostrophe in markup is not a quote: only a character of code is.
                '\'' if chars.get(at + 2) == Some(&'\'') => at += 2,
                '"' => {
                    quote = Some((c, at.checked_sub(1).and_then(|before| chars.get(before)) == Some(&'@')));
                }
                '/' if chars.get(at + 1) == Some(&'/') && chars.get(at.saturating_sub(1)) != Some(&':') => {
                    while chars.get(at).is_some_and(|c| *c != '\n') {
                        at += 1;
                    }
                }
                '/' if chars.get(at + 1) == Some(&'*') => {
                    at += 2;
                    while at < chars.len()
                        && !(chars.get(at) == Some(&'*') && chars.get(at + 1) == Some(&'/'))
                    {
                        at += 1;
                    }
                    at += 1;
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
        }
        at += 1;
    }
    chars.len()
}
