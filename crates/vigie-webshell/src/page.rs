//! A file's text to the code in it that a server runs: directives, script blocks, render blocks, Razor, bare handler files.
//!
//! ASP.NET page syntax: <https://learn.microsoft.com/previous-versions/aspnet/xz702w3e(v=vs.100)>.

mod razor;
mod tags;

use crate::tree::Lang;
use tags::{Tag, attribute, next_tag};

/// What kind of file a server would take it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// A page, control, handler or service of ASP.NET.
    AspNet,
    /// Classic ASP.
    Asp,
    /// Razor.
    Razor,
    /// A configuration file.
    Config,
    /// A file of code alone.
    Code,
    /// Nothing that a server runs.
    Other,
}

/// A piece of code.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) lang: Lang,
    pub(crate) text: String,
    pub(crate) line: u32,
}

/// A control of the page that the client can fill, or an object that it creates.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) id: String,
    /// The tag or the program id of an object, in lower case.
    pub(crate) kind: String,
}

/// A page taken apart.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) kind: PageKind,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) controls: Vec<Control>,
    /// Code that is elsewhere: code behind, included files, script sources.
    pub(crate) elsewhere: Vec<String>,
    /// The base class or the class of a handler.
    pub(crate) directives: Vec<Tag>,
    /// The language is not said and was guessed.
    pub(crate) guessed: bool,
}

/// The most markup that is looked at, one by one.
const MAX_TAGS: usize = 400_000;

/// Takes a page apart; the name settles only what its text leaves open.
pub(crate) fn split(text: &str, name: &str) -> Page {
    let kind = kind_of(text, name);
    let mut page = Page {
        kind,
        pieces: Vec::new(),
        controls: Vec::new(),
        elsewhere: Vec::new(),
        directives: Vec::new(),
        guessed: false,
    };
    match kind {
        PageKind::Other => {}
        PageKind::Code => {
            page.pieces.push(Piece { lang: code_lang(text, name), text: text.to_owned(), line: 1 });
        }
        PageKind::Razor => {
            let lang = if extension(name) == "vbhtml" { Lang::VbNet } else { Lang::CSharp };
            page.pieces.push(Piece { lang, text: razor::code(text, lang), line: 1 });
        }
        PageKind::AspNet | PageKind::Asp | PageKind::Config => split_markup(text, name, &mut page),
    }
    page
}

/// The same page with its code taken for the other kind of language.
pub(crate) fn other_language(mut page: Page) -> Page {
    for piece in &mut page.pieces {
        piece.lang = match (piece.lang, page.kind) {
            (Lang::VbNet, _) | (Lang::VbScript, PageKind::AspNet) => Lang::CSharp,
            (Lang::VbScript, _) => Lang::JScript,
            (Lang::CSharp, _) | (Lang::JScript, PageKind::AspNet) => Lang::VbNet,
            (Lang::JScript, _) => Lang::VbScript,
        };
    }
    page
}

/// The extension of a name, in lower case.
pub(crate) fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    // IIS stops at a semicolon in old versions: `a.asp;.jpg` ran.
    let file = file.split(';').next().unwrap_or(file);
    file.rsplit_once('.')
        .map_or(String::new(), |(_, ext)| ext.trim_end_matches([' ', '.']).to_ascii_lowercase())
}

fn kind_of(text: &str, name: &str) -> PageKind {
    let ext = extension(name);
    let has_blocks = text.contains("<%");
    let lower_head = head(text);
    let server_tag = || contains_ignore_case(text, "runat");
    match ext.as_str() {
        "cshtml" | "vbhtml" | "razor" => PageKind::Razor,
        "config" | "xml" if !has_blocks && !server_tag() => PageKind::Config,
        "config" => PageKind::Config,
        "cs" | "vb" if !has_blocks => PageKind::Code,
        "asp" | "asa" | "cer" | "cdx" | "htr" | "inc" | "asc" => {
            if says_aspnet(&lower_head) && ext != "asp" {
                PageKind::AspNet
            } else if has_blocks || server_tag() {
                PageKind::Asp
            } else {
                PageKind::Other
            }
        }
        "aspx" | "ascx" | "ashx" | "asmx" | "asax" | "svc" | "master" | "soap" | "rem" | "skin"
        | "browser" | "sitemap" => PageKind::AspNet,
        _ if has_blocks || server_tag() => {
            if says_aspnet(&lower_head) || contains_ignore_case(text, "<asp:") {
                PageKind::AspNet
            } else if looks_like_other_engine(text) {
                PageKind::Other
            } else {
                PageKind::Asp
            }
        }
        _ => PageKind::Other,
    }
}

/// JSP and template languages share `<%` with ASP.
fn looks_like_other_engine(text: &str) -> bool {
    ["java.", "javax.", "<jsp:", "<c:", "<?php", "request.getParameter", "erb", "<%- ", "<%_ "]
        .iter()
        .any(|word| text.contains(word))
        && !contains_ignore_case(text, "createobject")
        && !contains_ignore_case(text, "runat")
}

fn head(text: &str) -> String {
    let end = (0..=text.len().min(4000)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or(text).to_ascii_lowercase()
}

/// Whether a directive of ASP.NET stands at the front.
fn says_aspnet(head: &str) -> bool {
    let mut rest = head;
    while let Some(at) = rest.find("<%@") {
        rest = rest.get(at + 3..).unwrap_or("");
        let word: String = rest.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect();
        let known = [
            "page",
            "control",
            "master",
            "webhandler",
            "webservice",
            "application",
            "servicehost",
            "import",
            "assembly",
            "register",
            "implements",
        ];
        if known.contains(&word.as_str()) {
            return true;
        }
    }
    head.contains("csharp") || head.contains("c#")
}

/// Whether a needle in lower case occurs in any case.
pub(crate) fn contains_ignore_case(text: &str, needle: &str) -> bool {
    let (hay, needle) = (text.as_bytes(), needle.as_bytes());
    let Some((first, _)) = needle.split_first() else { return true };
    let upper = first.to_ascii_uppercase();
    let mut at = 0;
    while let Some(found) =
        hay.get(at..).and_then(|rest| rest.iter().position(|byte| byte == first || *byte == upper))
    {
        let start = at + found;
        if hay.get(start..start + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(needle)) {
            return true;
        }
        at = start + 1;
    }
    false
}

fn code_lang(text: &str, name: &str) -> Lang {
    match extension(name).as_str() {
        "vb" => Lang::VbNet,
        "cs" => Lang::CSharp,
        _ => guess(text, PageKind::AspNet),
    }
}

/// The language by a name in a directive or tag.
fn named_lang(word: &str, kind: PageKind) -> Option<Lang> {
    let word = word.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let word = word.split('.').next().unwrap_or("");
    match word {
        "c#" | "cs" | "csharp" | "c" | "visualcsharp" => Some(Lang::CSharp),
        "jscript" | "js" | "javascript" | "vjs" | "vj#" | "ecmascript" => Some(Lang::JScript),
        "vb" | "vbs" | "visualbasic" | "vbscript" | "basic" => {
            Some(if kind == PageKind::AspNet { Lang::VbNet } else { Lang::VbScript })
        }
        _ => None,
    }
}

/// The language by what the code looks like.
fn guess(code: &str, kind: PageKind) -> Lang {
    let mut basic = 0i32;
    let mut curly = i32::from(code.contains('{') && code.contains('}')) * 2;
    for line in code.lines().take(2000) {
        let line = line.trim();
        let lower = line.to_ascii_lowercase();
        if line.ends_with([';', '{', '}']) || line.starts_with('}') || line.starts_with("//") {
            curly += 1;
        }
        let starts = [
            "dim ",
            "set ",
            "end ",
            "sub ",
            "function ",
            "if ",
            "response.write ",
            "on error",
            "next",
            "loop",
            "call ",
            "execute",
            "const ",
            "imports ",
            "'",
        ];
        if starts.iter().any(|word| lower.starts_with(word)) && !line.ends_with(';') && !line.ends_with('{') {
            basic += 1;
        }
        if lower.ends_with(" then") || lower.contains("\" & ") || lower.contains(" & \"") {
            basic += 1;
        }
    }
    match (curly > basic, kind) {
        (true, PageKind::AspNet | PageKind::Code | PageKind::Razor)
            if !code.contains("function ") && !code.contains("var Request") =>
        {
            Lang::CSharp
        }
        (true, _) => Lang::JScript,
        (false, PageKind::AspNet | PageKind::Code | PageKind::Razor) => Lang::VbNet,
        (false, _) => Lang::VbScript,
    }
}

/// Markup with code in it, in one pass.
#[expect(clippy::too_many_lines, reason = "one arm for each construct or call that it tells apart")]
fn split_markup(text: &str, name: &str, page: &mut Page) {
    let kind = if page.kind == PageKind::Config { PageKind::Asp } else { page.kind };
    let mut render = Render::default();
    let mut outside = String::new();
    let mut outside_line = None;
    let mut line = 1u32;
    let mut at = 0usize;
    let mut declared: Option<Lang> = None;
    let mut scripts: Option<Lang> = None;
    let handler = matches!(extension(name).as_str(), "ashx" | "asmx" | "svc" | "soap" | "rem");
    for _ in 0..MAX_TAGS {
        let Some(found) = next_tag(text, at) else { break };
        let before = text.get(at..found.start).unwrap_or("");
        keep_outside(before, line, &mut outside, &mut outside_line);
        line += newlines(before);
        let inner_line = line + newlines(text.get(found.start..found.inner).unwrap_or(""));
        let inner = text.get(found.inner..found.inner_end).unwrap_or("");
        match found.tag {
            Tag::Comment => {}
            Tag::Directive(ref attributes) => {
                let lang = attribute(attributes, "language").and_then(|word| named_lang(word, kind));
                declared = declared.or(lang);
                if let Some(behind) = attribute(attributes, "codebehind")
                    .or(attribute(attributes, "codefile"))
                    .or(attribute(attributes, "src"))
                {
                    page.elsewhere.push(behind.to_owned());
                }
                page.directives.push(found.tag.clone());
                if found.tag.is_handler() && !page.elsewhere.iter().any(|file| !file.is_empty()) {
                    // All that follows is code, also what looks like markup in its texts.
                    line += newlines(text.get(found.start..found.end).unwrap_or(""));
                    let rest = text.get(found.end..).unwrap_or("");
                    let rest = rest.trim_start_matches("\u{feff}");
                    if !rest.trim().is_empty() {
                        let lang = declared.unwrap_or_else(|| guess(rest, kind));
                        page.pieces.push(Piece { lang, text: without_directives(rest), line });
                    }
                    return;
                }
            }
            Tag::Include(ref file) => page.elsewhere.push(file.clone()),
            Tag::Render => render.push(inner, inner_line, Form::Statement),
            Tag::Output => render.push(inner, inner_line, Form::Output),
            Tag::Script(ref attributes) => {
                if let Some(source) = attribute(attributes, "src") {
                    page.elsewhere.push(source.to_owned());
                }
                let inner = inner.trim_start().strip_prefix("<!--").unwrap_or(inner);
                let named = attribute(attributes, "language")
                    .or(attribute(attributes, "type").and_then(|kind| kind.rsplit('/').next()))
                    .and_then(|word| named_lang(word, kind));
                scripts = scripts.or(named);
                page.guessed |= named.or(declared).is_none();
                let lang = named.or(declared).unwrap_or_else(|| guess(inner, kind));
                page.pieces.push(Piece { lang, text: inner.to_owned(), line: inner_line });
            }
            Tag::Control(ref control) => {
                page.controls.push(Control { id: control.0.clone(), kind: control.1.clone() });
            }
        }
        line += newlines(text.get(found.start..found.end).unwrap_or(""));
        at = found.end.max(at + 1);
    }
    keep_outside(text.get(at..).unwrap_or(""), line, &mut outside, &mut outside_line);
    if !render.is_empty() {
        // A page of ASP.NET has one language, whoever says it; the blocks of classic ASP have their own.
        let said = declared.or(scripts.filter(|_| kind == PageKind::AspNet));
        page.guessed |= said.is_none();
        let lang = said.unwrap_or_else(|| guess(&render.plain(), kind));
        page.pieces.push(Piece { lang, text: render.code(lang), line: 1 });
    }
    // A handler's code stands bare behind its directive.
    let is_handler = handler || page.directives.iter().any(Tag::is_handler);
    if is_handler && outside.trim().len() > 20 {
        let lang = declared.unwrap_or_else(|| guess(&outside, kind));
        page.pieces.push(Piece { lang, text: outside, line: outside_line.unwrap_or(1) });
    }
}

/// Directives that follow the first become blank.
fn without_directives(text: &str) -> String {
    let mut out = text.to_owned();
    for _ in 0..64 {
        let Some(start) = out.find("<%@") else { break };
        let Some(end) = out.get(start..).and_then(|rest| rest.find("%>")).map(|end| start + end + 2) else {
            break;
        };
        let blank: String = out.get(start..end).unwrap_or("").chars().filter(|c| *c == '\n').collect();
        out.replace_range(start..end, &blank);
    }
    out
}

fn keep_outside(text: &str, line: u32, outside: &mut String, first: &mut Option<u32>) {
    if first.is_none() && !text.trim().is_empty() {
        *first = Some(line + newlines(text.get(..text.len() - text.trim_start().len()).unwrap_or("")));
        outside.push_str(text.trim_start());
    } else {
        outside.push_str(text);
    }
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

#[derive(Clone, Copy)]
enum Form {
    Statement,
    Output,
}

/// The render blocks of a page in order, which are one program with markup between.
#[derive(Default)]
struct Render {
    parts: Vec<(String, u32, Form)>,
}

impl Render {
    fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn push(&mut self, text: &str, line: u32, form: Form) {
        self.parts.push((text.to_owned(), line, form));
    }

    fn plain(&self) -> String {
        self.parts.iter().map(|(text, _, _)| text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The program, with as many line ends between as keep every line's number.
    fn code(&self, lang: Lang) -> String {
        let mut out = String::new();
        let mut line = 1u32;
        for (text, at, form) in &self.parts {
            while line < *at {
                out.push('\n');
                line += 1;
            }
            let basic = lang.is_basic();
            if !out.ends_with('\n') && !out.is_empty() {
                // A comment ends with its block.
                let mark = if basic { "'" } else { "//" };
                if out.rsplit('\n').next().is_some_and(|last| last.contains(mark)) {
                    out.push('\n');
                    line += 1;
                } else if basic {
                    out.push(':');
                }
            }
            match form {
                Form::Statement => out.push_str(text),
                Form::Output if basic => {
                    out.push_str("Response.Write ");
                    out.push_str(text.trim());
                }
                Form::Output => {
                    out.push_str("Response.Write(");
                    out.push_str(text.trim().trim_end_matches(';'));
                    out.push_str(");");
                }
            }
            line += newlines(text);
        }
        out
    }
}
