//! Tokens to a tree, forgiving: what a compiler would refuse is skipped, never the rest of the page.

mod assign;
mod basic;
mod curly;
mod declare;
mod expr;
mod primary;

use std::rc::Rc;

use crate::lex::{Tok, Token, tokens};
use crate::limits::MAX_BLOCK_DEPTH;
use crate::tree::{Expr, Kind, Lang, Name, Stmt};

/// A reader of tokens.
pub(crate) struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    lang: Lang,
    expr_depth: usize,
    block_depth: usize,
    /// Deeper or longer than the limits: something was not read.
    pub(crate) cut: bool,
    /// The attributes before the next declaration let a client call it.
    remote: bool,
    dll: Option<Name>,
}

/// The statements of a code that starts on a line, and whether something was too deep to read.
pub(crate) fn program(code: &str, line: u32, lang: Lang) -> (Vec<Stmt>, bool) {
    let tokens = tokens(code, line, lang);
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        lang,
        expr_depth: 0,
        block_depth: 0,
        cut: tokens.len() >= crate::limits::MAX_TOKENS,
        remote: false,
        dll: None,
    };
    let mut out = Vec::new();
    while !parser.at_end() {
        let before = parser.at;
        if lang.is_basic() {
            parser.basic_statement(&mut out);
        } else {
            parser.curly_statement(&mut out);
        }
        if parser.at == before {
            parser.at += 1;
        }
    }
    (out, parser.cut)
}

impl Parser<'_> {
    fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn peek(&self, ahead: usize) -> &Tok {
        self.tokens.get(self.at + ahead).map_or(&Tok::End, |token| &token.tok)
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    fn spaced(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_none_or(|token| token.spaced)
    }

    fn is_op(&self, ahead: usize, op: &str) -> bool {
        matches!(self.peek(ahead), Tok::Op(found) if *found == op)
    }

    fn is_id(&self, ahead: usize, name: &str) -> bool {
        matches!(self.peek(ahead), Tok::Id(found) if &**found == name)
    }

    fn is_any_id(&self, ahead: usize, names: &[&str]) -> bool {
        matches!(self.peek(ahead), Tok::Id(found) if names.contains(&&**found))
    }

    fn id(&self, ahead: usize) -> Option<&Name> {
        match self.peek(ahead) {
            Tok::Id(name) => Some(name),
            Tok::Str(_) | Tok::Num(_) | Tok::Regex(_) | Tok::Op(_) | Tok::End => None,
        }
    }

    fn eat_op(&mut self, op: &str) -> bool {
        let found = self.is_op(0, op);
        if found {
            self.at += 1;
        }
        found
    }

    fn eat_id(&mut self, name: &str) -> bool {
        let found = self.is_id(0, name);
        if found {
            self.at += 1;
        }
        found
    }

    fn take_id(&mut self) -> Option<Name> {
        let name = self.id(0).cloned();
        if name.is_some() {
            self.at += 1;
        }
        name
    }

    /// The offset behind the bracket that closes the one at `ahead`, if it is there.
    fn behind_bracket(&self, ahead: usize) -> Option<usize> {
        let mut depth = 0usize;
        let mut at = ahead;
        while self.at + at < self.tokens.len() {
            if let Tok::Op(op) = self.peek(at) {
                match *op {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
            }
            at += 1;
        }
        None
    }

    fn nothing(&self) -> Expr {
        Expr { kind: Kind::Nothing, line: self.line() }
    }

    fn may_nest(&mut self) -> bool {
        let may = self.block_depth < MAX_BLOCK_DEPTH;
        if !may {
            self.cut = true;
        }
        may
    }
}

/// The last part of a dotted name, without generic arguments: what types are told apart by.
pub(crate) fn last_part(name: &str) -> Name {
    let name = name.split(['<', '`']).next().unwrap_or(name);
    Rc::from(name.rsplit(['.', '+']).next().unwrap_or(name).trim())
}
