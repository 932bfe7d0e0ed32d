//! STIX patterns to conditions: the tests of one observation, and what of them an event can answer.
//!
//! Follows chapter 9 of STIX 2.1 (<https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html#_e8slinrhxcc9>). Tests
//! inside one observation, and observations joined by OR, are evaluated event by event. What joins several events
//! (AND between observations, FOLLOWEDBY, WITHIN, REPEATS) is not, and said so.

use super::value::refang;
use super::{stix_path, value};
use crate::ir::Expr;

/// The longest pattern that is read, in bytes.
const PATTERN_BYTES_MAX: usize = 64 << 10;
/// Brackets in brackets.
const DEPTH_MAX: usize = 32;

/// Why a pattern gives no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not a STIX pattern.
    Malformed(String),
    /// It is one, and asks for what events cannot answer.
    Unanswerable(String),
}

/// How a value compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`, and `!=` inside a negation.
    Equal,
    /// `IN`: one of several.
    In,
    /// `LIKE`, with `%` and `_`.
    Like,
    /// `MATCHES`, a regular expression.
    Matches,
    /// `ISSUBSET`, an address in a network.
    Subset,
}

/// The condition of a pattern.
pub(super) fn condition(pattern: &str) -> Result<Expr, Refused> {
    if pattern.len() > PATTERN_BYTES_MAX {
        let message = format!("{} bytes, at most {PATTERN_BYTES_MAX} are read", pattern.len());
        return Err(Refused::Unanswerable(message));
    }
    let tokens = tokens(pattern)?;
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let expr = parser.observations(0)?;
    if let Some(rest) = parser.peek() {
        return match rest {
            Token::Word(word) if is_over_time(word) => Err(over_time(word)),
            other => Err(Refused::Malformed(format!("{} after the end of the pattern", other.shown()))),
        };
    }
    if holds_of_nothing(&expr) {
        let message = "it says only what is absent, so it would match nearly every event";
        return Err(Refused::Unanswerable(message.to_owned()));
    }
    Ok(expr)
}

/// Whether an event without any of its values would match.
fn holds_of_nothing(expr: &Expr) -> bool {
    match expr {
        Expr::Const(value) => *value,
        Expr::Test(_) => false,
        Expr::And(parts) => parts.iter().all(holds_of_nothing),
        Expr::Or(parts) => parts.iter().any(holds_of_nothing),
        Expr::AtLeast(count, parts) => parts.iter().filter(|part| holds_of_nothing(part)).count() >= *count,
        Expr::Not(inner) => !holds_of_nothing(inner),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Begin,
    End,
    Comma,
    Compare(&'static str),
    /// A word, a number, or a path with its brackets and quotes.
    Word(String),
    Text(String),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Token::Open => "`[`".to_owned(),
            Token::Close => "`]`".to_owned(),
            Token::Begin => "`(`".to_owned(),
            Token::End => "`)`".to_owned(),
            Token::Comma => "`,`".to_owned(),
            Token::Compare(sign) => format!("`{sign}`"),
            Token::Word(word) => format!("`{word}`"),
            Token::Text(text) => format!("'{text}'"),
        }
    }
}

const SIGNS: &[&str] = &["!=", ">=", "<=", "=", "<", ">"];

fn tokens(pattern: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens = Vec::new();
    let mut rest = pattern.trim_start();
    while let Some(first) = rest.chars().next() {
        let single = match first {
            '[' => Some(Token::Open),
            ']' => Some(Token::Close),
            '(' => Some(Token::Begin),
            ')' => Some(Token::End),
            ',' => Some(Token::Comma),
            _ => None,
        };
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        if let Some(token) = single {
            tokens.push(token);
            rest = &rest[first.len_utf8()..];
        } else if let Some(sign) = sign {
            tokens.push(Token::Compare(sign));
            rest = &rest[sign.len()..];
        } else if first == '\'' {
            let (text, after) = quoted(rest)?;
            tokens.push(Token::Text(text));
            rest = after;
        } else {
            let (word, after) = word(rest)?;
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// A text in single quotes, with `\'` and `\\` undone; and what follows it.
fn quoted(rest: &str) -> Result<(String, &str), Refused> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '\'' => return Ok((text, &rest[at + 1..])),
            '\\' => match characters.next() {
                Some((_, escaped @ ('\'' | '\\'))) => text.push(escaped),
                // Many writers forget to escape the separators of Windows paths.
                Some((_, other)) => text.extend(['\\', other]),
                None => break,
            },
            c => text.push(c),
        }
    }
    Err(Refused::Malformed("a quote that does not close".to_owned()))
}

/// A word up to a blank or a sign; quotes and index brackets inside a path belong to it.
fn word(rest: &str) -> Result<(&str, &str), Refused> {
    let mut end = 0;
    let mut in_quotes = false;
    let mut in_index = false;
    for c in rest.chars() {
        let stops = c.is_whitespace() || matches!(c, '=' | '!' | '<' | '>' | '(' | ')' | ',' | ']');
        match c {
            '\'' => in_quotes = !in_quotes,
            '[' if !in_quotes => in_index = true,
            ']' if in_index && !in_quotes => in_index = false,
            _ if stops && !in_quotes && !in_index => break,
            _ => {}
        }
        end += c.len_utf8();
    }
    if end == 0 || in_quotes {
        return Err(Refused::Malformed(format!(
            "`{}` is no word",
            rest.chars().take(12).collect::<String>()
        )));
    }
    Ok(rest.split_at(end))
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn needs(&mut self, wanted: &Token) -> Result<(), Refused> {
        if self.takes(wanted) {
            return Ok(());
        }
        let seen = self.peek().map_or_else(|| "the end".to_owned(), Token::shown);
        Err(Refused::Malformed(format!("{} stands where {} is needed", seen, wanted.shown())))
    }

    /// Observations joined by OR; what joins them in time is refused.
    fn observations(&mut self, depth: usize) -> Result<Expr, Refused> {
        let mut any = vec![self.observation(depth)?];
        loop {
            if self.takes_word("OR") {
                any.push(self.observation(depth)?);
            } else if self.takes_word("AND") {
                let message = "joins several observations with AND: rules here see one event at a time";
                return Err(Refused::Unanswerable(message.to_owned()));
            } else {
                return Ok(one_or(any, Expr::Or));
            }
        }
    }

    fn observation(&mut self, depth: usize) -> Result<Expr, Refused> {
        deeper(depth)?;
        if self.takes(&Token::Begin) {
            let inner = self.observations(depth + 1)?;
            self.needs(&Token::End)?;
            return Ok(inner);
        }
        self.needs(&Token::Open)?;
        let inner = self.either(depth + 1)?;
        self.needs(&Token::Close)?;
        if let Some(Token::Word(word)) = self.peek()
            && is_over_time(word)
        {
            return Err(over_time(word));
        }
        Ok(inner)
    }

    fn either(&mut self, depth: usize) -> Result<Expr, Refused> {
        let mut any = vec![self.all(depth)?];
        while self.takes_word("OR") {
            any.push(self.all(depth)?);
        }
        Ok(one_or(any, Expr::Or))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, Refused> {
        let mut all = vec![self.test(depth)?];
        while self.takes_word("AND") {
            all.push(self.test(depth)?);
        }
        Ok(one_or(all, Expr::And))
    }

    fn test(&mut self, depth: usize) -> Result<Expr, Refused> {
        deeper(depth)?;
        if self.takes(&Token::Begin) {
            let inner = self.either(depth + 1)?;
            self.needs(&Token::End)?;
            return Ok(inner);
        }
        let exists = self.takes_word("EXISTS");
        let Some(Token::Word(path)) = self.next() else {
            return Err(Refused::Malformed("a test begins with the path of a property".to_owned()));
        };
        if !path.contains(':') {
            return Err(Refused::Malformed(format!("`{path}` is no path of a property")));
        }
        if exists {
            return Err(Refused::Unanswerable(format!("EXISTS {path} asks for no value")));
        }
        let negated = self.takes_word("NOT");
        let (operator, unequal) = self.operator()?;
        let values = self.values(operator)?;
        let expr = stix_path::test(&path, operator, &values).map_err(Refused::Unanswerable)?;
        Ok(if negated ^ unequal { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn operator(&mut self) -> Result<(Operator, bool), Refused> {
        match self.next() {
            Some(Token::Compare("=")) => Ok((Operator::Equal, false)),
            Some(Token::Compare("!=")) => Ok((Operator::Equal, true)),
            Some(Token::Compare(sign)) => {
                Err(Refused::Unanswerable(format!("`{sign}` on a value that logs keep as text")))
            }
            Some(Token::Word(word)) => match word.to_ascii_uppercase().as_str() {
                "IN" => Ok((Operator::In, false)),
                "LIKE" => Ok((Operator::Like, false)),
                "MATCHES" => Ok((Operator::Matches, false)),
                "ISSUBSET" => Ok((Operator::Subset, false)),
                "ISSUPERSET" => {
                    Err(Refused::Unanswerable("ISSUPERSET: no event holds a whole network".to_owned()))
                }
                _ => Err(Refused::Malformed(format!("`{word}` is no comparison"))),
            },
            other => {
                let seen = other.as_ref().map_or_else(|| "the end".to_owned(), Token::shown);
                Err(Refused::Malformed(format!("{seen} stands where a comparison is needed")))
            }
        }
    }

    /// The value or, after IN, the values. Harmless spellings are undone, except in expressions.
    fn values(&mut self, operator: Operator) -> Result<Vec<String>, Refused> {
        let mut values = Vec::new();
        if operator == Operator::In {
            self.needs(&Token::Begin)?;
            loop {
                values.push(self.value(operator)?);
                if !self.takes(&Token::Comma) {
                    break;
                }
            }
            self.needs(&Token::End)?;
        } else {
            values.push(self.value(operator)?);
        }
        Ok(values)
    }

    fn value(&mut self, operator: Operator) -> Result<String, Refused> {
        match self.next() {
            Some(Token::Text(text)) if operator == Operator::Matches => Ok(text),
            Some(Token::Text(text) | Token::Word(text)) => Ok(refang_kept(&text)),
            other => {
                let seen = other.as_ref().map_or_else(|| "the end".to_owned(), Token::shown);
                Err(Refused::Malformed(format!("{seen} stands where a value is needed")))
            }
        }
    }
}

/// Undoes harmless spellings of addresses, not the dots of paths and commands.
fn refang_kept(text: &str) -> String {
    let harmless = ["[.]", "hxxp", "[:]", "[dot]"];
    let lower = text.to_ascii_lowercase();
    if harmless.iter().any(|mark| lower.contains(mark)) { refang(text) } else { text.to_owned() }
}

fn deeper(depth: usize) -> Result<(), Refused> {
    if depth < DEPTH_MAX {
        return Ok(());
    }
    Err(Refused::Unanswerable(format!("more than {DEPTH_MAX} brackets in each other")))
}

fn one_or(mut parts: Vec<Expr>, join: impl Fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => value::any(&[], |_| Expr::Const(false)),
    }
}

fn is_over_time(word: &str) -> bool {
    ["FOLLOWEDBY", "WITHIN", "REPEATS", "START"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn over_time(word: &str) -> Refused {
    Refused::Unanswerable(format!("{word} joins events in time: rules here see one event at a time"))
}
