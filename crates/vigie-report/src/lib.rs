//! How do I tell it? Renderers of an [`Assessment`] in two languages and for three readers.
//!
//! Everything here reads the assessment and nothing else. What the evidence says was written by attackers:
//! every renderer escapes it for its own medium, see [`escape`].

pub mod catalog;
pub mod directive;
pub mod escape;
mod intrusions;
mod markup;
mod patches;
pub mod render;
pub mod summary;
mod tell;
pub mod timeline;

use std::io;

use vigie_model::Assessment;

pub use summary::{Summary, summarize};

/// The JSON Schema (2020-12) of `assessment.json`.
pub const ASSESSMENT_SCHEMA: &str = include_str!("../schema/assessment.schema.json");

/// The JSON Schema (2020-12) of what `vigie directive status --format json` writes.
pub const DIRECTIVE_SCHEMA: &str = include_str!("../schema/directive-status.schema.json");

/// Every output, by the name that `--format` takes. To add one, write `render/<name>.rs` and a line here.
pub static RENDERERS: &[&dyn Renderer] = &[
    &render::text::Text,
    &render::json::Json,
    &render::html::Html,
    &render::csv::Csv,
    &render::markdown::Markdown,
];

/// Writes an assessment in one format.
pub trait Renderer: Sync {
    /// What `--format` calls it.
    fn name(&self) -> &'static str;
    /// The file it is written to in the output folder.
    fn file_name(&self) -> &'static str;
    /// Writes it. Fails only when `out` does.
    fn render(&self, assessment: &Assessment, style: &Style, out: &mut dyn io::Write) -> io::Result<()>;
}

/// The renderer of this name.
pub fn renderer(name: &str) -> Option<&'static dyn Renderer> {
    RENDERERS.iter().copied().find(|renderer| renderer.name() == name)
}

/// One statement as a sentence, for a terminal.
pub fn say(lang: Lang, statement: &vigie_model::finding::Statement) -> String {
    tell::statement(lang, statement, escape::shown)
}

/// How to tell it, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The language.
    pub lang: Lang,
    /// The reader.
    pub role: Role,
    /// Whether a terminal's colors may be used; only the text renderer has any.
    pub color: Color,
    /// Columns of the terminal; the text renderer keeps within 40 to 120.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Style {
        Style { lang: Lang::En, role: Role::Owner, color: Color::Never, width: 80 }
    }
}

/// The languages reports are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Lang {
    /// Every language.
    pub const ALL: &'static [Lang] = &[Lang::En, Lang::Fr];

    /// Its code in `--lang`, in catalogues and in HTML.
    pub const fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Fr => "fr",
        }
    }

    /// The language with this code.
    pub fn from_code(code: &str) -> Option<Lang> {
        Lang::ALL.iter().copied().find(|lang| lang.code() == code)
    }
}

/// Who reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the server, or pays for it: what now?
    #[default]
    Owner,
    /// Works on the incident: what happened, and where is the proof?
    Responder,
    /// Ordered measures: were they taken, and what is proven?
    Authority,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Role] = &[Role::Owner, Role::Responder, Role::Authority];

    /// Its word in `--role`.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Responder => "responder",
            Role::Authority => "authority",
        }
    }

    /// The role with this word.
    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.iter().copied().find(|role| role.word() == word)
    }
}

/// Whether to write a terminal's color sequences. The caller knows of `NO_COLOR` and of pipes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// Plain text.
    #[default]
    Never,
    /// ANSI colors.
    Always,
}
