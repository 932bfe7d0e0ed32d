//! Code to tokens, for the languages of server pages.
//!
//! Names come in lower case and without the characters that only hide them: `\u0065val`, `@eval` and `e\u{200c}val` are `eval`.
//! C#: <https://learn.microsoft.com/dotnet/csharp/language-reference/language-specification/lexical-structure>

use std::rc::Rc;

use crate::limits::MAX_TOKENS;
use crate::tree::Lang;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tok {
    Id(Rc<str>),
    Str(Rc<str>),
    Num(f64),
    Regex(Rc<str>),
    Op(&'static str),
    /// End of a statement in Basic: a line end or a colon.
    End,
}

/// A token and its line.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) tok: Tok,
    pub(crate) line: u32,
    /// Whether white space stands before it: Basic tells `f (x)` from `f(x)`.
    pub(crate) spaced: bool,
}

/// Operators of C# and `JScript`, longest first.
const C_OPS: &[&str] = &[
    ">>>=", "<<=", ">>=", "===", "!==", "??=", "...", ">>>", "=>", "==", "!=", "<=", ">=", "&&", "||", "++",
    "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "??", "?.", "::", "->", "{", "}", "(",
    ")", "[", "]", ";", ",", ".", "?", ":", "=", "<", ">", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~",
    "@", "#", "`",
];
/// Operators of Basic, longest first.
const VB_OPS: &[&str] = &[
    "<>", "<=", ">=", "=<", "=>", ":=", "+=", "-=", "*=", "/=", "&=", "\\=", "^=", "<<", ">>", "(", ")", "{",
    "}", ",", ".", "=", "<", ">", "+", "-", "*", "/", "\\", "^", "&", "!", "?", "@", "#", ";", "[", "]",
];

struct Lexer<'a> {
    text: &'a [char],
    at: usize,
    line: u32,
    lang: Lang,
    out: Vec<Token>,
    spaced: bool,
}

/// The tokens of a code that starts on a line.
pub(crate) fn tokens(code: &str, line: u32, lang: Lang) -> Vec<Token> {
    let text: Vec<char> = code.chars().collect();
    let mut lexer = Lexer { text: &text, at: 0, line, lang, out: Vec::new(), spaced: false };
    while lexer.at < text.len() && lexer.out.len() < MAX_TOKENS {
        lexer.next();
    }
    lexer.push(Tok::End);
    lexer.out
}

/// Characters that compilers ignore in names, or that only confuse a reader.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{180e}')
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || is_invisible(c)
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> char {
        self.text.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn push(&mut self, tok: Tok) {
        self.out.push(Token { tok, line: self.line, spaced: self.spaced });
        self.spaced = false;
    }

    fn next(&mut self) {
        let c = self.peek(0);
        if c == '\n' || (c == '\r' && self.peek(1) != '\n') || c == '\u{2028}' || c == '\u{2029}' {
            if self.lang.is_basic() {
                self.push(Tok::End);
            }
            self.line += 1;
            self.at += 1;
            self.spaced = true;
        } else if c.is_whitespace() || c.is_control() || is_invisible(c) {
            self.at += 1;
            self.spaced = true;
        } else if self.lang.is_basic() {
            self.next_basic(c);
        } else {
            self.next_curly(c);
        }
    }

    fn skip_line(&mut self) {
        while self.at < self.text.len() && !matches!(self.peek(0), '\n' | '\r') {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) {
        self.at += 2;
        while self.at < self.text.len() && !(self.peek(0) == '*' && self.peek(1) == '/') {
            if self.peek(0) == '\n' {
                self.line += 1;
            }
            self.at += 1;
        }
        self.at += 2;
    }

    fn next_curly(&mut self, c: char) {
        match (c, self.peek(1)) {
            ('/', '/') => self.skip_line(),
            ('/', '*') => self.skip_comment(),
            ('#', _) if self.lang == Lang::CSharp && self.line_is_fresh() => self.skip_line(),
            ('@', '"') => self.verbatim(2),
            ('$', '"') => self.interpolated(2, false),
            ('$', '@') | ('@', '$') if self.peek(2) == '"' => self.interpolated(3, true),
            ('"' | '\'', _) if self.raw_quotes() > 2 => self.raw_string(),
            ('"' | '\'', _) => self.quoted(c),
            ('`', _) if self.lang == Lang::JScript => self.quoted('`'),
            ('@', n) if is_name_start(n) => {
                self.at += 1;
                self.name();
            }
            ('\\', 'u' | 'U') => self.name(),
            ('/', _) if self.lang == Lang::JScript && self.regex_may_start() => self.regex(),
            _ if is_name_start(c) => self.name(),
            _ if c.is_ascii_digit() || (c == '.' && self.peek(1).is_ascii_digit()) => self.number(),
            _ => self.operator(C_OPS),
        }
    }

    fn line_is_fresh(&self) -> bool {
        self.out.last().is_none_or(|last| last.line < self.line)
    }

    fn raw_quotes(&self) -> usize {
        if self.lang != Lang::CSharp {
            return 0;
        }
        (0..8).take_while(|n| self.peek(*n) == '"').count()
    }

    /// C# 11: `"""text"""`.
    fn raw_string(&mut self) {
        let quotes = self.raw_quotes();
        self.at += quotes;
        let start = self.at;
        while self.at < self.text.len() && !(0..quotes).all(|n| self.peek(n) == '"') {
            if self.peek(0) == '\n' {
                self.line += 1;
            }
            self.at += 1;
        }
        let text: String = self.text.get(start..self.at).unwrap_or_default().iter().collect();
        self.at += quotes;
        self.push(Tok::Str(text.into()));
    }

    fn verbatim(&mut self, skip: usize) {
        self.at += skip;
        let mut text = String::new();
        let line = self.line;
        while self.at < self.text.len() {
            let c = self.peek(0);
            self.at += 1;
            match c {
                '"' if self.peek(0) == '"' => {
                    text.push('"');
                    self.at += 1;
                }
                '"' => break,
                '\n' => {
                    self.line += 1;
                    text.push(c);
                }
                _ => text.push(c),
            }
        }
        self.out.push(Token { tok: Tok::Str(text.into()), line, spaced: self.spaced });
        self.spaced = false;
    }

    fn quoted(&mut self, quote: char) {
        self.at += 1;
        let mut text = String::new();
        let line = self.line;
        while self.at < self.text.len() {
            let c = self.peek(0);
            self.at += 1;
            if c == quote {
                break;
            }
            match c {
                '\\' => self.escape(&mut text),
                // A text that the line ends is an error to a compiler; going on would swallow the rest of the page.
                '\n' if quote != '`' => {
                    self.at -= 1;
                    break;
                }
                '\n' => {
                    self.line += 1;
                    text.push(c);
                }
                _ => text.push(c),
            }
        }
        self.out.push(Token { tok: Tok::Str(text.into()), line, spaced: self.spaced });
        self.spaced = false;
    }

    fn escape(&mut self, text: &mut String) {
        let c = self.peek(0);
        self.at += 1;
        match c {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '0'..='7' => {
                let mut value = c.to_digit(8).unwrap_or(0);
                while let Some(digit) = self.peek(0).to_digit(8).filter(|_| value < 32) {
                    value = value * 8 + digit;
                    self.at += 1;
                }
                text.push(char::from_u32(value).unwrap_or('\0'));
            }
            'x' => text.push(self.hex(if self.lang == Lang::CSharp { 4 } else { 2 })),
            'u' if self.peek(0) == '{' => {
                self.at += 1;
                text.push(self.hex(6));
                if self.peek(0) == '}' {
                    self.at += 1;
                }
            }
            'u' => text.push(self.hex(4)),
            'U' => text.push(self.hex(8)),
            '\r' => {
                if self.peek(0) == '\n' {
                    self.at += 1;
                }
                self.line += 1;
            }
            '\n' => self.line += 1,
            _ => text.push(c),
        }
    }

    fn hex(&mut self, most: usize) -> char {
        let mut value: u32 = 0;
        for _ in 0..most {
            let Some(digit) = self.peek(0).to_digit(16) else { break };
            value = value.wrapping_mul(16).wrapping_add(digit);
            self.at += 1;
        }
        char::from_u32(value).unwrap_or('\u{fffd}')
    }

    /// `$"a{b}c"` becomes `("a" + (b) + "c")`.
    fn interpolated(&mut self, skip: usize, verbatim: bool) {
        self.at += skip;
        self.push(Tok::Op("("));
        let mut text = String::new();
        while self.at < self.text.len() && self.out.len() < MAX_TOKENS {
            let c = self.peek(0);
            self.at += 1;
            match c {
                '"' if verbatim && self.peek(0) == '"' => {
                    text.push('"');
                    self.at += 1;
                }
                '"' => break,
                '\\' if !verbatim => self.escape(&mut text),
                '{' if self.peek(0) == '{' => {
                    text.push('{');
                    self.at += 1;
                }
                '}' if self.peek(0) == '}' => {
                    text.push('}');
                    self.at += 1;
                }
                '{' => {
                    self.push(Tok::Str(std::mem::take(&mut text).into()));
                    self.push(Tok::Op("+"));
                    self.hole();
                    self.push(Tok::Op("+"));
                }
                '\n' if !verbatim => {
                    self.at -= 1;
                    break;
                }
                '\n' => {
                    self.line += 1;
                    text.push(c);
                }
                _ => text.push(c),
            }
        }
        self.push(Tok::Str(text.into()));
        self.push(Tok::Op(")"));
    }

    fn hole(&mut self) {
        let start = self.at;
        let mut depth = 0usize;
        let mut quoted = false;
        while self.at < self.text.len() {
            match self.peek(0) {
                '"' => quoted = !quoted,
                '{' | '(' | '[' if !quoted => depth += 1,
                '}' if !quoted && depth == 0 => break,
                '}' | ')' | ']' if !quoted => depth = depth.saturating_sub(1),
                '\n' => break,
                _ => {}
            }
            self.at += 1;
        }
        let inner: String = self.text.get(start..self.at).unwrap_or_default().iter().collect();
        self.at += 1;
        self.push(Tok::Op("("));
        // A hole inside a hole is deeper than a person writes; its inner text is then read as it stands.
        if !inner.contains("$\"") {
            let mut tokens = tokens(&inner, self.line, self.lang);
            tokens.retain(|token| token.tok != Tok::End);
            self.out.append(&mut tokens);
        }
        self.push(Tok::Op(")"));
    }

    fn name(&mut self) {
        let mut name = String::new();
        while self.at < self.text.len() {
            let c = self.peek(0);
            if c == '\\' && matches!(self.peek(1), 'u' | 'U') {
                let most = if self.peek(1) == 'u' { 4 } else { 8 };
                self.at += 2;
                let c = self.hex(most);
                if !is_invisible(c) {
                    name.extend(c.to_lowercase());
                }
            } else if is_name_part(c) {
                self.at += 1;
                if !is_invisible(c) {
                    name.extend(c.to_lowercase());
                }
            } else {
                break;
            }
        }
        if name.is_empty() {
            self.at += 1;
        }
        self.push(Tok::Id(name.into()));
    }

    fn number(&mut self) {
        let mut digits = String::new();
        if self.peek(0) == '0' && matches!(self.peek(1), 'x' | 'X') {
            self.at += 2;
            while self.peek(0).is_ascii_hexdigit() {
                digits.push(self.peek(0));
                self.at += 1;
            }
            self.number_suffix();
            let value = u64::from_str_radix(&digits, 16).unwrap_or(u64::MAX);
            self.push(Tok::Num(as_number(value)));
            return;
        }
        while self.peek(0).is_ascii_digit()
            || self.peek(0) == '_'
            || (self.peek(0) == '.' && self.peek(1).is_ascii_digit() && !digits.contains('.'))
        {
            if self.peek(0) != '_' {
                digits.push(self.peek(0));
            }
            self.at += 1;
        }
        if matches!(self.peek(0), 'e' | 'E')
            && (self.peek(1).is_ascii_digit()
                || (matches!(self.peek(1), '+' | '-') && self.peek(2).is_ascii_digit()))
        {
            digits.push('e');
            self.at += 1;
            while self.peek(0).is_ascii_digit() || matches!(self.peek(0), '+' | '-') {
                digits.push(self.peek(0));
                self.at += 1;
            }
        }
        self.number_suffix();
        self.push(Tok::Num(digits.parse().unwrap_or(0.0)));
    }

    fn number_suffix(&mut self) {
        let mut left = 3;
        while left > 0
            && matches!(self.peek(0), 'l' | 'L' | 'u' | 'U' | 'f' | 'F' | 'd' | 'D' | 'm' | 'M' | '&' | '%')
        {
            // VB writes `&HFF&`, and also joins texts with `&`.
            if matches!(self.peek(0), '&' | '%') {
                break;
            }
            self.at += 1;
            left -= 1;
        }
    }

    fn regex_may_start(&self) -> bool {
        match self.out.last().map(|last| &last.tok) {
            None | Some(Tok::End) => true,
            Some(Tok::Op(op)) => !matches!(*op, ")" | "]" | "}"),
            Some(Tok::Id(name)) => matches!(&**name, "return" | "typeof" | "case" | "in"),
            Some(Tok::Str(_) | Tok::Num(_) | Tok::Regex(_)) => false,
        }
    }

    fn regex(&mut self) {
        self.at += 1;
        let mut text = String::new();
        let mut class = false;
        while self.at < self.text.len() {
            let c = self.peek(0);
            self.at += 1;
            match c {
                '\\' => {
                    text.push(c);
                    text.push(self.peek(0));
                    self.at += 1;
                }
                '[' => {
                    class = true;
                    text.push(c);
                }
                ']' => {
                    class = false;
                    text.push(c);
                }
                '/' if !class => break,
                '\n' => {
                    self.at -= 1;
                    break;
                }
                _ => text.push(c),
            }
        }
        while self.peek(0).is_ascii_alphabetic() {
            self.at += 1;
        }
        self.push(Tok::Regex(text.into()));
    }

    fn operator(&mut self, ops: &[&'static str]) {
        let found = ops.iter().find(|op| op.chars().enumerate().all(|(n, c)| self.peek(n) == c));
        match found {
            Some(op) => {
                self.at += op.len();
                self.push(Tok::Op(op));
            }
            None => self.at += 1,
        }
    }

    fn next_basic(&mut self, c: char) {
        match (c, self.peek(1)) {
            ('\'' | '\u{2018}' | '\u{2019}', _) => self.skip_line(),
            ('"' | '\u{201c}' | '\u{201d}', _) => self.basic_string(),
            ('$', '"') => self.interpolated(2, true),
            ('&', 'h' | 'H' | 'o' | 'O') => self.basic_number(),
            (':', n) if n != '=' => {
                self.at += 1;
                self.push(Tok::End);
            }
            ('_', _) if self.continues_line() => {}
            ('[', n) if is_name_start(n) => {
                self.at += 1;
                self.name();
                if self.peek(0) == ']' {
                    self.at += 1;
                }
            }
            ('#', n) if self.lang == Lang::VbNet && self.line_is_fresh() && n.is_alphabetic() => {
                self.skip_line();
            }
            _ if is_name_start(c) => {
                self.name();
                self.rem();
            }
            _ if c.is_ascii_digit() || (c == '.' && self.peek(1).is_ascii_digit()) => self.number(),
            _ => self.operator(VB_OPS),
        }
    }

    /// `Rem` starts a comment where a statement may start.
    fn rem(&mut self) {
        let is_rem =
            matches!(self.out.last().map(|token| &token.tok), Some(Tok::Id(name)) if &**name == "rem");
        let fresh =
            self.out.len() < 2 || self.out.get(self.out.len() - 2).is_some_and(|token| token.tok == Tok::End);
        if is_rem && fresh {
            self.out.pop();
            self.skip_line();
        }
    }

    fn continues_line(&mut self) -> bool {
        let mut ahead = 1;
        while matches!(self.peek(ahead), ' ' | '\t' | '\r') {
            ahead += 1;
        }
        let continues = self.peek(ahead) == '\n' || (self.lang == Lang::VbNet && self.peek(ahead) == '\'');
        if continues {
            while self.at < self.text.len() && self.peek(0) != '\n' {
                self.at += 1;
            }
            self.at += 1;
            self.line += 1;
            self.spaced = true;
        } else {
            self.name();
        }
        true
    }

    fn basic_string(&mut self) {
        self.at += 1;
        let mut text = String::new();
        let line = self.line;
        let is_quote = |c: char| matches!(c, '"' | '\u{201c}' | '\u{201d}');
        while self.at < self.text.len() {
            let c = self.peek(0);
            self.at += 1;
            if is_quote(c) {
                if !is_quote(self.peek(0)) {
                    break;
                }
                text.push('"');
                self.at += 1;
            } else if c == '\n' && self.lang == Lang::VbScript {
                self.at -= 1;
                break;
            } else {
                if c == '\n' {
                    self.line += 1;
                }
                text.push(c);
            }
        }
        // VB.NET marks a character: "a"c.
        if self.lang == Lang::VbNet && matches!(self.peek(0), 'c' | 'C') && !is_name_part(self.peek(1)) {
            self.at += 1;
        }
        self.out.push(Token { tok: Tok::Str(text.into()), line, spaced: self.spaced });
        self.spaced = false;
    }

    fn basic_number(&mut self) {
        let radix = if matches!(self.peek(1), 'h' | 'H') { 16 } else { 8 };
        let mut digits = String::new();
        let mut ahead = 2;
        while self.peek(ahead).is_digit(radix) {
            digits.push(self.peek(ahead));
            ahead += 1;
        }
        if digits.is_empty() {
            // `"a"&hello` joins with a name.
            self.at += 1;
            self.push(Tok::Op("&"));
            return;
        }
        self.at += ahead;
        if self.peek(0) == '&' && !matches!(self.peek(1), ' ' | '"') && !is_name_part(self.peek(1)) {
            self.at += 1;
        }
        let value = u64::from_str_radix(&digits, radix).unwrap_or(0);
        self.push(Tok::Num(as_number(value)));
    }
}

/// Character codes and keys are far below the limit of exactness.
#[expect(clippy::cast_precision_loss, reason = "numbers in pages are character codes and sizes")]
fn as_number(value: u64) -> f64 {
    value as f64
}
