//! The tree of a program in C#, `JScript` or VB: only what following data needs.
//!
//! Three languages share it. What a construct does not say about data (types of generics, access, exceptions) is dropped
//! while parsing, so that one evaluator serves all.

use std::rc::Rc;

/// A name in lower case: two of the three languages do not distinguish case, and hostile pages mix it.
pub(crate) type Name = Rc<str>;

/// The language of a piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// C#.
    CSharp,
    /// `JScript` of classic ASP or JScript.NET.
    JScript,
    /// Visual Basic .NET.
    VbNet,
    /// `VBScript` of classic ASP.
    VbScript,
}

impl Lang {
    /// Whether statements end with the line.
    pub(crate) fn is_basic(self) -> bool {
        match self {
            Lang::VbNet | Lang::VbScript => true,
            Lang::CSharp | Lang::JScript => false,
        }
    }

    /// How people write it.
    pub fn word(self) -> &'static str {
        match self {
            Lang::CSharp => "C#",
            Lang::JScript => "JScript",
            Lang::VbNet => "VB.NET",
            Lang::VbScript => "VBScript",
        }
    }
}

/// An expression and its line.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: Kind,
    pub(crate) line: u32,
}

/// What an expression is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Nothing that could be read.
    Nothing,
    Str(Rc<str>),
    Num(f64),
    Bool(bool),
    Regex(Rc<str>),
    Id(Name),
    Member(Box<Expr>, Name),
    Call(Box<Expr>, Vec<Expr>),
    Index(Box<Expr>, Vec<Expr>),
    New(Box<NewExpr>),
    /// Left-associative operators in one flat chain: hostile code concatenates ten thousand pieces.
    Chain(Box<Expr>, Vec<(Op, Expr)>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Invert(Box<Expr>),
    Assign(Op, Box<Expr>, Box<Expr>),
    Cond(Box<Expr>, Box<Expr>, Box<Expr>),
    List(Vec<Expr>),
    Dict(Vec<(Name, Expr)>),
    Lambda(Rc<Func>),
    Cast(Name, Box<Expr>),
    TypeOf(Name),
    /// The object of the enclosing `With`.
    WithObject,
}

/// `new Type(args) { init }`.
#[derive(Debug)]
pub(crate) struct NewExpr {
    pub(crate) ty: Name,
    /// A type computed at run time, as in `JScript`'s `new (f())`.
    pub(crate) args: Vec<Expr>,
    pub(crate) init: Vec<(Option<Name>, Expr)>,
    pub(crate) array: bool,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Set,
    Add,
    Concat,
    Sub,
    Mul,
    Div,
    IntDiv,
    Mod,
    Pow,
    BitAnd,
    BitOr,
    Xor,
    Shl,
    Shr,
    And,
    Or,
    Coalesce,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Is,
}

/// A statement.
#[derive(Debug)]
pub(crate) enum Stmt {
    Expr(Expr),
    Var(Name, Option<Name>, Option<Expr>),
    If(Vec<(Expr, Vec<Stmt>)>, Vec<Stmt>),
    /// A loop with what runs before it, its condition (`None`: unknown), whether the condition is tested last, and the step.
    Loop(Box<LoopStmt>),
    ForEach(Name, Option<Name>, Expr, Vec<Stmt>),
    /// VB's `For name = from To to Step step`.
    ForTo(Name, Box<[Expr; 3]>, Vec<Stmt>),
    Return(Option<Expr>),
    With(Expr, Vec<Stmt>),
    Block(Vec<Stmt>),
    Func(Rc<Func>),
    Class(Name, Vec<Name>, Vec<Stmt>),
    Alias(Name, Name),
    Break,
    Continue,
}

/// A loop.
#[derive(Debug)]
pub(crate) struct LoopStmt {
    pub(crate) init: Vec<Stmt>,
    pub(crate) cond: Option<Expr>,
    pub(crate) test_last: bool,
    pub(crate) step: Vec<Expr>,
    pub(crate) body: Vec<Stmt>,
}

/// A function, method, property or lambda.
#[derive(Debug)]
pub(crate) struct Func {
    pub(crate) name: Name,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Vec<Stmt>,
    pub(crate) line: u32,
    /// Declared with an attribute that lets a client call it, as `[WebMethod]`.
    pub(crate) remote: bool,
    /// Declared in a DLL, with the DLL's name.
    pub(crate) dll: Option<Name>,
    pub(crate) property: bool,
}

impl Func {
    /// One of the page's own, neither a property nor for clients to call.
    pub(crate) fn of(name: Name, params: Vec<Param>, body: Vec<Stmt>, line: u32) -> Func {
        Func { name, params, body, line, remote: false, dll: None, property: false }
    }
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: Name,
    pub(crate) ty: Option<Name>,
}
