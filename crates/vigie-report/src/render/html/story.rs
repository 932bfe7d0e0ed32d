//! The parts that tell the story: the verdict, why, what to do, what happened, what would help.

use vigie_model::assessment::{PackVerdict, TimelineEntry};
use vigie_model::verdict::Verdict;

use super::{View, chart, shell};
use crate::catalog::fill;
use crate::escape::{clip, shown};
use crate::markup::Page;
use crate::{Role, tell};

/// Rows of the timeline on the page; the other outputs hold them all.
const ROWS_MAX: usize = 500;
/// Findings told in short to an owner.
const SHORT_MAX: usize = 12;

/// The verdict, and what it means, before anything else.
pub(super) fn banner(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let verdict = view.assessment.verdict();
    let class = format!("banner {}", verdict.key());
    page.within("section", &[("class", &class), ("aria-labelledby", "verdict")], |page| {
        page.leaf("p", &[("class", "host")], &view.host());
        page.leaf("h1", &[("id", "verdict")], tell::verdict(lang, verdict));
        page.leaf("p", &[("class", "lead")], &tell::verdict_sentence(lang, verdict, &view.host()));
        if let Some(worst) = view.assessment.worst() {
            page.within("dl", &[("class", "figures")], |page| figures(view, worst, page));
        }
        let role = fill(lang, "ui.role", &[("role", tell::role(lang, view.role))]);
        page.leaf("p", &[("class", "small")], &role);
    });
    if view.assessment.verdicts.len() > 1 || !view.assessment.not_asked.is_empty() {
        campaigns(view, page);
    }
}

fn figures(view: &View<'_>, worst: &PackVerdict, page: &mut Page) {
    let lang = view.lang;
    let figures = worst.coverage;
    let covered = tell::count(lang, figures.days_covered);
    let days = tell::count(lang, figures.days);
    let exposure = &worst.exposure;
    let patched = exposure
        .patched_at
        .map_or_else(|| view.t("ui.not_patched").to_owned(), |time| tell::date(lang, time.day()));
    let rows = [
        ("label.stage", tell::stage(lang, worst.stage).to_owned()),
        ("label.coverage", fill(lang, "ui.days_of", &[("covered", &covered), ("days", &days)])),
        ("label.patched_at", patched),
    ];
    for (label, value) in rows {
        page.within("div", &[], |page| {
            page.leaf("dt", &[], view.t(label));
            page.leaf("dd", &[], &value);
        });
    }
}

fn campaigns(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    page.within("section", &[("class", "part")], |page| {
        page.leaf("h2", &[], view.t("label.one_verdict"));
        page.within("ul", &[("class", "plain")], |page| {
            for verdict in view.assessment.by_rank() {
                page.within("li", &[], |page| {
                    chip(view, verdict.verdict, page);
                    page.text(" ");
                    page.leaf("span", &[], &tell::local(lang, &verdict.title));
                });
            }
        });
        if view.assessment.not_asked.is_empty() {
            return;
        }
        page.within("details", &[("class", "quiet"), ("data-print", "open")], |page| {
            page.leaf("summary", &[], view.t("section.others"));
            page.within("ul", &[("class", "plain")], |page| {
                for pack in &view.assessment.not_asked {
                    page.leaf("li", &[("class", "muted")], &tell::not_asked(lang, pack, shown));
                }
            });
        });
    });
}

/// A verdict as a colored word.
pub(crate) fn chip(view: &View<'_>, verdict: Verdict, page: &mut Page) {
    let class = format!("chip {}", verdict.key());
    page.leaf("span", &[("class", &class)], tell::verdict(view.lang, verdict));
}

/// The campaign's name over its part, where the report tells of several.
pub(super) fn pack_heading(view: &View<'_>, verdict: &PackVerdict, page: &mut Page) {
    if view.assessment.verdicts.len() > 1 {
        page.leaf("h3", &[("class", "pack")], &tell::local(view.lang, &verdict.title));
    }
}

pub(super) fn why(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    for verdict in view.assessment.by_rank() {
        pack_heading(view, verdict, page);
        page.within("ul", &[("class", "reasons")], |page| {
            for reason in &verdict.reasons {
                page.leaf("li", &[], &tell::statement(lang, reason, shown));
            }
        });
        let notes = &verdict.exposure.notes;
        if !notes.is_empty() && view.role != Role::Authority {
            page.within("ul", &[("class", "reasons notes")], |page| {
                for note in notes {
                    page.leaf("li", &[], &tell::statement(lang, note, shown));
                }
            });
        }
        page.within("details", &[("class", "quiet"), ("data-print", "open")], |page| {
            page.within("summary", &[], |page| {
                page.text(view.t("intro.campaign"));
                page.text(" ");
                page.leaf("span", &[("class", "muted")], &tell::local(lang, &verdict.title));
            });
            page.prose("p", &[], &tell::local(lang, &verdict.summary));
        });
    }
}

pub(super) fn steps(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let verdicts = tell::leading(view.assessment);
    if verdicts.iter().all(|verdict| verdict.actions.is_empty()) {
        page.leaf("p", &[], view.t("ui.no_steps"));
        return;
    }
    page.leaf("p", &[("class", "intro")], view.t("intro.steps"));
    let mut told: Vec<&str> = Vec::new();
    page.within("ol", &[("class", "steps")], |page| {
        for step in verdicts.iter().flat_map(|verdict| &verdict.actions) {
            if told.contains(&step.id.as_str()) {
                continue;
            }
            told.push(&step.id);
            page.within("li", &[], |page| {
                page.leaf("h3", &[], &tell::local(lang, &step.title));
                page.prose("p", &[], &tell::local(lang, &step.detail));
            });
        }
    });
}

pub(super) fn next_evidence(view: &View<'_>, page: &mut Page) {
    let mut told: Vec<String> = Vec::new();
    for statement in view.assessment.by_rank().iter().flat_map(|verdict| &verdict.next_evidence) {
        let line = tell::statement(view.lang, statement, shown);
        if !told.contains(&line) {
            told.push(line);
        }
    }
    page.within("ol", &[("class", "next")], |page| {
        for line in &told {
            page.leaf("li", &[], line);
        }
    });
}

pub(super) fn happened(view: &View<'_>, page: &mut Page) {
    let a = view.assessment;
    if a.findings.is_empty() && a.timeline.is_empty() {
        page.leaf("p", &[], view.t("ui.nothing_found"));
        return;
    }
    chart::chart(view, page);
    short_story(view, page);
    match view.role {
        Role::Responder => timeline_table(view, page),
        Role::Owner | Role::Authority => {
            page.within("details", &[("class", "quiet"), ("data-print", "as-is")], |page| {
                page.leaf("summary", &[], &tell::counted(view.lang, "phrase.events", a.timeline_total));
                timeline_table(view, page);
            });
        }
    }
}

/// One line a finding, in order of time, the worst ones if there are many.
fn short_story(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let findings = &view.assessment.findings;
    let chapters = tell::chapters(findings, SHORT_MAX);
    page.within("ol", &[("class", "story")], |page| {
        for chapter in &chapters {
            let finding = chapter.first;
            let class = format!("stage-{}", tell::stage_key(finding.stage));
            page.within("li", &[("class", &class)], |page| {
                let when = finding.time.map_or_else(|| "—".to_owned(), |time| tell::moment(lang, time));
                page.leaf("span", &[("class", "when")], &when);
                view.link(&finding.id, &tell::finding_title(lang, finding), page);
                let events = tell::counted(lang, "phrase.events", chapter.events);
                let gloss = format!("{} ({events})", tell::stage_gloss(lang, finding.stage));
                page.leaf("span", &[("class", "muted")], &gloss);
            });
        }
    });
    let told: u64 = chapters.iter().map(|chapter| chapter.findings).sum();
    if let Some(more) = (findings.len() as u64).checked_sub(told).filter(|more| *more > 0) {
        page.leaf("p", &[("class", "small")], &tell::counted(lang, "ui.more_findings", more));
    }
}

fn timeline_table(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let a = view.assessment;
    let kept = a.timeline.len().min(ROWS_MAX);
    if (kept as u64) < a.timeline_total {
        let (shown, total) = (tell::count(lang, kept as u64), tell::count(lang, a.timeline_total));
        page.leaf(
            "p",
            &[("class", "small")],
            &fill(lang, "ui.timeline_shown", &[("shown", &shown), ("total", &total)]),
        );
    }
    let columns = ["col.time", "col.stage", "col.finding", "col.actor", "col.object", "col.place"];
    shell::table(lang, &columns, page, |page| {
        for entry in a.timeline.iter().take(ROWS_MAX) {
            timeline_row(view, entry, page);
        }
    });
}

fn timeline_row(view: &View<'_>, entry: &TimelineEntry, page: &mut Page) {
    let class = format!("stage-{}", tell::stage_key(entry.stage));
    page.within("tr", &[("class", &class)], |page| {
        page.within("td", &[("class", "time")], |page| page.leaf("time", &[], &entry.time.to_string()));
        page.leaf("td", &[("class", "step")], tell::stage(view.lang, entry.stage));
        page.within("td", &[], |page| view.link(&entry.finding, &entry.finding, page));
        page.leaf("td", &[("class", "code who")], &entry.actor.as_deref().map(shown).unwrap_or_default());
        page.leaf(
            "td",
            &[("class", "code")],
            &clip(&entry.object.as_deref().map(shown).unwrap_or_default(), 200),
        );
        let place = tell::place(view.lang, &entry.place);
        let whole = format!("{}, {place}", entry.path);
        page.leaf(
            "td",
            &[("class", "code small"), ("title", &whole)],
            &format!("{}, {place}", tail(&entry.path)),
        );
    });
}

/// The last two parts of a path: what tells one log from another in a narrow column.
fn tail(path: &str) -> String {
    let parts: Vec<&str> = path.rsplitn(3, ['/', '\\']).collect();
    match parts.as_slice() {
        [name, folder, _] => format!("…/{folder}/{name}"),
        _ => path.to_owned(),
    }
}
