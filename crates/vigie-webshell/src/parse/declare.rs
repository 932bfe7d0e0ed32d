//! Declarations of C#: variables, methods, constructors, properties.

use std::rc::Rc;

use super::Parser;
use crate::lex::Tok;
use crate::tree::{Func, Lang, Name, Param, Stmt};

/// Words that start a statement and cannot be a type.
const NOT_TYPES: &[&str] = &[
    "return", "new", "throw", "else", "case", "await", "typeof", "delete", "yield", "goto", "in", "is", "as",
    "if", "while", "for", "do", "using", "this", "base", "function", "package", "import",
];

impl Parser<'_> {
    pub(super) fn declaration_or_expression(&mut self, out: &mut Vec<Stmt>) {
        if self.lang == Lang::CSharp && self.declaration(out) {
            return;
        }
        // A label.
        if matches!(self.peek(0), Tok::Id(_)) && self.is_op(1, ":") && !self.is_op(2, ":") {
            self.at += 2;
            return;
        }
        self.expression_statement(out);
    }

    /// A declaration of C#, if one stands here.
    pub(super) fn declaration(&mut self, out: &mut Vec<Stmt>) -> bool {
        let start = self.at;
        let line = self.line();
        if self.is_any_id(0, NOT_TYPES) {
            return false;
        }
        // A constructor: `Name(…) {` or `Name(…) : base(…) {`.
        if matches!(self.peek(0), Tok::Id(_)) && self.is_op(1, "(") {
            return self.constructor(out);
        }
        let ty = self.type_name();
        while self.eat_op("*") || self.eat_op("?") {}
        let named = matches!(self.peek(0), Tok::Id(name) if !matches!(&**name, "is" | "as" | "in"));
        if named && matches!(self.peek(1), Tok::Op("=" | ";" | "," | ")")) {
            self.variables(Some(&ty), out);
            return true;
        }
        if named && self.is_op(1, "[") && self.is_op(self.behind_bracket(1).unwrap_or(1), "=") {
            self.variables(Some(&ty), out);
            return true;
        }
        if named && matches!(self.peek(1), Tok::Op("(" | "<" | ".")) && self.method(out, line) {
            return true;
        }
        if named && matches!(self.peek(1), Tok::Op("{" | "=>")) {
            self.property(out, line);
            return true;
        }
        if self.is_id(0, "this") && self.is_op(1, "[") {
            self.at += 1;
            self.at += self.behind_bracket(0).unwrap_or(1);
            let body = self.block();
            out.push(Stmt::Block(body));
            return true;
        }
        self.at = start;
        false
    }

    pub(super) fn constructor(&mut self, out: &mut Vec<Stmt>) -> bool {
        let start = self.at;
        let line = self.line();
        let Some(behind) = self.behind_bracket(1) else { return false };
        let is_body = self.is_op(behind, "{")
            || (self.is_op(behind, ":")
                && self.is_any_id(behind + 1, &["base", "this"])
                && self.is_op(behind + 2, "("));
        if !is_body {
            return false;
        }
        let Some(name) = self.take_id() else { return false };
        let params = self.parameters();
        let mut body = Vec::new();
        if self.eat_op(":") {
            self.expression_statement(&mut body);
        }
        if !self.is_op(0, "{") {
            self.at = start;
            return false;
        }
        body.append(&mut self.block());
        let func = self.func(name, params, body, line);
        out.push(Stmt::Func(func));
        true
    }

    pub(super) fn method(&mut self, out: &mut Vec<Stmt>, line: u32) -> bool {
        let start = self.at;
        let mut name = self.take_id().unwrap_or_else(|| Rc::from(""));
        // An explicit implementation: `void IHttpHandler.ProcessRequest(`.
        while self.eat_op(".") {
            name = self.take_id().unwrap_or(name);
        }
        if self.is_op(0, "<") {
            self.at += self.behind_type_arguments(0).unwrap_or(1);
        }
        let behind = if self.is_op(0, "(") { self.behind_bracket(0) } else { None };
        let follows = behind.is_some_and(|behind| {
            matches!(self.peek(behind), Tok::Op("{" | "=>")) || self.is_id(behind, "where")
        });
        let declared = behind.is_some_and(|behind| self.is_op(behind, ";"));
        if !follows && !declared {
            self.at = start;
            return false;
        }
        let params = self.parameters();
        while !self.at_end() && !matches!(self.peek(0), Tok::Op("{" | ";" | "=>")) {
            self.at += 1;
        }
        let body = if self.eat_op("=>") {
            let value = self.expr();
            vec![Stmt::Return(Some(value))]
        } else if self.is_op(0, "{") {
            self.block()
        } else {
            Vec::new()
        };
        let func = self.func(name, params, body, line);
        out.push(Stmt::Func(func));
        true
    }

    pub(super) fn property(&mut self, out: &mut Vec<Stmt>, line: u32) {
        let name = self.take_id().unwrap_or_else(|| Rc::from(""));
        if self.eat_op("=>") {
            let value = self.expr();
            let func = Func {
                name,
                params: Vec::new(),
                body: vec![Stmt::Return(Some(value))],
                line,
                remote: false,
                dll: None,
                property: true,
            };
            out.push(Stmt::Func(Rc::new(func)));
            return;
        }
        self.eat_op("{");
        while !self.at_end() && !self.is_op(0, "}") {
            let before = self.at;
            let getter = self.is_id(0, "get");
            let accessor = self.is_any_id(0, &["get", "set", "init", "add", "remove"]);
            if accessor && matches!(self.peek(1), Tok::Op("{" | "=>")) {
                self.at += 1;
                let body = if self.eat_op("=>") {
                    let value = self.expr();
                    vec![Stmt::Return(Some(value))]
                } else {
                    self.block()
                };
                let params =
                    if getter { Vec::new() } else { vec![Param { name: Rc::from("value"), ty: None }] };
                let name = if getter { name.clone() } else { Rc::from(format!("set_{name}")) };
                out.push(Stmt::Func(Rc::new(Func {
                    property: getter,
                    ..Func::of(name, params, body, line)
                })));
            } else {
                self.at += 1;
            }
            if self.at == before {
                self.at += 1;
            }
        }
        self.eat_op("}");
        if self.is_op(0, "=") {
            self.at += 1;
            let value = self.expr();
            out.push(Stmt::Var(name, None, Some(value)));
        }
    }

    /// `a, b : Type = 1;`, behind the type or `var`.
    pub(super) fn variables(&mut self, ty: Option<&Name>, out: &mut Vec<Stmt>) {
        while let Some(name) = self.take_id() {
            let mut ty = ty.cloned();
            if self.lang == Lang::JScript && self.eat_op(":") {
                ty = Some(self.type_name());
                while self.is_op(0, "[") {
                    self.at += self.behind_bracket(0).unwrap_or(1);
                }
            }
            let value = if self.eat_op("=") { Some(self.expr()) } else { None };
            out.push(Stmt::Var(name, ty, value));
            if !self.eat_op(",") {
                break;
            }
        }
        if !self.is_op(0, ")") {
            self.eat_op(";");
        }
    }
}
