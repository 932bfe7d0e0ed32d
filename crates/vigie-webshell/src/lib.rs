//! What would this page do?
//!
//! Takes the bytes of a file and its name, and says what an ASP.NET or classic ASP page does with what a client sends: the
//! page is read as code, and input is followed to execution. No rules, names or hashes of known samples.
//!
//! ```
//! use vigie_webshell::{Verdict, analyze};
//! let page = b"<%@ Page Language=\"C#\" %><% Response.Write(Server.HtmlEncode(Request[\"q\"])); %>";
//! assert_eq!(analyze("search.aspx", page).verdict, Verdict::NotSeen);
//! ```

#![allow(
    clippy::unused_self,
    reason = "what the evaluator does with a value reads alike, whether or not it needs its state"
)]
#![allow(clippy::match_same_arms, reason = "tables of calls are grouped by what they do")]

pub mod baseline;
mod codec;
mod config;
mod evidence;
mod lex;
mod limits;
pub mod lineage;
mod page;
mod parse;
mod run;
mod score;
mod scramble;
mod tell;
mod text;
mod tree;
mod value;

pub use evidence::{CLASSES, Class, Finding, Tongue};
pub use limits::MAX_BYTES;
pub use page::PageKind;
pub use score::{Calibration, calibration};
pub use scramble::encode_script;
pub use tree::Lang;

/// The word for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing was seen.
    NotSeen,
    /// Something that an honest page has no use for, short of a proof.
    Suspicious,
    /// Input reaches execution, or its equal.
    WebShell,
}

impl Verdict {
    /// A stable word for machines and people.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::NotSeen => "not seen",
            Verdict::Suspicious => "suspicious",
            Verdict::WebShell => "web shell",
        }
    }
}

/// What the file is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// Nothing.
    None,
    /// The properties of a virtual directory, as resetting one writes them.
    VirtualDirectory,
    /// A mail store.
    MailStore,
    /// A request for a certificate.
    CertificateRequest,
}

impl Container {
    /// A stable word.
    pub fn word(self) -> &'static str {
        match self {
            Container::None => "none",
            Container::VirtualDirectory => "virtual-directory",
            Container::MailStore => "mail-store",
            Container::CertificateRequest => "certificate-request",
        }
    }
}

/// What a page does.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The word.
    pub verdict: Verdict,
    /// How sure it is that this is a web shell, 0 to 1: the measured precision of its best class of evidence.
    pub score: f64,
    /// What was seen, the most important first.
    pub findings: Vec<Finding>,
    /// What kind of file a server would take it for.
    pub kind: PageKind,
    /// What it is wrapped in.
    pub container: Container,
    /// The encoding of its text.
    pub encoding: &'static str,
    /// The languages of its code.
    pub languages: Vec<Lang>,
    /// Code that it uses and that is elsewhere: code behind, includes. Hostile text.
    pub elsewhere: Vec<String>,
    /// What could not be analyzed, in words.
    pub not_analyzed: Vec<&'static str>,
    /// Its structure, for comparing.
    pub sketch: lineage::Sketch,
}

/// Whether a file is worth analyzing by its name and its first bytes: an image or a script for browsers is not.
pub fn may_be_page(name: &str, head: &[u8]) -> bool {
    let ext = page::extension(name);
    let known = [
        "aspx", "ashx", "asmx", "asax", "ascx", "cshtml", "vbhtml", "asp", "asa", "cer", "cdx", "config",
        "svc", "master", "soap", "rem", "razor", "inc",
    ];
    if known.contains(&ext.as_str()) {
        return true;
    }
    if head.starts_with(b"!BDN") || head.starts_with(b"MZ") || head.starts_with(b"PK") {
        return head.starts_with(b"!BDN");
    }
    // Pictures and programs hold any two bytes somewhere; text has next to no control characters, wide text but zeros.
    let control =
        head.iter().filter(|byte| **byte < 32 && !matches!(**byte, 0 | b'\t' | b'\n' | b'\r' | 12)).count();
    if control * 50 > head.len() && !head.starts_with(&[0x30, 0x82]) {
        return false;
    }
    let text: String = head.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    text.contains("<%")
        || page::contains_ignore_case(&text, "runat=")
        || page::contains_ignore_case(&text, "runat =")
}

/// Says what a page would do. Any bytes will do; it ends within bounds and never panics.
pub fn analyze(name: &str, bytes: &[u8]) -> Analysis {
    let mut not_analyzed = Vec::new();
    let bytes = match bytes.get(..MAX_BYTES) {
        Some(front) => {
            not_analyzed.push("the rest of a large file");
            front
        }
        None => bytes,
    };
    let container = container(bytes);
    let (text, encoding) = text::decode(bytes);
    let mut out = analyze_text(name, &text, encoding, 0);
    if container == Container::MailStore && out.verdict == Verdict::NotSeen {
        // What a reader of the mail store sees; a server runs the bytes as they are.
        let (inner, encoding) = text::decode(&scramble::unpermute(bytes));
        let hidden = analyze_text(name, &inner, encoding, 0);
        if hidden.verdict > out.verdict {
            out = hidden;
            out.verdict = Verdict::Suspicious;
        }
    }
    out.container = if container == Container::None { text_container(&text) } else { container };
    out.not_analyzed.extend(not_analyzed);
    out
}

fn container(bytes: &[u8]) -> Container {
    if bytes.starts_with(b"!BDN") {
        Container::MailStore
    } else if bytes.starts_with(&[0x30, 0x82]) || bytes.starts_with(b"-----BEGIN") {
        Container::CertificateRequest
    } else {
        Container::None
    }
}

/// The properties that every dump of a virtual directory holds.
fn text_container(text: &str) -> Container {
    let holds = |word| page::contains_ignore_case(text, word);
    if (holds("externalurl") || holds("internalurl"))
        && holds("internalauthenticationmethods")
        && holds("extendedprotectiontokenchecking")
    {
        Container::VirtualDirectory
    } else {
        Container::None
    }
}

fn analyze_text(name: &str, text: &str, encoding: &'static str, depth: usize) -> Analysis {
    let decoded = scramble::decode_scripts(text);
    let text = decoded.as_deref().unwrap_or(text);
    let page = page::split(text, name);
    let first = follow(page, text, encoding, depth);
    if first.1 && first.0.verdict == Verdict::NotSeen {
        // The page does not say its language, and the guess found nothing: the other kind is tried.
        let second = follow(page::other_language(page::split(text, name)), text, encoding, depth);
        if second.0.verdict > Verdict::NotSeen {
            return second.0;
        }
    }
    first.0
}

fn follow(page: page::Page, text: &str, encoding: &'static str, depth: usize) -> (Analysis, bool) {
    let guessed = page.guessed;
    let mut run = run::Run::new(page.kind);
    run.start_depth(depth);
    run.page(&page);
    if let Some(picture) = page.elsewhere.iter().find(|file| is_picture(file)) {
        run.findings.add(Class::MapsHandler, 1, None, Some(picture));
    }
    if page.kind == PageKind::Config {
        config::look(text, !page.pieces.is_empty(), &mut run.findings);
    }
    let mut languages: Vec<Lang> = page.pieces.iter().map(|piece| piece.lang).collect();
    languages.dedup();
    let mut not_analyzed = Vec::new();
    if run.facts.cut {
        not_analyzed.push("code that is too long, too deep or too slow to follow");
    }
    let mut findings = std::mem::take(&mut run.findings.all);
    let rank = |class: Class| CLASSES.iter().position(|found| *found == class).unwrap_or(usize::MAX);
    findings.sort_by_key(|found| (rank(found.class), found.line));
    let (verdict, score) = score::judge(&findings);
    let sketch = lineage::sketch(&page, &run.facts.inputs, &findings);
    let elsewhere = page.elsewhere;
    let kind = page.kind;
    (
        Analysis {
            verdict,
            score,
            findings,
            kind,
            container: Container::None,
            encoding,
            languages,
            elsewhere,
            not_analyzed,
            sketch,
        },
        guessed,
    )
}

/// Whether a file that a page takes code from is no code by its name.
fn is_picture(file: &str) -> bool {
    ["jpg", "jpeg", "gif", "png", "bmp", "ico"].contains(&page::extension(file).as_str())
}

/// Whether a text that a page writes is a web shell itself.
pub(crate) fn is_shell(text: &str, name: &str, depth: usize) -> bool {
    analyze_text(name, text, "utf-8", depth).verdict == Verdict::WebShell
}
