//! `report.html`: one self-contained page that works offline and without JavaScript, and prints well.
//!
//! The three readers get the same sections, in their own order, open or folded: an owner reads one calm page,
//! a responder everything, an authority exposure and what is proven.

mod calendar;
mod chart;
mod evidence;
mod exposure;
mod findings;
mod patches;
pub(crate) mod shell;
mod story;

use std::collections::BTreeSet;
use std::io;

use vigie_model::Assessment;

use crate::catalog::text;
use crate::markup::{Page, anchor};
use crate::{Lang, Renderer, Role, Style, escape, tell};

/// The HTML report.
#[derive(Clone, Copy, Debug)]
pub struct Html;

impl Renderer for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn file_name(&self) -> &'static str {
        "report.html"
    }

    fn render(&self, assessment: &Assessment, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let view = View::new(assessment, style);
        let title = format!("{} — {}", tell::verdict(style.lang, assessment.verdict()), view.host());
        let frame = shell::Frame { lang: style.lang, title: &title, tlp: &assessment.tool.tlp };
        let mut page = Page::default();
        shell::document(&frame, &mut page, |page| {
            story::banner(&view, page);
            for (section, fold) in layout(style.role) {
                write_section(&view, *section, *fold, page);
            }
        });
        out.write_all(page.into_string().as_bytes())
    }
}

/// What every section reads.
pub(crate) struct View<'a> {
    pub(crate) assessment: &'a Assessment,
    pub(crate) lang: Lang,
    pub(crate) role: Role,
    /// Findings that the page holds: only to these do links lead.
    known: BTreeSet<&'a str>,
}

impl<'a> View<'a> {
    fn new(assessment: &'a Assessment, style: &Style) -> View<'a> {
        let known =
            assessment.findings.iter().take(findings::FINDINGS_MAX).map(|finding| finding.id.as_str());
        View { assessment, lang: style.lang, role: style.role, known: known.collect() }
    }

    /// A finding's name or title as a link to it.
    pub(crate) fn link(&self, finding: &str, text: &str, page: &mut Page) {
        if self.known.contains(finding) {
            page.leaf("a", &[("href", &format!("#{}", anchor("finding", finding)))], text);
        } else {
            page.leaf("span", &[], text);
        }
    }

    pub(crate) fn t(&self, key: &'static str) -> &'static str {
        text(self.lang, key)
    }

    pub(crate) fn host(&self) -> String {
        let host = escape::name(&self.assessment.host);
        if host.trim().is_empty() { self.t("ui.unnamed").to_owned() } else { host }
    }

    /// Whether parts that hold proofs are open from the start.
    pub(crate) fn opens_proofs(&self) -> bool {
        match self.role {
            Role::Responder => true,
            Role::Owner | Role::Authority => false,
        }
    }
}

/// A part of the report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Why,
    Proven,
    Steps,
    Happened,
    Coverage,
    Next,
    Exposure,
    Patches,
    Who,
    Findings,
    Unread,
    Manifest,
    Rules,
    Annex,
}

/// Whether a part shows at once, or when the reader asks for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    Open,
    /// Folded on the screen; opened for printing.
    Folded,
    /// Folded on the screen and on paper, for it may be thousands of lines.
    Long,
}

const fn layout(role: Role) -> &'static [(Section, Fold)] {
    match role {
        Role::Owner => &[
            (Section::Why, Fold::Open),
            (Section::Steps, Fold::Open),
            (Section::Happened, Fold::Open),
            (Section::Coverage, Fold::Open),
            (Section::Next, Fold::Open),
            (Section::Exposure, Fold::Folded),
            (Section::Patches, Fold::Folded),
            (Section::Who, Fold::Folded),
            (Section::Findings, Fold::Folded),
            (Section::Unread, Fold::Folded),
            (Section::Manifest, Fold::Long),
            (Section::Rules, Fold::Long),
            (Section::Annex, Fold::Folded),
        ],
        Role::Responder => &[
            (Section::Why, Fold::Open),
            (Section::Happened, Fold::Open),
            (Section::Findings, Fold::Open),
            (Section::Who, Fold::Open),
            (Section::Exposure, Fold::Open),
            (Section::Patches, Fold::Open),
            (Section::Coverage, Fold::Open),
            (Section::Next, Fold::Open),
            (Section::Unread, Fold::Open),
            (Section::Steps, Fold::Open),
            (Section::Rules, Fold::Open),
            (Section::Manifest, Fold::Open),
            (Section::Annex, Fold::Open),
        ],
        Role::Authority => &[
            (Section::Proven, Fold::Open),
            (Section::Exposure, Fold::Open),
            (Section::Patches, Fold::Folded),
            (Section::Steps, Fold::Open),
            (Section::Coverage, Fold::Open),
            (Section::Happened, Fold::Open),
            (Section::Findings, Fold::Open),
            (Section::Next, Fold::Open),
            (Section::Who, Fold::Folded),
            (Section::Unread, Fold::Open),
            (Section::Manifest, Fold::Long),
            (Section::Rules, Fold::Long),
            (Section::Annex, Fold::Open),
        ],
    }
}

fn write_section(view: &View<'_>, section: Section, fold: Fold, page: &mut Page) {
    let a = view.assessment;
    let (id, key, shown) = match section {
        Section::Why => ("why", "section.why", !a.verdicts.is_empty()),
        Section::Proven => ("proven", "section.proven", !a.verdicts.is_empty()),
        Section::Steps => ("steps", "section.steps", true),
        Section::Happened => ("happened", "section.happened", true),
        Section::Coverage => ("coverage", "section.coverage", true),
        Section::Next => ("next", "section.next", a.verdicts.iter().any(|one| !one.next_evidence.is_empty())),
        Section::Exposure => ("exposure", "section.exposure", !a.verdicts.is_empty()),
        Section::Patches => ("patches", "section.patches", a.patches.is_some()),
        Section::Who => ("who", "section.who", a.verdicts.iter().any(|one| !one.actors.is_empty())),
        Section::Findings => ("findings", "section.findings", !a.findings.is_empty()),
        Section::Unread => ("unread", "section.unread", !a.diagnostics.is_empty()),
        Section::Manifest => ("manifest", "section.manifest", true),
        Section::Rules => ("rules", "section.rules", !a.rules.is_empty() || !a.not_loaded.is_empty()),
        Section::Annex => ("annex", "section.annex", true),
    };
    if shown {
        framed(view, (id, key), fold, page, |page| write_body(view, section, page));
    }
}

fn write_body(view: &View<'_>, section: Section, page: &mut Page) {
    match section {
        Section::Why | Section::Proven => story::why(view, page),
        Section::Steps => story::steps(view, page),
        Section::Happened => story::happened(view, page),
        Section::Coverage => calendar::coverage(view, page),
        Section::Next => story::next_evidence(view, page),
        Section::Exposure => exposure::exposure(view, page),
        Section::Patches => patches::patched(view, page),
        Section::Who => exposure::actors(view, page),
        Section::Findings => findings::findings(view, page),
        Section::Unread => evidence::diagnostics(view, page),
        Section::Manifest => evidence::manifest(view, page),
        Section::Rules => evidence::rules(view, page),
        Section::Annex => evidence::annex(view, page),
    }
}

fn framed(
    view: &View<'_>,
    (id, key): (&str, &'static str),
    fold: Fold,
    page: &mut Page,
    body: impl FnOnce(&mut Page),
) {
    let heading = format!("{id}-heading");
    page.within(
        "section",
        &[("id", id), ("class", "part"), ("aria-labelledby", &heading)],
        |page| match fold {
            Fold::Open => {
                page.leaf("h2", &[("id", &heading)], view.t(key));
                body(page);
            }
            Fold::Folded | Fold::Long => {
                let print = if fold == Fold::Folded { "open" } else { "as-is" };
                page.within("details", &[("class", "fold"), ("data-print", print)], |page| {
                    page.within("summary", &[], |page| page.leaf("h2", &[("id", &heading)], view.t(key)));
                    page.within("div", &[("class", "inside")], body);
                });
            }
        },
    );
}
