//! Statements of C# and `JScript`.

use std::rc::Rc;

use super::{Parser, last_part};
use crate::lex::Tok;
use crate::tree::{Expr, Func, Kind, Lang, LoopStmt, Name, Param, Stmt};

/// Words before a declaration that say nothing about data.
const MODIFIERS: &[&str] = &[
    "public",
    "private",
    "protected",
    "internal",
    "static",
    "override",
    "virtual",
    "sealed",
    "abstract",
    "readonly",
    "const",
    "unsafe",
    "async",
    "partial",
    "extern",
    "volatile",
    "hide",
    "final",
    "expando",
    "required",
    "file",
    "let",
    "implicit",
    "explicit",
    "event",
];
/// Attributes that let a client call a method.
const REMOTE: &[&str] = &[
    "webmethod",
    "operationcontract",
    "httppost",
    "httpget",
    "httpput",
    "route",
    "scriptmethod",
    "webinvoke",
    "webget",
    "ajaxmethod",
    "soapdocumentmethod",
];

impl Parser<'_> {
    /// `{ … }`, or one statement.
    pub(super) fn block(&mut self) -> Vec<Stmt> {
        let mut out = Vec::new();
        if !self.may_nest() {
            self.at += self.behind_bracket(0).unwrap_or(1);
            return out;
        }
        self.block_depth += 1;
        if self.eat_op("{") {
            while !self.at_end() && !self.is_op(0, "}") {
                let before = self.at;
                self.curly_statement(&mut out);
                if self.at == before {
                    self.at += 1;
                }
            }
            self.eat_op("}");
        } else {
            self.curly_statement(&mut out);
        }
        self.block_depth -= 1;
        out
    }

    pub(super) fn curly_statement(&mut self, out: &mut Vec<Stmt>) {
        match self.peek(0) {
            Tok::Op(";") | Tok::End => self.at += 1,
            Tok::Op("{") => {
                let body = self.block();
                out.push(Stmt::Block(body));
            }
            Tok::Op("[") if self.lang == Lang::CSharp => self.attributes(),
            Tok::Id(name) => {
                let name = name.clone();
                self.word_statement(&name, out);
            }
            Tok::Str(_) | Tok::Num(_) | Tok::Regex(_) | Tok::Op(_) => self.expression_statement(out),
        }
    }

    pub(super) fn attributes(&mut self) {
        let behind = self.behind_bracket(0).unwrap_or(1);
        for ahead in 0..behind {
            if self.is_any_id(ahead, REMOTE) {
                self.remote = true;
            }
            if self.is_any_id(ahead, &["dllimport"])
                && let Tok::Str(dll) = self.peek(ahead + 2)
            {
                self.dll = Some(Rc::from(dll.to_lowercase()));
            }
            if self.is_id(ahead, "entrypoint")
                && let Tok::Str(entry) = self.peek(ahead + 2)
            {
                let library = self.dll.as_deref().unwrap_or("");
                self.dll = Some(Rc::from(format!("{library}!{}", entry.to_lowercase())));
            }
        }
        self.at += behind;
    }

    pub(super) fn expression_statement(&mut self, out: &mut Vec<Stmt>) {
        let expr = self.expr();
        out.push(Stmt::Expr(expr));
        while self.eat_op(",") {
            let expr = self.expr();
            out.push(Stmt::Expr(expr));
        }
        self.eat_op(";");
    }

    pub(super) fn word_statement(&mut self, name: &Name, out: &mut Vec<Stmt>) {
        match &**name {
            "if" if self.is_op(1, "(") => self.if_statement(out),
            "for" if self.is_op(1, "(") => self.for_statement(out),
            "foreach" if self.is_op(1, "(") => self.foreach_statement(out),
            "while" if self.is_op(1, "(") => {
                self.at += 1;
                let cond = self.condition();
                let body = self.block();
                out.push(loop_of(Vec::new(), Some(cond), Vec::new(), body));
            }
            "do" => self.do_statement(out),
            "switch" if self.is_op(1, "(") => self.switch_statement(out),
            "try" | "finally" | "unsafe" | "checked" | "unchecked" if self.is_op(1, "{") => {
                self.at += 1;
                let body = self.block();
                out.push(Stmt::Block(body));
            }
            "else" => self.at += 1,
            "catch" => self.catch_statement(out),
            "lock" | "fixed" | "with" if self.is_op(1, "(") => {
                self.at += 1;
                let inner = self.condition();
                let body = self.block();
                out.push(if &**name == "with" {
                    Stmt::With(inner, body)
                } else {
                    Stmt::Block(prefixed(inner, body))
                });
            }
            "using" | "import" => self.using_statement(out),
            "namespace" | "package" => self.namespace_statement(out),
            "class" | "struct" | "interface" | "record" if matches!(self.peek(1), Tok::Id(_)) => {
                self.class_statement(out);
            }
            "enum" => {
                while !self.at_end() && !self.is_op(0, "{") && !self.is_op(0, ";") {
                    self.at += 1;
                }
                self.at += self.behind_bracket(0).unwrap_or(1);
            }
            "function" if !self.is_op(1, "(") => self.function_statement(out),
            "var" | "let" | "const" if self.lang == Lang::JScript => {
                self.at += 1;
                self.variables(None, out);
            }
            "return" | "yield" => self.return_statement(out),
            "break" | "goto" => {
                self.skip_statement();
                out.push(Stmt::Break);
            }
            "continue" => {
                self.skip_statement();
                out.push(Stmt::Continue);
            }
            "case" | "default" if !self.is_op(1, ".") && !self.is_op(1, "(") => self.case_label(),
            "get" | "set" | "add" | "remove" | "init" if matches!(self.peek(1), Tok::Op("{" | "=>")) => {
                self.at += 1;
                self.eat_op("=>");
                let body = self.block();
                out.push(Stmt::Block(body));
            }
            "webmethodattribute" | "webmethod" if matches!(self.peek(1), Tok::Id(_)) => {
                self.at += 1;
                self.remote = true;
            }
            word if MODIFIERS.contains(&word) && matches!(self.peek(1), Tok::Id(_) | Tok::Op("[")) => {
                self.at += 1;
            }
            _ => self.declaration_or_expression(out),
        }
    }

    pub(super) fn skip_statement(&mut self) {
        while !self.at_end() && !matches!(self.peek(0), Tok::Op(";" | "}") | Tok::End) {
            self.at += 1;
        }
        self.eat_op(";");
    }

    pub(super) fn case_label(&mut self) {
        self.at += 1;
        while !self.at_end() && !matches!(self.peek(0), Tok::Op(":" | ";" | "}" | "{")) {
            self.at += 1;
        }
        self.eat_op(":");
    }

    pub(super) fn condition(&mut self) -> Expr {
        self.eat_op("(");
        let found = if self.is_op(0, ")") { self.nothing() } else { self.expr() };
        // `fixed (byte* p = bytes)` and `using (A a = b)` declare.
        while !self.at_end() && !self.is_op(0, ")") && !matches!(self.peek(0), Tok::Op("{" | ";")) {
            self.at += 1;
        }
        self.eat_op(")");
        found
    }

    pub(super) fn if_statement(&mut self, out: &mut Vec<Stmt>) {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        self.at += 1;
        loop {
            let cond = self.condition();
            let body = self.block();
            branches.push((cond, body));
            if !self.eat_id("else") {
                break;
            }
            if self.eat_id("if") {
                continue;
            }
            otherwise = self.block();
            break;
        }
        out.push(Stmt::If(branches, otherwise));
    }

    pub(super) fn for_statement(&mut self, out: &mut Vec<Stmt>) {
        // `for (var x in y)` and `for (x of y)`.
        let declared = usize::from(self.is_any_id(2, &["var", "let", "const"]));
        if self.is_any_id(3 + declared, &["in", "of"]) {
            self.at += 2 + declared;
            let name = self.take_id().unwrap_or_else(|| Rc::from(""));
            self.at += 1;
            let items = self.expr();
            self.eat_op(")");
            let body = self.block();
            out.push(Stmt::ForEach(name, None, items, body));
            return;
        }
        self.at += 2;
        let mut init = Vec::new();
        if !self.eat_op(";") {
            self.curly_statement(&mut init);
        }
        let cond = if self.is_op(0, ";") { None } else { Some(self.expr()) };
        self.eat_op(";");
        let mut step = Vec::new();
        while !self.at_end() && !self.is_op(0, ")") && !matches!(self.peek(0), Tok::Op("{" | ";")) {
            let before = self.at;
            step.push(self.expr());
            if !self.eat_op(",") && self.at == before {
                self.at += 1;
            }
        }
        self.eat_op(")");
        let body = self.block();
        out.push(loop_of(init, cond, step, body));
    }

    pub(super) fn foreach_statement(&mut self, out: &mut Vec<Stmt>) {
        self.at += 2;
        let ty = self.type_name();
        let (name, ty) = match self.take_id() {
            Some(name) if &*name != "in" => {
                self.eat_id("in");
                (name, Some(ty))
            }
            Some(_) | None => (ty, None),
        };
        let items = self.expr();
        self.eat_op(")");
        let body = self.block();
        out.push(Stmt::ForEach(name, ty, items, body));
    }

    pub(super) fn do_statement(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        let body = self.block();
        let mut cond = None;
        if self.eat_id("while") {
            cond = Some(self.condition());
            self.eat_op(";");
        }
        let inner = LoopStmt { init: Vec::new(), cond, test_last: true, step: Vec::new(), body };
        out.push(Stmt::Loop(Box::new(inner)));
    }

    pub(super) fn switch_statement(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        let subject = self.condition();
        // Every arm may run: an unknown condition says that.
        let line = self.line();
        let mut arms = Vec::new();
        if self.eat_op("{") {
            while !self.at_end() && !self.is_op(0, "}") {
                let mut body = Vec::new();
                while matches!(self.peek(0), Tok::Id(name) if matches!(&**name, "case" | "default")) {
                    self.case_label();
                }
                while !self.at_end() && !self.is_op(0, "}") && !self.is_any_id(0, &["case", "default"]) {
                    let before = self.at;
                    self.curly_statement(&mut body);
                    if self.at == before {
                        self.at += 1;
                    }
                }
                body.retain(|stmt| !matches!(stmt, Stmt::Break));
                arms.push((Expr { kind: Kind::Nothing, line }, body));
            }
            self.eat_op("}");
        }
        out.push(Stmt::Expr(subject));
        out.push(Stmt::If(arms, Vec::new()));
    }

    pub(super) fn catch_statement(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        if self.is_op(0, "(") {
            self.at += self.behind_bracket(0).unwrap_or(1);
        }
        if self.eat_id("when") {
            self.at += self.behind_bracket(0).unwrap_or(1);
        }
        let body = self.block();
        out.push(Stmt::If(vec![(self.nothing(), body)], Vec::new()));
    }

    pub(super) fn using_statement(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        self.eat_id("static");
        if self.is_op(0, "(") {
            self.at += 1;
            let mut body = Vec::new();
            if !self.is_op(0, ")") {
                self.declaration_or_expression(&mut body);
            }
            while !self.at_end() && !self.is_op(0, ")") && !matches!(self.peek(0), Tok::Op("{" | ";")) {
                self.at += 1;
            }
            self.eat_op(")");
            body.append(&mut self.block());
            out.push(Stmt::Block(body));
        } else if self.is_op(1, "=") {
            let alias = self.take_id().unwrap_or_else(|| Rc::from(""));
            self.at += 1;
            let ty = self.type_name();
            self.eat_op(";");
            out.push(Stmt::Alias(alias, ty));
        } else if matches!(self.peek(1), Tok::Id(_)) || self.is_op(1, "<") {
            self.declaration_or_expression(out);
        } else {
            self.skip_statement();
        }
    }

    pub(super) fn namespace_statement(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        while !self.at_end() && !matches!(self.peek(0), Tok::Op("{" | ";")) {
            self.at += 1;
        }
        if self.is_op(0, "{") {
            let mut body = self.block();
            out.append(&mut body);
        }
    }

    pub(super) fn class_statement(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        let name = self.take_id().unwrap_or_else(|| Rc::from(""));
        let mut bases = Vec::new();
        while !self.at_end() && !matches!(self.peek(0), Tok::Op("{" | ";")) {
            if let Some(base) = self.take_id() {
                bases.push(last_part(&base));
            } else {
                self.at += 1;
            }
        }
        let body = self.block();
        out.push(Stmt::Class(name, bases, body));
    }

    pub(super) fn function_statement(&mut self, out: &mut Vec<Stmt>) {
        let line = self.line();
        self.at += 1;
        // `function get Name()`.
        if self.is_any_id(0, &["get", "set"]) && matches!(self.peek(1), Tok::Id(_)) {
            self.at += 1;
        }
        let name = self.take_id().unwrap_or_else(|| Rc::from(""));
        let params = if self.is_op(0, "(") { self.parameters() } else { Vec::new() };
        if self.eat_op(":") {
            self.type_name();
        }
        let body = self.block();
        let func = self.func(name, params, body, line);
        out.push(Stmt::Func(func));
    }

    pub(super) fn func(&mut self, name: Name, params: Vec<Param>, body: Vec<Stmt>, line: u32) -> Rc<Func> {
        let remote = std::mem::take(&mut self.remote);
        Rc::new(Func { name, params, body, line, remote, dll: self.dll.take(), property: false })
    }

    pub(super) fn return_statement(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        self.eat_id("return");
        let value =
            if matches!(self.peek(0), Tok::Op(";" | "}") | Tok::End) { None } else { Some(self.expr()) };
        self.eat_op(";");
        out.push(Stmt::Return(value));
    }
}

fn prefixed(first: Expr, mut body: Vec<Stmt>) -> Vec<Stmt> {
    body.insert(0, Stmt::Expr(first));
    body
}

fn loop_of(init: Vec<Stmt>, cond: Option<Expr>, step: Vec<Expr>, body: Vec<Stmt>) -> Stmt {
    Stmt::Loop(Box::new(LoopStmt { init, cond, test_last: false, step, body }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Op;

    #[test]
    pub(super) fn an_assignment_operator_is_kept() {
        let (stmts, _) = super::super::program("a += 1;", 1, Lang::JScript);
        assert!(matches!(&stmts[0], Stmt::Expr(Expr { kind: Kind::Assign(Op::Add, _, _), .. })));
    }
}
