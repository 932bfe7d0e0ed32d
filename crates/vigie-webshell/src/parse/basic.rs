//! Statements of `VBScript` and VB.NET.

use std::rc::Rc;

use super::{Parser, last_part};
use crate::lex::Tok;
use crate::tree::{Expr, Func, Kind, LoopStmt, Name, Param, Stmt};

const MODIFIERS: &[&str] = &[
    "public",
    "private",
    "protected",
    "friend",
    "shared",
    "overrides",
    "overridable",
    "overloads",
    "mustoverride",
    "mustinherit",
    "notinheritable",
    "readonly",
    "writeonly",
    "withevents",
    "shadows",
    "partial",
    "default",
    "async",
    "declare",
    "ansi",
    "auto",
    "unicode",
];
const REMOTE: &[&str] = &["webmethod", "operationcontract", "httppost", "httpget", "scriptmethod", "route"];

impl Parser<'_> {
    pub(super) fn end_of_statement(&self) -> bool {
        matches!(self.peek(0), Tok::End)
    }

    pub(super) fn skip_to_end(&mut self) {
        while !self.at_end() && !self.end_of_statement() {
            self.at += 1;
        }
    }

    /// Whether a block ends here: `End If`, `Next`, `Else` and so on.
    pub(super) fn is_closer(&self) -> bool {
        match self.peek(0) {
            Tok::Id(name) => match &**name {
                "end" => matches!(self.peek(1), Tok::Id(word) if matches!(&**word,
                    "if" | "sub" | "function" | "select" | "with" | "class" | "property" | "while" | "try" | "using" | "namespace"
                    | "module" | "structure" | "get" | "set" | "synclock" | "enum" | "interface" | "addhandler")),
                "next" | "wend" | "loop" | "else" | "elseif" | "case" | "catch" | "finally" => {
                    !matches!(self.peek(1), Tok::Op("=" | "." | "("))
                }
                _ => false,
            },
            Tok::Str(_) | Tok::Num(_) | Tok::Regex(_) | Tok::Op(_) | Tok::End => false,
        }
    }

    /// Statements up to what closes the block, which stays.
    pub(super) fn basic_body(&mut self) -> Vec<Stmt> {
        let mut out = Vec::new();
        let deep = !self.may_nest();
        self.block_depth += 1;
        while !self.at_end() && !self.is_closer() {
            let before = self.at;
            if deep {
                self.skip_to_end();
                self.at += 1;
            } else {
                self.basic_statement(&mut out);
            }
            if self.at == before {
                self.at += 1;
            }
        }
        self.block_depth -= 1;
        out
    }

    /// `End X`, `Next`, …: the closer and the rest of its statement.
    pub(super) fn close(&mut self) {
        self.skip_to_end();
    }

    pub(super) fn basic_lambda_body(&mut self) -> Vec<Stmt> {
        if self.is_id(0, "as") {
            self.at += 1;
            self.type_name();
        }
        if self.end_of_statement() {
            let body = self.basic_body();
            if self.eat_id("end") {
                self.at += 1;
            }
            body
        } else {
            vec![Stmt::Return(Some(self.expr()))]
        }
    }

    pub(super) fn basic_statement(&mut self, out: &mut Vec<Stmt>) {
        match self.peek(0) {
            Tok::End => self.at += 1,
            Tok::Op("<") => self.basic_attributes(),
            Tok::Id(name) => {
                let name = name.clone();
                self.basic_word(&name, out);
            }
            Tok::Str(_) | Tok::Num(_) | Tok::Regex(_) | Tok::Op(_) => self.assignment_or_call(out),
        }
    }

    /// `<WebMethod()> _` before a declaration.
    pub(super) fn basic_attributes(&mut self) {
        let mut ahead = 0;
        while !matches!(self.peek(ahead), Tok::Op(">") | Tok::End) {
            if self.is_any_id(ahead, REMOTE) {
                self.remote = true;
            }
            if self.is_any_id(ahead, &["dllimport"])
                && let Tok::Str(dll) = self.peek(ahead + 2)
            {
                self.dll = Some(Rc::from(dll.to_lowercase()));
            }
            ahead += 1;
        }
        self.at += ahead + 1;
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each construct or call that it tells apart")]
    pub(super) fn basic_word(&mut self, name: &Name, out: &mut Vec<Stmt>) {
        match &**name {
            "if" => self.basic_if(out),
            "for" => self.basic_for(out),
            "do" => self.basic_do(out),
            "while" => {
                self.at += 1;
                let cond = self.expr();
                let body = self.basic_body();
                self.close();
                out.push(loop_of(Some(cond), false, body));
            }
            "select" => self.basic_select(out),
            "with" => {
                self.at += 1;
                let object = self.expr();
                let body = self.basic_body();
                self.close();
                out.push(Stmt::With(object, body));
            }
            "using" | "synclock" => {
                self.at += 1;
                if matches!(self.peek(1), Tok::Id(word) if &**word == "as") {
                    self.basic_variables(out);
                } else if !self.end_of_statement() {
                    self.assignment_or_call(out);
                }
                let body = self.basic_body();
                self.close();
                out.push(Stmt::Block(body));
            }
            "try" => self.basic_try(out),
            "class" | "module" | "structure" | "interface" if matches!(self.peek(1), Tok::Id(_)) => {
                self.basic_class(out);
            }
            "namespace" | "enum" => {
                self.skip_to_end();
                let mut body = self.basic_body();
                self.close();
                if &**name == "namespace" {
                    out.append(&mut body);
                }
            }
            "sub" | "function" | "operator" if matches!(self.peek(1), Tok::Id(_)) => self.basic_function(out),
            "property" if matches!(self.peek(1), Tok::Id(_)) => self.basic_property(out),
            "dim" | "const" | "static" | "redim" => {
                self.at += 1;
                if self.is_id(0, "preserve") {
                    self.at += 1;
                }
                self.basic_variables(out);
            }
            "set" | "let" | "call" if matches!(self.peek(1), Tok::Id(_) | Tok::Op("." | "(")) => {
                self.at += 1;
                self.assignment_or_call(out);
            }
            "exit" => {
                let leaves = self.is_any_id(1, &["for", "do", "while", "select"]);
                self.skip_to_end();
                out.push(if leaves { Stmt::Break } else { Stmt::Return(None) });
            }
            "continue" => {
                self.skip_to_end();
                out.push(Stmt::Continue);
            }
            "return" => {
                self.at += 1;
                let value = if self.end_of_statement() { None } else { Some(self.expr()) };
                out.push(Stmt::Return(value));
            }
            "imports" => self.basic_imports(out),
            "inherits" | "implements" | "option" | "on" | "goto" | "resume" | "erase" | "raiseevent"
            | "removehandler" | "throw" | "end" | "stop"
                if !matches!(self.peek(1), Tok::Op("=" | ".")) =>
            {
                self.skip_to_end();
            }
            word if MODIFIERS.contains(&word) && matches!(self.peek(1), Tok::Id(_)) => {
                let declares = !self.is_any_id(
                    1,
                    &[
                        "sub",
                        "function",
                        "property",
                        "class",
                        "module",
                        "const",
                        "dim",
                        "structure",
                        "operator",
                        "interface",
                        "enum",
                        "event",
                        "delegate",
                    ],
                ) && !self.is_any_id(1, MODIFIERS);
                self.at += 1;
                if declares {
                    self.basic_variables(out);
                }
            }
            _ if self.is_closer() => self.skip_to_end(),
            _ => self.assignment_or_call(out),
        }
    }

    pub(super) fn basic_if(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        let cond = self.expr();
        self.eat_id("then");
        if !self.end_of_statement() || self.colon_follows() {
            self.single_line_if(cond, out);
            return;
        }
        let mut branches = vec![(cond, self.basic_body())];
        let mut otherwise = Vec::new();
        loop {
            let line = self.line();
            if self.eat_id("elseif")
                || (self.is_id(0, "else")
                    && self.is_id(1, "if")
                    && self.tokens.get(self.at + 1).is_some_and(|token| token.line == line))
            {
                self.eat_id("else");
                self.eat_id("if");
                let cond = self.expr();
                self.eat_id("then");
                branches.push((cond, self.basic_body()));
            } else if self.eat_id("else") {
                otherwise = self.basic_body();
            } else {
                break;
            }
        }
        if self.is_id(0, "end") {
            self.close();
        }
        out.push(Stmt::If(branches, otherwise));
    }

    /// A colon right behind `Then` continues the line.
    pub(super) fn colon_follows(&self) -> bool {
        let here = self.tokens.get(self.at);
        let next = self.tokens.get(self.at + 1);
        match (here, next) {
            (Some(here), Some(next)) => here.line == next.line && next.tok != Tok::End,
            (Some(_) | None, _) => false,
        }
    }

    pub(super) fn single_line_if(&mut self, cond: Expr, out: &mut Vec<Stmt>) {
        let line = self.line();
        let mut yes = Vec::new();
        let mut no = Vec::new();
        let mut in_else = false;
        let deep = !self.may_nest();
        self.block_depth += 1;
        while !self.at_end() && self.tokens.get(self.at).is_some_and(|token| token.line == line) {
            if self.end_of_statement() {
                let same_line = self.tokens.get(self.at + 1).is_some_and(|next| next.line == line);
                if !same_line {
                    break;
                }
                self.at += 1;
                continue;
            }
            if self.is_id(0, "end") && self.is_id(1, "if") {
                self.at += 2;
                break;
            }
            if self.eat_id("else") {
                in_else = true;
                continue;
            }
            let before = self.at;
            if deep {
                self.at += 1;
            } else if self.is_closer() {
                break;
            } else {
                self.basic_statement(if in_else { &mut no } else { &mut yes });
            }
            if self.at == before {
                self.at += 1;
            }
        }
        self.block_depth -= 1;
        out.push(Stmt::If(vec![(cond, yes)], no));
    }

    pub(super) fn basic_for(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        let each = self.eat_id("each");
        let name = self.take_id().unwrap_or_else(|| Rc::from(""));
        let mut ty = None;
        if self.eat_id("as") {
            ty = Some(self.type_name());
        }
        if each {
            self.eat_id("in");
            let items = self.expr();
            let body = self.basic_body();
            self.close();
            out.push(Stmt::ForEach(name, ty, items, body));
            return;
        }
        self.eat_op("=");
        let from = self.expr();
        self.eat_id("to");
        let to = self.expr();
        let step =
            if self.eat_id("step") { self.expr() } else { Expr { kind: Kind::Num(1.0), line: from.line } };
        let body = self.basic_body();
        self.close();
        out.push(Stmt::ForTo(name, Box::new([from, to, step]), body));
    }

    pub(super) fn basic_do(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        let mut cond = self.while_or_until();
        let first = cond.is_some();
        let body = self.basic_body();
        self.eat_id("loop");
        if cond.is_none() {
            cond = self.while_or_until();
        }
        self.skip_to_end();
        out.push(loop_of(cond, !first, body));
    }

    pub(super) fn while_or_until(&mut self) -> Option<Expr> {
        if self.eat_id("while") {
            return Some(self.expr());
        }
        if self.eat_id("until") {
            let inner = self.expr();
            let line = inner.line;
            return Some(Expr { kind: Kind::Not(Box::new(inner)), line });
        }
        None
    }

    pub(super) fn basic_select(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        self.eat_id("case");
        let subject = self.expr();
        let line = subject.line;
        out.push(Stmt::Expr(subject));
        let mut arms = Vec::new();
        self.skip_to_end();
        while self.end_of_statement() && !self.at_end() {
            self.at += 1;
        }
        while self.eat_id("case") {
            // The values of an arm are compared, they do not run; what follows a colon does.
            self.skip_to_end();
            let body = self.basic_body();
            arms.push((Expr { kind: Kind::Nothing, line }, body));
        }
        if self.is_id(0, "end") {
            self.close();
        }
        out.push(Stmt::If(arms, Vec::new()));
    }

    pub(super) fn basic_try(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        let body = self.basic_body();
        out.push(Stmt::Block(body));
        while self.is_any_id(0, &["catch", "finally"]) {
            self.skip_to_end();
            let body = self.basic_body();
            out.push(Stmt::If(vec![(self.nothing(), body)], Vec::new()));
        }
        self.close();
    }

    pub(super) fn basic_class(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        let name = self.take_id().unwrap_or_else(|| Rc::from(""));
        self.skip_to_end();
        let mut bases = Vec::new();
        let mut ahead = 0;
        while matches!(self.peek(ahead), Tok::End) && self.at + ahead < self.tokens.len() {
            ahead += 1;
        }
        if self.is_any_id(ahead, &["inherits", "implements"]) {
            let mut at = ahead + 1;
            while let Tok::Id(base) = self.peek(at) {
                bases.push(last_part(base));
                at += if self.is_op(at + 1, ".") { 2 } else { 1 };
            }
        }
        let body = self.basic_body();
        self.close();
        out.push(Stmt::Class(name, bases, body));
    }

    pub(super) fn basic_function(&mut self, out: &mut Vec<Stmt>) {
        let line = self.line();
        self.at += 1;
        let name = self.take_id().unwrap_or_else(|| Rc::from(""));
        // `Declare Function f Lib "x.dll" Alias "y" (…)` has no body.
        let mut dll = self.dll.take();
        let mut declared = false;
        if self.eat_id("lib") {
            declared = true;
            if let Tok::Str(lib) = self.peek(0) {
                dll = Some(Rc::from(lib.to_lowercase()));
            }
            while !self.end_of_statement() && !self.is_op(0, "(") {
                self.at += 1;
            }
        }
        let params = if self.is_op(0, "(") { self.parameters() } else { Vec::new() };
        // The rest of the head: a type, `Handles`, `Implements`.
        if self.lang == crate::tree::Lang::VbNet {
            self.skip_to_end();
        }
        let remote = std::mem::take(&mut self.remote);
        let body = if declared { Vec::new() } else { self.basic_body() };
        if !declared {
            self.close();
        }
        out.push(Stmt::Func(Rc::new(Func { name, params, body, line, remote, dll, property: false })));
    }

    pub(super) fn basic_property(&mut self, out: &mut Vec<Stmt>) {
        let line = self.line();
        self.at += 1;
        let setter = self.is_any_id(0, &["let", "set"]);
        let old_style = setter || self.is_id(0, "get");
        if old_style && matches!(self.peek(1), Tok::Id(_)) {
            self.at += 1;
        }
        let name = self.take_id().unwrap_or_else(|| Rc::from(""));
        let params = if self.is_op(0, "(") { self.parameters() } else { Vec::new() };
        if old_style {
            let body = self.basic_body();
            self.close();
            let name = if setter { Rc::from(format!("set_{name}")) } else { name };
            out.push(Stmt::Func(Rc::new(Func { property: !setter, ..Func::of(name, params, body, line) })));
            return;
        }
        self.skip_to_end();
        while self.end_of_statement() && !self.at_end() {
            self.at += 1;
        }
        while self.is_any_id(0, &["get", "set"]) && !self.is_op(1, "=") {
            let getter = self.eat_id("get");
            if !getter {
                self.at += 1;
            }
            let params = if self.is_op(0, "(") {
                self.parameters()
            } else {
                vec![Param { name: Rc::from("value"), ty: None }]
            };
            let body = self.basic_body();
            self.close();
            while self.end_of_statement() && !self.at_end() {
                self.at += 1;
            }
            let name = if getter { name.clone() } else { Rc::from(format!("set_{name}")) };
            let params = if getter { Vec::new() } else { params };
            out.push(Stmt::Func(Rc::new(Func { property: getter, ..Func::of(name, params, body, line) })));
        }
        if self.is_id(0, "end") && self.is_id(1, "property") {
            self.close();
        }
    }
}

fn loop_of(cond: Option<Expr>, test_last: bool, body: Vec<Stmt>) -> Stmt {
    Stmt::Loop(Box::new(LoopStmt { init: Vec::new(), cond, test_last, step: Vec::new(), body }))
}
