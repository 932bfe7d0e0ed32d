//! Expressions of all three languages: one ladder of precedence, told apart by their operators.

use std::rc::Rc;

use super::Parser;
use crate::lex::Tok;
use crate::limits::{MAX_EXPR_DEPTH, MAX_POSTFIX};
use crate::tree::{Expr, Kind, Lang, Name, Op};

/// The lowest step of the ladder.
const LOWEST: u8 = 1;

impl Parser<'_> {
    /// An expression, up to a token that cannot belong to it.
    pub(super) fn expr(&mut self) -> Expr {
        if self.expr_depth >= MAX_EXPR_DEPTH {
            self.cut = true;
            self.skip_deep();
            return self.nothing();
        }
        self.expr_depth += 1;
        let found = self.assignment();
        self.expr_depth -= 1;
        found
    }

    /// Passes over what is nested too deeply.
    pub(super) fn skip_deep(&mut self) {
        match self.behind_bracket(0) {
            Some(behind) if matches!(self.peek(0), Tok::Op("(" | "[" | "{")) => self.at += behind,
            Some(_) | None => self.at += 1,
        }
    }

    pub(super) fn assignment(&mut self) -> Expr {
        let left = self.ternary();
        if self.lang.is_basic() {
            return left;
        }
        let op = match self.peek(0) {
            Tok::Op("=") => Op::Set,
            Tok::Op("+=") => Op::Add,
            Tok::Op("??=") => Op::Coalesce,
            Tok::Op("-=") => Op::Sub,
            Tok::Op("^=") => Op::Xor,
            Tok::Op("*=") => Op::Mul,
            Tok::Op("/=") => Op::Div,
            Tok::Op("%=") => Op::Mod,
            Tok::Op("&=") => Op::BitAnd,
            Tok::Op("|=") => Op::BitOr,
            Tok::Op("<<=") => Op::Shl,
            Tok::Op(">>=" | ">>>=") => Op::Shr,
            _ => return left,
        };
        let line = left.line;
        self.at += 1;
        let right = self.expr();
        Expr { kind: Kind::Assign(op, Box::new(left), Box::new(right)), line }
    }

    pub(super) fn ternary(&mut self) -> Expr {
        let cond = self.chain(LOWEST);
        if self.lang.is_basic() || !self.is_op(0, "?") {
            return cond;
        }
        let line = cond.line;
        self.at += 1;
        let yes = self.expr();
        self.eat_op(":");
        let no = self.expr();
        Expr { kind: Kind::Cond(Box::new(cond), Box::new(yes), Box::new(no)), line }
    }

    /// The operator at the place and its step on the ladder; a higher step binds closer.
    pub(super) fn operator(&self) -> Option<(Op, u8)> {
        if self.lang.is_basic() { self.basic_operator() } else { self.curly_operator() }
    }

    pub(super) fn curly_operator(&self) -> Option<(Op, u8)> {
        Some(match self.peek(0) {
            Tok::Op("??") => (Op::Coalesce, 1),
            Tok::Op("||") => (Op::Or, 2),
            Tok::Op("&&") => (Op::And, 3),
            Tok::Op("|") => (Op::BitOr, 4),
            Tok::Op("^") => (Op::Xor, 5),
            Tok::Op("&") => (Op::BitAnd, 6),
            Tok::Op("==" | "===") => (Op::Eq, 7),
            Tok::Op("!=" | "!==") => (Op::Ne, 7),
            Tok::Op("<") => (Op::Lt, 8),
            Tok::Op(">") => (Op::Gt, 8),
            Tok::Op("<=") => (Op::Le, 8),
            Tok::Op(">=") => (Op::Ge, 8),
            Tok::Op("<<") => (Op::Shl, 9),
            Tok::Op(">>" | ">>>") => (Op::Shr, 9),
            Tok::Op("+") => (Op::Add, 10),
            Tok::Op("-") => (Op::Sub, 10),
            Tok::Op("*") => (Op::Mul, 11),
            Tok::Op("/") => (Op::Div, 11),
            Tok::Op("%") => (Op::Mod, 11),
            Tok::Id(name) if matches!(&**name, "is" | "instanceof") => (Op::Is, 8),
            _ => return None,
        })
    }

    pub(super) fn basic_operator(&self) -> Option<(Op, u8)> {
        Some(match self.peek(0) {
            Tok::Id(name) => match &**name {
                "or" | "orelse" | "eqv" | "imp" => (Op::Or, 2),
                "xor" => (Op::Xor, 2),
                "and" | "andalso" => (Op::And, 3),
                "is" | "isnot" | "like" => (Op::Is, 5),
                "mod" => (Op::Mod, 9),
                _ => return None,
            },
            Tok::Op("=") => (Op::Eq, 5),
            Tok::Op("<>") => (Op::Ne, 5),
            Tok::Op("<") => (Op::Lt, 5),
            Tok::Op(">") => (Op::Gt, 5),
            Tok::Op("<=" | "=<") => (Op::Le, 5),
            Tok::Op(">=" | "=>") => (Op::Ge, 5),
            Tok::Op("<<") => (Op::Shl, 6),
            Tok::Op(">>") => (Op::Shr, 6),
            Tok::Op("&") => (Op::Concat, 7),
            Tok::Op("+") => (Op::Add, 8),
            Tok::Op("-") => (Op::Sub, 8),
            Tok::Op("\\") => (Op::IntDiv, 10),
            Tok::Op("*") => (Op::Mul, 11),
            Tok::Op("/") => (Op::Div, 11),
            Tok::Op("^") => (Op::Pow, 13),
            _ => return None,
        })
    }

    /// Left-associative operators of a step and above.
    pub(super) fn chain(&mut self, step: u8) -> Expr {
        let first = self.unary();
        self.climb(first, step)
    }

    /// With a first operand read, everything that binds closer than or as close as `step`.
    pub(super) fn climb(&mut self, first: Expr, step: u8) -> Expr {
        let mut left = first;
        while let Some((_, found)) = self.operator() {
            if found < step {
                break;
            }
            let mut rest = Vec::new();
            while let Some((op, same)) = self.operator() {
                if same != found {
                    break;
                }
                self.at += 1;
                if op == Op::Is {
                    self.eat_id("not");
                }
                let operand = self.unary();
                let right = self.climb_above(operand, found);
                rest.push((op, right));
            }
            let line = left.line;
            left = Expr { kind: Kind::Chain(Box::new(left), rest), line };
        }
        left
    }

    pub(super) fn climb_above(&mut self, operand: Expr, step: u8) -> Expr {
        match self.operator() {
            Some((_, found)) if found > step => {
                if self.expr_depth >= MAX_EXPR_DEPTH {
                    self.cut = true;
                    return operand;
                }
                self.expr_depth += 1;
                let found = self.climb(operand, step + 1);
                self.expr_depth -= 1;
                found
            }
            Some(_) | None => operand,
        }
    }

    pub(super) fn unary(&mut self) -> Expr {
        let line = self.line();
        let is_basic_not = self.lang.is_basic() && self.is_id(0, "not");
        let wrap: fn(Box<Expr>) -> Kind = match self.peek(0) {
            Tok::Op("!") if !self.lang.is_basic() => Kind::Not,
            Tok::Op("-") => Kind::Negative,
            Tok::Op("~") => Kind::Invert,
            Tok::Op("+" | "++" | "--") => |inner| Kind::Cast(Rc::from(""), inner),
            Tok::Op("&" | "*") if self.lang == Lang::CSharp => |inner| Kind::Cast(Rc::from(""), inner),
            Tok::Op("^" | "..") if self.lang == Lang::CSharp => |inner| Kind::Cast(Rc::from(""), inner),
            Tok::Id(name) => match &**name {
                "not" if self.lang.is_basic() => Kind::Not,
                "await" | "ref" | "out" | "delete" | "void" | "byval" | "throw" | "in" | "checked"
                | "unchecked"
                    if matches!(self.peek(1), Tok::Id(_) | Tok::Op("(" | "[")) && !self.is_op(1, ".") =>
                {
                    if &**name == "out" && matches!(self.peek(2), Tok::Id(_)) {
                        self.at += 1;
                    }
                    |inner| Kind::Cast(Rc::from(""), inner)
                }
                "typeof" if self.lang == Lang::JScript => |inner| Kind::Cast(Rc::from("typeof"), inner),
                "addressof" => |inner| Kind::Cast(Rc::from(""), inner),
                _ => return self.postfix(),
            },
            _ => return self.postfix(),
        };
        self.at += 1;
        if self.expr_depth >= MAX_EXPR_DEPTH {
            self.cut = true;
            return self.nothing();
        }
        self.expr_depth += 1;
        let inner = self.unary();
        // Basic's `Not a = b` denies the comparison.
        let inner = if is_basic_not { self.climb(inner, 5) } else { inner };
        self.expr_depth -= 1;
        Expr { kind: wrap(Box::new(inner)), line }
    }

    pub(super) fn postfix(&mut self) -> Expr {
        let mut left = self.primary();
        let mut count = 0;
        loop {
            count += 1;
            if count > MAX_POSTFIX {
                self.cut = true;
                return left;
            }
            let line = self.line();
            match self.peek(0) {
                Tok::Op("." | "?." | "->" | "::") => {
                    let op_at = self.at;
                    self.at += 1;
                    if self.is_op(0, "[") {
                        continue;
                    }
                    let Some(name) = self.take_id() else {
                        if matches!(self.peek(0), Tok::Op("<" | "(" | "@")) {
                            self.at += 1;
                            continue;
                        }
                        self.at = op_at + 1;
                        return left;
                    };
                    self.skip_type_arguments();
                    left = Expr { kind: Kind::Member(Box::new(left), name), line };
                }
                Tok::Op("!") if self.lang.is_basic() && !self.spaced(0) => {
                    self.at += 1;
                    let key = self.take_id().unwrap_or_else(|| Rc::from(""));
                    let index = Expr { kind: Kind::Str(key), line };
                    left = Expr { kind: Kind::Index(Box::new(left), vec![index]), line };
                }
                Tok::Op("(") => {
                    let args = self.arguments(")");
                    left = Expr { kind: Kind::Call(Box::new(left), args), line };
                }
                Tok::Op("[") if !self.lang.is_basic() => {
                    let args = self.arguments("]");
                    left = Expr { kind: Kind::Index(Box::new(left), args), line };
                }
                Tok::Op("++" | "--") => {
                    let op = if self.is_op(0, "++") { Op::Add } else { Op::Sub };
                    self.at += 1;
                    let one = Expr { kind: Kind::Num(1.0), line };
                    left = Expr { kind: Kind::Assign(op, Box::new(left), Box::new(one)), line };
                }
                Tok::Op("!")
                    if self.lang == Lang::CSharp
                        && matches!(self.peek(1), Tok::Op("." | ")" | ";" | "," | "[")) =>
                {
                    self.at += 1;
                }
                Tok::Id(name) if &**name == "as" && !self.lang.is_basic() => {
                    self.at += 1;
                    let ty = self.type_name();
                    left = Expr { kind: Kind::Cast(ty, Box::new(left)), line };
                }
                _ => return left,
            }
        }
    }

    /// The arguments between brackets; the place is on the opening one.
    pub(super) fn arguments(&mut self, close: &'static str) -> Vec<Expr> {
        self.at += 1;
        let mut args = Vec::new();
        while !self.at_end() && !self.is_op(0, close) {
            let before = self.at;
            if matches!(self.peek(0), Tok::End) {
                // A Basic argument list may go over lines; a lost bracket must not swallow the page.
                if !self.continues_after_end() {
                    return args;
                }
                self.at += 1;
                continue;
            }
            if matches!(self.peek(0), Tok::Op(";" | "}")) {
                return args;
            }
            if matches!(self.peek(0), Tok::Id(_))
                && matches!(self.peek(1), Tok::Op(":" | ":="))
                && !self.is_op(2, ":")
            {
                self.at += 2;
            }
            if self.is_op(0, ",") {
                args.push(self.nothing());
            } else {
                args.push(self.expr());
            }
            if !self.eat_op(",") && self.at == before {
                self.at += 1;
            }
        }
        self.eat_op(close);
        args
    }

    pub(super) fn continues_after_end(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let open =
            matches!(before.map(|token| &token.tok), Some(Tok::Op(_))) || matches!(self.peek(1), Tok::Op(_));
        self.lang == Lang::VbNet && open
    }

    /// `<string, int>` behind a name, when it is that and not a comparison.
    pub(super) fn skip_type_arguments(&mut self) {
        if !self.is_op(0, "<") || self.lang.is_basic() {
            return;
        }
        if let Some(behind) = self.behind_type_arguments(0)
            && matches!(self.peek(behind), Tok::Op("(" | "." | "[" | ")" | "{" | ">" | "," | ";"))
        {
            self.at += behind;
        }
    }

    /// The offset behind type arguments that start at `ahead`.
    pub(super) fn behind_type_arguments(&self, ahead: usize) -> Option<usize> {
        let mut at = ahead;
        let mut depth = 0i32;
        for _ in 0..64 {
            match self.peek(at) {
                Tok::Op("<") => depth += 1,
                Tok::Op(">") => depth -= 1,
                Tok::Op(">>") => depth -= 2,
                Tok::Id(_) | Tok::Op("," | "." | "[" | "]" | "?") => {}
                _ => return None,
            }
            at += 1;
            if depth <= 0 {
                return Some(at);
            }
        }
        None
    }

    /// A type's name, by its last part.
    pub(super) fn type_name(&mut self) -> Name {
        let mut last: Name = Rc::from("");
        while let Some(name) = self.take_id() {
            last = name;
            if self.is_op(0, "<")
                && let Some(behind) = self.behind_type_arguments(0)
            {
                self.at += behind;
            }
            if matches!(self.peek(0), Tok::Op("." | "::")) {
                self.at += 1;
            } else {
                break;
            }
        }
        while self.is_op(0, "[") && matches!(self.peek(1), Tok::Op("]" | ",")) {
            self.at += self.behind_bracket(0).unwrap_or(1);
        }
        if self.lang == Lang::CSharp
            && self.is_op(0, "?")
            && matches!(self.peek(1), Tok::Id(_))
            && matches!(self.peek(2), Tok::Op("=" | ";"))
        {
            self.at += 1;
        }
        last
    }
}
