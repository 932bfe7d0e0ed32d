//! Follows a page as if it ran: statements in order, both sides of what is not known, constants to the end.
//!
//! It is an evaluator in which most values are unknown. Where everything is known (a decoder and its constants) it computes
//! what the page would; where not, it carries on where a value comes from.

mod assign;
mod call;
mod control;
mod expr;
mod file;
mod finish;
mod fold;
mod operate;
mod process;
mod reflect;
mod sink;
mod source;
mod texts;

use std::collections::HashMap;
use std::rc::Rc;

use crate::evidence::{Class, Findings};
use crate::limits::{MAX_EVAL_DEPTH, MAX_LAYERS, MAX_STEPS, STEPS_PER_ENTRY};
use crate::page::{Page, PageKind};
use crate::parse;
use crate::tree::{Expr, Func, Kind, Lang, Name, Stmt};
use crate::value::{Taint, Value};

/// How a statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
    Return,
}

/// What is kept of an object.
#[derive(Debug, Default)]
struct Object {
    ty: Name0,
    fields: HashMap<Name, Value>,
    line: u32,
}

/// A name that may be empty.
type Name0 = Option<Name>;

/// The variables of a call.
#[derive(Debug, Default)]
struct Frame {
    locals: HashMap<Name, Value>,
    result: Option<Value>,
    /// The function's name: Basic returns by assigning to it.
    name: Name0,
}

/// Rounds over all entry points: what one handler stores another may run.
const ROUNDS: usize = 3;

/// A page being followed.
pub(crate) struct Run {
    funcs: HashMap<Name, Rc<Func>>,
    classes: HashMap<Name, Vec<Name>>,
    aliases: HashMap<Name, Name>,
    globals: HashMap<Name, Value>,
    frames: Vec<Frame>,
    heap: Vec<Object>,
    sites: HashMap<usize, u32>,
    withs: Vec<Value>,
    lang: Lang,
    kind: PageKind,
    steps: u64,
    entry_limit: u64,
    depth: usize,
    /// How many conditions that are not known stand around.
    unsure: u32,
    layers: usize,
    text_total: usize,
    /// The rounds of loops that were computed to the end.
    in_loop: u32,
    memo: HashMap<(usize, u64), Value>,
    pub(crate) findings: Findings,
    pub(crate) facts: Facts,
}

/// What a page was seen to hold, for conclusions that need several places.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Operations on files whose path the client chooses freely: list, read, write, delete, move, times.
    file_ops: std::collections::BTreeMap<&'static str, u32>,
    checks_upload: bool,
    connects: Option<u32>,
    sends: Option<u32>,
    connection: Option<u32>,
    statement: Option<u32>,
    socket: Option<u32>,
    shell_started: Option<u32>,
    natives: Vec<(Name, u32)>,
    defense_probes: Vec<u32>,
    uploads: Vec<(u32, String)>,
    provider: Option<u32>,
    /// Names that the page reads from the client, for lineage.
    pub(crate) inputs: std::collections::BTreeSet<String>,
    /// Decoded texts that were run, for what was found and for lineage.
    pub(crate) layers_run: usize,
    /// Something was too much: steps, depth, text.
    pub(crate) cut: bool,
}

impl Run {
    pub(crate) fn new(kind: PageKind) -> Run {
        Run {
            funcs: HashMap::new(),
            classes: HashMap::new(),
            aliases: HashMap::new(),
            globals: HashMap::new(),
            frames: Vec::new(),
            heap: Vec::new(),
            sites: HashMap::new(),
            withs: Vec::new(),
            lang: Lang::CSharp,
            kind,
            steps: 0,
            entry_limit: STEPS_PER_ENTRY,
            depth: 0,
            unsure: 0,
            layers: 0,
            text_total: 0,
            in_loop: 0,
            memo: HashMap::new(),
            findings: Findings::default(),
            facts: Facts::default(),
        }
    }

    /// A page that another page writes is looked at one layer deeper.
    pub(crate) fn start_depth(&mut self, depth: usize) {
        self.layers = depth;
    }

    /// Follows every piece of a page, then every function as a server or a client might call it.
    pub(crate) fn page(&mut self, page: &Page) {
        let programs: Vec<(Lang, Vec<Stmt>)> = page
            .pieces
            .iter()
            .map(|piece| {
                let (stmts, cut) = parse::program(&piece.text, piece.line, piece.lang);
                self.facts.cut |= cut;
                (piece.lang, stmts)
            })
            .collect();
        self.facts.checks_upload = page.pieces.iter().any(|piece| names_file_types(&piece.text));
        for control in &page.controls {
            let name: Name = Rc::from(control.id.to_lowercase());
            let mut value = source::control(&control.kind);
            if value.is_any(&["control:input", "control:file"]) {
                value.origins = Some(Rc::new(vec![crate::value::Origin {
                    name: Rc::from(control.id.as_str()),
                    line: 0,
                }]));
            }
            self.globals.insert(name, value);
        }
        for (lang, stmts) in &programs {
            self.lang = *lang;
            self.hoist(stmts);
        }
        for _ in 0..ROUNDS {
            self.memo.clear();
            for (lang, stmts) in &programs {
                self.lang = *lang;
                self.entry_limit = self.steps.saturating_add(STEPS_PER_ENTRY);
                self.body(stmts);
            }
            self.entries(&programs);
        }
        self.finish();
    }

    /// Calls what nothing in the page calls: events, handlers, web methods.
    fn entries(&mut self, programs: &[(Lang, Vec<Stmt>)]) {
        let mut all: Vec<(Lang, Rc<Func>)> = Vec::new();
        for (lang, stmts) in programs {
            collect(stmts, *lang, &mut all, 0);
        }
        for (lang, func) in all {
            self.lang = lang;
            self.entry_limit = self.steps.saturating_add(STEPS_PER_ENTRY / 4);
            let args: Vec<Value> =
                func.params.iter().map(|param| self.entry_argument(&func, param.ty.as_ref())).collect();
            self.call_user(&func, &args);
        }
    }

    fn entry_argument(&self, func: &Func, ty: Option<&Name>) -> Value {
        let mut value = Value { ty: ty.cloned(), ..Value::default() };
        if func.remote {
            value.taint = Taint::CLIENT;
        }
        if let Some(found) = ty.and_then(|ty| source::typed(ty)) {
            value = found;
        }
        value
    }

    /// Functions, classes and aliases are known before anything runs.
    fn hoist(&mut self, stmts: &[Stmt]) {
        self.hoist_at(stmts, 0);
    }

    fn hoist_at(&mut self, stmts: &[Stmt], depth: usize) {
        if depth > crate::limits::MAX_BLOCK_DEPTH {
            return;
        }
        for stmt in stmts {
            match stmt {
                Stmt::Func(func) => {
                    if func.dll.is_some() {
                        self.facts.natives.push((Rc::from(sink::native_name(func)), func.line));
                    }
                    self.funcs.insert(func.name.clone(), func.clone());
                    self.hoist_at(&func.body, depth + 1);
                }
                Stmt::Class(name, bases, body) => {
                    self.classes.insert(name.clone(), bases.clone());
                    self.hoist_at(body, depth + 1);
                }
                Stmt::Alias(alias, ty) => {
                    self.aliases.insert(alias.clone(), ty.clone());
                }
                Stmt::Block(body)
                | Stmt::With(_, body)
                | Stmt::ForEach(_, _, _, body)
                | Stmt::ForTo(_, _, body) => self.hoist_at(body, depth + 1),
                Stmt::If(branches, otherwise) => {
                    for (_, body) in branches {
                        self.hoist_at(body, depth + 1);
                    }
                    self.hoist_at(otherwise, depth + 1);
                }
                Stmt::Loop(inner) => self.hoist_at(&inner.body, depth + 1),
                Stmt::Expr(_) | Stmt::Var(..) | Stmt::Return(_) | Stmt::Break | Stmt::Continue => {}
            }
        }
    }

    fn body(&mut self, stmts: &[Stmt]) -> Flow {
        for stmt in stmts {
            let flow = self.exec(stmt);
            if flow != Flow::Next {
                // Behind a return that only may happen, the rest still may run.
                if flow == Flow::Return && self.unsure == 0 && !self.frames.is_empty() {
                    return flow;
                }
                if flow != Flow::Return && (self.in_loop > 0 || self.unsure > 0) {
                    return flow;
                }
            }
        }
        Flow::Next
    }

    /// Whether there are steps left.
    fn spend(&mut self) -> bool {
        self.steps += 1;
        let left = self.steps < MAX_STEPS && self.steps < self.entry_limit;
        if !left {
            self.facts.cut = true;
        }
        left
    }

    fn exec(&mut self, stmt: &Stmt) -> Flow {
        if !self.spend() {
            return Flow::Return;
        }
        if self.depth >= MAX_EVAL_DEPTH {
            self.facts.cut = true;
            return Flow::Next;
        }
        self.depth += 1;
        let flow = self.exec_inner(stmt);
        self.depth -= 1;
        flow
    }

    fn exec_inner(&mut self, stmt: &Stmt) -> Flow {
        match stmt {
            Stmt::Expr(expr) => {
                // A bare name of a function without arguments calls it.
                match &expr.kind {
                    Kind::Id(_) | Kind::Member(..) => {
                        self.call_bare(expr);
                    }
                    _ => {
                        self.eval(expr);
                    }
                }
            }
            Stmt::Var(name, ty, value) => self.declare(name, ty.as_ref(), value.as_ref()),
            Stmt::If(branches, otherwise) => return self.branch(branches, otherwise),
            Stmt::Loop(inner) => return self.repeat(inner),
            Stmt::ForEach(name, ty, items, body) => return self.for_each(name, ty.as_ref(), items, body),
            Stmt::ForTo(name, bounds, body) => return self.for_to(name, bounds, body),
            Stmt::Return(value) => {
                let value = value.as_ref().map(|value| self.eval(value));
                if let (Some(value), Some(frame)) = (value, self.frames.last_mut()) {
                    let joined = frame.result.as_ref().map(|old| value.join(old));
                    frame.result = Some(joined.unwrap_or(value));
                }
                return Flow::Return;
            }
            Stmt::With(object, body) => {
                let value = self.eval(object);
                self.withs.push(value);
                let flow = self.body(body);
                self.withs.pop();
                return flow;
            }
            Stmt::Block(body) => return self.body(body),
            Stmt::Class(_, _, body) => {
                // Fields are set; methods are called from elsewhere.
                for stmt in body {
                    if matches!(stmt, Stmt::Var(..) | Stmt::Class(..)) {
                        self.exec(stmt);
                    }
                }
            }
            Stmt::Func(_) | Stmt::Alias(..) => {}
            Stmt::Break => return Flow::Break,
            Stmt::Continue => return Flow::Continue,
        }
        Flow::Next
    }

    fn declare(&mut self, name: &Name, ty: Option<&Name>, value: Option<&Expr>) {
        let ty = ty.map(|ty| self.resolve_type(ty));
        let mut found = match value {
            Some(value) => self.eval(value),
            None => match ty.as_ref().and_then(|ty| source::typed(ty)) {
                Some(found) => found,
                None if ty.is_none() && self.frames.is_empty() => return,
                None => Value::default(),
            },
        };
        if let Some(ty) = ty {
            if !matches!(&*ty, "var" | "object" | "string" | "dynamic" | "variant" | "") && found.ty.is_none()
            {
                found.ty = Some(ty.clone());
            }
            if let Some(known) = source::typed(&ty).filter(|_| found.taint == Taint::default()) {
                found.ty = known.ty;
                found.taint = known.taint;
            }
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.locals.insert(name.clone(), found);
        } else {
            let older = self.globals.get(name).cloned();
            let found = match older {
                Some(older) if value.is_none() || older.taint.0 & !found.taint.0 != 0 => found.join(&older),
                _ => found,
            };
            self.globals.insert(name.clone(), found);
        }
    }

    /// A text that the page runs as code: followed in the same world.
    fn run_text(&mut self, text: &str, lang: Lang, line: u32) -> Value {
        if self.layers >= MAX_LAYERS || text.len() > crate::limits::MAX_TEXT || text.trim().is_empty() {
            self.facts.cut |= self.layers >= MAX_LAYERS;
            return Value::default();
        }
        self.text_total += text.len();
        if self.text_total > crate::limits::MAX_TEXT_TOTAL {
            self.facts.cut = true;
            return Value::default();
        }
        self.layers += 1;
        self.facts.layers_run += 1;
        let (stmts, cut) = parse::program(text, line, lang);
        self.facts.cut |= cut;
        let outer = std::mem::replace(&mut self.lang, lang);
        self.hoist(&stmts);
        let mut last = Value::default();
        for stmt in &stmts {
            match stmt {
                Stmt::Expr(expr) => {
                    last = if matches!(expr.kind, Kind::Id(_) | Kind::Member(..)) {
                        self.call_bare(expr)
                    } else {
                        self.eval(expr)
                    }
                }
                other => {
                    self.exec(other);
                }
            }
        }
        // Functions that the text defines may be what is called later, or by nobody we see.
        let mut defined = Vec::new();
        collect(&stmts, lang, &mut defined, 0);
        for (_, func) in defined {
            let args: Vec<Value> =
                func.params.iter().map(|param| self.entry_argument(&func, param.ty.as_ref())).collect();
            self.call_user(&func, &args);
        }
        self.lang = outer;
        self.layers -= 1;
        last
    }

    fn found(&mut self, class: Class, line: u32, by: &Value, target: Option<&str>) {
        self.findings.add(class, line, by.input(), target);
    }

    fn get_name(&self, name: &Name) -> Option<Value> {
        self.frames
            .last()
            .and_then(|frame| frame.locals.get(name))
            .or_else(|| self.globals.get(name))
            .cloned()
    }

    fn set_name(&mut self, name: &Name, value: Value) {
        let local = self
            .frames
            .last_mut()
            .filter(|frame| frame.locals.contains_key(name) || frame.name.as_ref() == Some(name));
        let sure = self.unsure == 0;
        match local {
            Some(frame) if frame.name.as_ref() == Some(name) && !frame.locals.contains_key(name) => {
                let joined = frame.result.as_ref().filter(|_| !sure).map(|old| value.join(old));
                frame.result = Some(joined.unwrap_or(value));
            }
            Some(frame) => {
                let joined = frame.locals.get(name).filter(|_| !sure).map(|old| value.join(old));
                frame.locals.insert(name.clone(), joined.unwrap_or(value));
            }
            None => {
                // Handlers run in any order: a field keeps what any of them gave it.
                let keep = !sure || (!self.frames.is_empty() && self.in_loop == 0);
                let joined = self.globals.get(name).filter(|_| keep).map(|old| value.join(old));
                self.globals.insert(name.clone(), joined.unwrap_or(value));
            }
        }
    }

    /// An element of a collection of which nothing is known.
    fn element_of(&self, value: &Value) -> Value {
        let mut out = Value::from_parts([value]);
        if value.is("files") {
            return source::posted_file();
        }
        if value.is_any(&["requestdata", "httprequest"]) {
            out = source::request_data();
        }
        out
    }

    fn resolve_type(&self, ty: &Name) -> Name {
        self.aliases.get(ty).cloned().unwrap_or_else(|| ty.clone())
    }
}

/// All functions of a program.
fn collect(stmts: &[Stmt], lang: Lang, out: &mut Vec<(Lang, Rc<Func>)>, depth: usize) {
    if depth > crate::limits::MAX_BLOCK_DEPTH {
        return;
    }
    for stmt in stmts {
        match stmt {
            Stmt::Func(func) => {
                out.push((lang, func.clone()));
                collect(&func.body, lang, out, depth + 1);
            }
            Stmt::Class(_, _, body) | Stmt::Block(body) => collect(body, lang, out, depth + 1),
            Stmt::If(branches, otherwise) => {
                for (_, body) in branches {
                    collect(body, lang, out, depth + 1);
                }
                collect(otherwise, lang, out, depth + 1);
            }
            Stmt::With(..) | Stmt::ForEach(..) | Stmt::ForTo(..) | Stmt::Loop(_) => {}
            Stmt::Expr(_)
            | Stmt::Var(..)
            | Stmt::Return(_)
            | Stmt::Alias(..)
            | Stmt::Break
            | Stmt::Continue => {}
        }
    }
}

/// Whether a code names the types of harmless files, as checks of uploads do.
fn names_file_types(code: &str) -> bool {
    let lower = code.to_ascii_lowercase();
    [
        "\".jpg",
        "\"jpg",
        "jpg|",
        ",jpg",
        "|jpg",
        ".jpg,",
        "image/",
        "\".gif",
        "\"gif",
        "\".pdf",
        "\".xls",
        "\".csv",
        "\".txt\"",
        "\".zip",
        "\".png",
        "\"png",
        "\".doc",
        "allowedext",
        "allowext",
        "contenttype",
    ]
    .iter()
    .any(|word| lower.contains(word))
}
