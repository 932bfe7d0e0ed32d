//! Statements of Basic that are not blocks: declarations, assignments, calls without brackets.

use std::rc::Rc;

use super::Parser;
use crate::lex::Tok;
use crate::tree::{Expr, Kind, Op, Stmt};

impl Parser<'_> {
    pub(super) fn assignment_or_call(&mut self, out: &mut Vec<Stmt>) {
        let start = self.at;
        let line = self.line();
        let target = self.postfix();
        let op = match self.peek(0) {
            Tok::Op("=") => Some(Op::Set),
            Tok::Op("+=") => Some(Op::Add),
            Tok::Op("&=") => Some(Op::Concat),
            Tok::Op("-=") => Some(Op::Sub),
            Tok::Op("*=") => Some(Op::Mul),
            Tok::Op("/=" | "\\=") => Some(Op::Div),
            _ => None,
        };
        if let Some(op) = op {
            self.at += 1;
            let value = self.expr();
            out.push(Stmt::Expr(Expr { kind: Kind::Assign(op, Box::new(target), Box::new(value)), line }));
            self.rest_of_statement();
            return;
        }
        if self.end_of_statement() || self.is_id(0, "else") || self.is_closer() {
            out.push(Stmt::Expr(target));
            return;
        }
        // A call without brackets around its arguments: `Execute request("x")`, `f (a) & b, c`.
        let callee = if matches!(self.peek(0), Tok::Op(_)) { self.callee_again(start) } else { target };
        let mut args = Vec::new();
        while !self.end_of_statement() && !self.at_end() {
            let before = self.at;
            if self.is_op(0, ",") {
                args.push(self.nothing());
            } else {
                if matches!(self.peek(0), Tok::Id(_)) && self.is_op(1, ":=") {
                    self.at += 2;
                }
                args.push(self.expr());
            }
            if !self.eat_op(",") {
                break;
            }
            if self.at == before {
                self.at += 1;
            }
        }
        out.push(Stmt::Expr(Expr { kind: Kind::Call(Box::new(callee), args), line }));
        self.rest_of_statement();
    }

    /// The callee alone, with the place at its first argument.
    pub(super) fn callee_again(&mut self, start: usize) -> Expr {
        self.at = start;
        let line = self.line();
        let mut callee = match self.take_id() {
            Some(name) => Expr { kind: Kind::Id(name), line },
            None => Expr { kind: Kind::WithObject, line },
        };
        loop {
            if self.is_op(0, ".") {
                self.at += 1;
                let Some(name) = self.take_id() else { return callee };
                callee = Expr { kind: Kind::Member(Box::new(callee), name), line };
            } else if self.is_op(0, "(")
                && !self.spaced(0)
                && self.behind_bracket(0).is_some_and(|behind| self.is_op(behind, "."))
            {
                let args = self.arguments(")");
                callee = Expr { kind: Kind::Call(Box::new(callee), args), line };
            } else {
                return callee;
            }
        }
    }

    /// `a, b(10) As New Type(x) = value`.
    pub(super) fn basic_variables(&mut self, out: &mut Vec<Stmt>) {
        while let Some(name) = self.take_id() {
            if self.is_op(0, "(") {
                self.at += self.behind_bracket(0).unwrap_or(1);
            }
            let mut ty = None;
            let mut value = None;
            if self.eat_id("as") {
                if self.is_id(0, "new") {
                    value = Some(self.expr());
                } else {
                    ty = Some(self.type_name());
                    if self.is_op(0, "(") {
                        self.at += self.behind_bracket(0).unwrap_or(1);
                    }
                }
            }
            if self.eat_op("=") {
                value = Some(self.expr());
            }
            out.push(Stmt::Var(name, ty, value));
            if !self.eat_op(",") {
                break;
            }
        }
        self.rest_of_statement();
    }

    /// What a statement leaves unread is passed over, unless another one starts there.
    pub(super) fn rest_of_statement(&mut self) {
        if !self.is_id(0, "else") && !self.is_closer() {
            self.skip_to_end();
        }
    }

    pub(super) fn basic_imports(&mut self, out: &mut Vec<Stmt>) {
        self.at += 1;
        if self.is_op(1, "=") {
            let alias = self.take_id().unwrap_or_else(|| Rc::from(""));
            self.at += 1;
            let ty = self.type_name();
            out.push(Stmt::Alias(alias, ty));
        }
        self.skip_to_end();
    }
}
