//! The innermost of expressions: constants, names, brackets, new objects, functions.

use std::rc::Rc;

use super::{Parser, last_part};
use crate::lex::Tok;
use crate::limits::MAX_EXPR_DEPTH;
use crate::tree::{Expr, Func, Kind, Lang, Name, NewExpr, Param, Stmt};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Expr {
        let line = self.line();
        let tok = self.peek(0).clone();
        let kind = match tok {
            Tok::Str(text) => {
                self.at += 1;
                Kind::Str(text)
            }
            Tok::Num(value) => {
                self.at += 1;
                Kind::Num(value)
            }
            Tok::Regex(text) => {
                self.at += 1;
                Kind::Regex(text)
            }
            Tok::Op("(") => return self.bracketed(),
            Tok::Op("[") => Kind::List(self.arguments("]")),
            Tok::Op("{") => self.braced(),
            Tok::Op("." | "!") if self.lang.is_basic() => Kind::WithObject,
            Tok::Op("?" | "@" | "#") => {
                self.at += 1;
                return self.nothing();
            }
            Tok::Op(_) | Tok::End => Kind::Nothing,
            Tok::Id(name) => return self.name_primary(&name, line),
        };
        Expr { kind, line }
    }

    pub(super) fn name_primary(&mut self, name: &Name, line: u32) -> Expr {
        let kind = match &**name {
            "true" | "false" => {
                self.at += 1;
                Kind::Bool(&**name == "true")
            }
            "null" | "nothing" | "empty" | "undefined" => {
                self.at += 1;
                Kind::Nothing
            }
            "new" => return self.new_expr(line),
            "typeof" | "gettype"
                if self.is_op(1, "(") && self.lang != Lang::JScript && self.lang != Lang::VbScript =>
            {
                self.at += 2;
                let ty = self.type_name();
                while !self.at_end()
                    && !self.is_op(0, ")")
                    && !matches!(self.peek(0), Tok::End | Tok::Op(";"))
                {
                    self.at += 1;
                }
                self.eat_op(")");
                Kind::TypeOf(ty)
            }
            "ctype" | "directcast" | "trycast" if self.is_op(1, "(") => {
                self.at += 2;
                let inner = self.expr();
                self.eat_op(",");
                let ty = self.type_name();
                while !self.at_end() && !self.is_op(0, ")") && !matches!(self.peek(0), Tok::End) {
                    self.at += 1;
                }
                self.eat_op(")");
                Kind::Cast(ty, Box::new(inner))
            }
            "function" | "sub" | "delegate"
                if self.is_op(1, "(") || (self.lang == Lang::JScript && self.is_op(2, "(")) =>
            {
                return self.function_expr(line);
            }
            "async" if matches!(self.peek(1), Tok::Id(_) | Tok::Op("(")) && self.lang == Lang::CSharp => {
                self.at += 1;
                return self.primary();
            }
            _ if self.is_op(1, "=>") && !self.lang.is_basic() => {
                self.at += 2;
                let params = vec![Param { name: name.clone(), ty: None }];
                return self.lambda(params, line);
            }
            _ => {
                self.at += 1;
                self.skip_type_arguments();
                Kind::Id(name.clone())
            }
        };
        Expr { kind, line }
    }

    pub(super) fn bracketed(&mut self) -> Expr {
        let line = self.line();
        if !self.lang.is_basic() {
            if let Some(behind) = self.behind_bracket(0)
                && matches!(self.peek(behind), Tok::Op("=>"))
            {
                let params = self.parameters();
                self.eat_op("=>");
                return self.lambda(params, line);
            }
            if let Some(cast) = self.cast(line) {
                return cast;
            }
        }
        self.at += 1;
        let inner = self.expr();
        let mut parts = vec![inner];
        while self.eat_op(",") {
            parts.push(self.expr());
        }
        self.eat_op(")");
        if parts.len() == 1 {
            parts.pop().unwrap_or_else(|| self.nothing())
        } else {
            Expr { kind: Kind::List(parts), line }
        }
    }

    /// C#'s `(Type)value`.
    pub(super) fn cast(&mut self, line: u32) -> Option<Expr> {
        if self.lang != Lang::CSharp || !matches!(self.peek(1), Tok::Id(_)) {
            return None;
        }
        let start = self.at;
        self.at += 1;
        let ty = self.type_name();
        while self.eat_op("*") || self.eat_op("?") {}
        let closes = self.eat_op(")");
        let value_follows = match self.peek(0) {
            Tok::Id(name) => !matches!(&**name, "is" | "as" | "and" | "or"),
            Tok::Str(_) | Tok::Num(_) => true,
            Tok::Op(op) => matches!(*op, "(" | "!" | "~" | "@"),
            Tok::Regex(_) | Tok::End => false,
        };
        if !closes || !value_follows || self.expr_depth >= MAX_EXPR_DEPTH {
            self.at = start;
            return None;
        }
        self.expr_depth += 1;
        let inner = self.unary();
        self.expr_depth -= 1;
        Some(Expr { kind: Kind::Cast(ty, Box::new(inner)), line })
    }

    pub(super) fn braced(&mut self) -> Kind {
        // `{ "a": 1 }` or `{ 1, 2 }`.
        self.at += 1;
        let mut items = Vec::new();
        let mut pairs = Vec::new();
        while !self.at_end() && !self.is_op(0, "}") {
            let before = self.at;
            if matches!(self.peek(0), Tok::Op(";")) {
                break;
            }
            let key = match (self.peek(0), self.peek(1)) {
                (Tok::Id(name) | Tok::Str(name), Tok::Op(":")) => Some(name.clone()),
                _ => None,
            };
            if let Some(key) = key {
                self.at += 2;
                pairs.push((key, self.expr()));
            } else if self.peek(0) == &Tok::End {
                self.at += 1;
                continue;
            } else {
                items.push(self.expr());
            }
            if !self.eat_op(",") && self.at == before {
                self.at += 1;
            }
        }
        self.eat_op("}");
        if pairs.is_empty() { Kind::List(items) } else { Kind::Dict(pairs) }
    }

    pub(super) fn new_expr(&mut self, line: u32) -> Expr {
        self.at += 1;
        if self.is_op(0, "(") && self.lang == Lang::JScript {
            // `new (expression)(args)`.
            let inner = self.bracketed();
            let args = if self.is_op(0, "(") { self.arguments(")") } else { Vec::new() };
            return Expr { kind: Kind::Call(Box::new(inner), args), line };
        }
        let ty = self.type_name();
        let mut new = NewExpr { ty, args: Vec::new(), init: Vec::new(), array: false };
        if self.is_op(0, "(") {
            new.args = self.arguments(")");
        }
        while self.is_op(0, "[") {
            new.array = true;
            let mut sizes = self.arguments("]");
            new.args.append(&mut sizes);
        }
        self.eat_op("]");
        if self.lang.is_basic() && (self.is_id(0, "with") || self.is_id(0, "from")) && self.is_op(1, "{") {
            self.at += 1;
        }
        if self.is_op(0, "{") {
            self.initializer(&mut new);
        }
        Expr { kind: Kind::New(Box::new(new)), line }
    }

    /// `StartInfo = { FileName = … }`: the members of a member.
    pub(super) fn nested_initializer(&mut self, member: Option<&str>) -> Expr {
        let line = self.line();
        let ty = if member == Some("startinfo") { "processstartinfo" } else { "object" };
        let mut new = NewExpr { ty: Rc::from(ty), args: Vec::new(), init: Vec::new(), array: false };
        if self.expr_depth >= MAX_EXPR_DEPTH {
            self.cut = true;
            self.skip_deep();
            return self.nothing();
        }
        self.expr_depth += 1;
        self.initializer(&mut new);
        self.expr_depth -= 1;
        Expr { kind: Kind::New(Box::new(new)), line }
    }

    pub(super) fn initializer(&mut self, new: &mut NewExpr) {
        self.at += 1;
        while !self.at_end() && !self.is_op(0, "}") {
            let before = self.at;
            if matches!(self.peek(0), Tok::Op(";")) {
                break;
            }
            if self.peek(0) == &Tok::End {
                self.at += 1;
                continue;
            }
            self.eat_op(".");
            if matches!(self.peek(0), Tok::Id(_)) && self.is_op(1, "=") {
                let name = self.take_id();
                self.at += 1;
                let value =
                    if self.is_op(0, "{") { self.nested_initializer(name.as_deref()) } else { self.expr() };
                new.init.push((name, value));
            } else if self.is_op(0, "{") {
                let Kind::List(items) = self.braced() else { continue };
                new.init.extend(items.into_iter().map(|item| (None, item)));
            } else {
                let value = self.expr();
                new.init.push((None, value));
            }
            if !self.eat_op(",") && self.at == before {
                self.at += 1;
            }
        }
        self.eat_op("}");
    }

    pub(super) fn function_expr(&mut self, line: u32) -> Expr {
        let is_delegate = self.is_id(0, "delegate");
        self.at += 1;
        let _name = self.take_id();
        let params = if self.is_op(0, "(") { self.parameters() } else { Vec::new() };
        if self.lang.is_basic() {
            let body = self.basic_lambda_body();
            return lambda_of(params, body, line);
        }
        if self.eat_op(":") {
            self.type_name();
        }
        let _ = is_delegate;
        let body = self.block();
        lambda_of(params, body, line)
    }

    pub(super) fn lambda(&mut self, params: Vec<Param>, line: u32) -> Expr {
        let body = if self.is_op(0, "{") { self.block() } else { vec![Stmt::Return(Some(self.expr()))] };
        lambda_of(params, body, line)
    }

    /// Parameters between brackets; the place is on the opening one.
    pub(super) fn parameters(&mut self) -> Vec<Param> {
        let Some(behind) = self.behind_bracket(0) else {
            self.at += 1;
            return Vec::new();
        };
        let end = self.at + behind - 1;
        self.at += 1;
        let mut out = Vec::new();
        while self.at < end {
            let mut group_end = self.at;
            let mut depth = 0i32;
            while group_end < end {
                match self.tokens.get(group_end).map(|token| &token.tok) {
                    Some(Tok::Op("(" | "[" | "{" | "<")) => depth += 1,
                    Some(Tok::Op(")" | "]" | "}" | ">")) => depth -= 1,
                    Some(Tok::Op(",")) if depth <= 0 => break,
                    _ => {}
                }
                group_end += 1;
            }
            if let Some(param) = self.parameter(group_end) {
                out.push(param);
            }
            self.at = group_end + 1;
        }
        self.at = end + 1;
        out
    }

    pub(super) fn parameter(&mut self, end: usize) -> Option<Param> {
        let words: Vec<Name> = self
            .tokens
            .get(self.at..end)?
            .iter()
            .take_while(|token| !matches!(token.tok, Tok::Op("=")))
            .filter_map(|token| match &token.tok {
                Tok::Id(name) => Some(name.clone()),
                Tok::Op(op @ (":" | "as")) => Some(Rc::from(*op)),
                Tok::Str(_) | Tok::Num(_) | Tok::Regex(_) | Tok::Op(_) | Tok::End => None,
            })
            .collect();
        let marker = words.iter().position(|word| matches!(&**word, ":" | "as"));
        if let Some(at) = marker {
            let name = words.get(at.checked_sub(1)?)?.clone();
            Some(Param { name, ty: words.last().map(|ty| last_part(ty)) })
        } else {
            let name = words.last()?.clone();
            let ty = words.len().checked_sub(2).and_then(|at| words.get(at)).map(|ty| last_part(ty));
            Some(Param { name, ty })
        }
    }
}

fn lambda_of(params: Vec<Param>, body: Vec<Stmt>, line: u32) -> Expr {
    let func = Func::of(Rc::from(""), params, body, line);
    Expr { kind: Kind::Lambda(Rc::new(func)), line }
}
