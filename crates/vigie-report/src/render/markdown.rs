//! `report.md`: the assessment for a ticket. Whatever the evidence holds, it is text there: no link, image,
//! mention or HTML of an attacker comes into force.

use std::io;

use vigie_model::Assessment;
use vigie_model::finding::Finding;

use crate::catalog::{fill, text};
use crate::escape::{clip, defang, markdown, markdown_code};
use crate::{Lang, Renderer, Style, intrusions, patches, tell};

/// The assessment as Markdown.
#[derive(Clone, Copy, Debug)]
pub struct Markdown;

/// Findings told; `assessment.json` holds them all.
const FINDINGS_MAX: usize = 50;
/// Proofs named with a finding.
const PROOFS_MAX: usize = 3;
/// Lines of a list of the evidence.
const LINES_MAX: usize = 30;
/// Characters kept of one value.
const VALUE_MAX: usize = 300;

impl Renderer for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn file_name(&self) -> &'static str {
        "report.md"
    }

    fn render(&self, assessment: &Assessment, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let mut note = Note { lang: style.lang, out: String::new() };
        head(assessment, &mut note);
        why(assessment, &mut note);
        steps(assessment, &mut note);
        findings(assessment, &mut note);
        actors(assessment, &mut note);
        coverage(assessment, &mut note);
        patched(assessment, &mut note);
        unread(assessment, &mut note);
        annex(assessment, &mut note);
        out.write_all(note.out.as_bytes())
    }
}

struct Note {
    lang: Lang,
    out: String,
}

impl Note {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn heading(&mut self, key: &'static str) {
        let title = text(self.lang, key);
        self.line(&format!("\n## {title}\n"));
    }

    fn more(&mut self, key: &'static str, total: usize, shown: usize) {
        if let Some(more) = total.checked_sub(shown).filter(|more| *more > 0) {
            let line = tell::counted(self.lang, key, more as u64);
            self.line(&format!("\n{line}"));
        }
    }
}

/// A value of the evidence in running text.
fn value(text: &str) -> String {
    markdown(&defang(&clip(text, VALUE_MAX)))
}

/// A value of the evidence as a code span.
fn code(text: &str) -> String {
    markdown_code(&defang(&clip(text, VALUE_MAX)))
}

fn head(assessment: &Assessment, note: &mut Note) {
    let verdict = assessment.verdict();
    let host = value(&assessment.host);
    note.line(&format!("# {} — {host}\n", tell::verdict(note.lang, verdict)));
    note.line(&format!("**TLP:{}**\n", value(&assessment.tool.tlp).to_uppercase()));
    note.line(&tell::verdict_sentence(note.lang, verdict, &host));
}

fn why(assessment: &Assessment, note: &mut Note) {
    for verdict in assessment.by_rank() {
        note.heading("section.why");
        let title = markdown(&tell::local(note.lang, &verdict.title));
        note.line(&format!("**{title}** — {}\n", tell::verdict(note.lang, verdict.verdict)));
        for reason in verdict.reasons.iter().chain(&verdict.exposure.notes) {
            let line = tell::statement(note.lang, reason, value);
            note.line(&format!("- {line}"));
        }
    }
    if !assessment.not_asked.is_empty() {
        note.heading("section.others");
        for pack in &assessment.not_asked {
            note.line(&format!("- {}", tell::not_asked(note.lang, pack, value)));
        }
    }
}

fn steps(assessment: &Assessment, note: &mut Note) {
    let mut told: Vec<&str> = Vec::new();
    let verdicts = tell::leading(assessment);
    for step in verdicts.iter().flat_map(|verdict| &verdict.actions) {
        if told.contains(&step.id.as_str()) {
            continue;
        }
        if told.is_empty() {
            note.heading("section.steps");
        }
        told.push(&step.id);
        let title = markdown(&tell::local(note.lang, &step.title));
        let detail = markdown(&tell::local(note.lang, &step.detail));
        note.line(&format!("{}. **{title}** {detail}", told.len()));
    }
    let mut next: Vec<String> = Vec::new();
    for statement in assessment.by_rank().into_iter().flat_map(|verdict| &verdict.next_evidence) {
        let line = tell::statement(note.lang, statement, value);
        if !next.contains(&line) {
            next.push(line);
        }
    }
    if !next.is_empty() {
        note.heading("section.next");
    }
    for (number, line) in (1_u64..).zip(&next) {
        note.line(&format!("{number}. {line}"));
    }
}

fn findings(assessment: &Assessment, note: &mut Note) {
    note.heading("section.findings");
    if assessment.findings.is_empty() {
        note.line(text(note.lang, "ui.nothing_found"));
    }
    let told = tell::worst_findings(&assessment.findings, FINDINGS_MAX);
    for finding in &told {
        tell_finding(finding, note);
    }
    note.more("ui.more_findings", assessment.findings.len(), told.len());
}

fn tell_finding(finding: &Finding, note: &mut Note) {
    let lang = note.lang;
    let time = finding.time.map_or_else(|| "—".to_owned(), |time| time.to_string());
    let title = value(&tell::finding_title(lang, finding));
    let stage = tell::stage(lang, finding.stage);
    let events = tell::counted(lang, "phrase.events", finding.events);
    note.line(&format!("- **{}** {time} — {title} ({stage}, {events})", value(&finding.id)));
    for (key, found) in [
        ("label.actor", &finding.actor),
        ("label.object", &finding.object),
        ("label.sha256", &finding.sha256),
    ] {
        if let Some(found) = found {
            note.line(&format!("  - {} {}", text(lang, key), code(found)));
        }
    }
    for proof in finding.proofs.iter().take(PROOFS_MAX) {
        let place = code(&format!("{}, {}", proof.evidence.path, tell::place(lang, &proof.evidence.place)));
        note.line(&format!("  - {place} ({})", code(&proof.rule_id)));
    }
}

fn actors(assessment: &Assessment, note: &mut Note) {
    let lang = note.lang;
    let actors = intrusions::actors(assessment);
    if actors.is_empty() {
        return;
    }
    note.heading("section.who");
    for intrusion in intrusions::worth_telling(assessment).iter().take(LINES_MAX) {
        note.line(&format!("- {}", intrusions::sentence(lang, intrusion, value)));
    }
    for actor in actors.iter().take(LINES_MAX) {
        let events = tell::counted(lang, "phrase.events", actor.events);
        note.line(&format!("- {} — {}, {events}", code(&actor.name), tell::actor(lang, actor.kind)));
    }
    note.more("ui.more_actors", actors.len(), LINES_MAX);
}

fn coverage(assessment: &Assessment, note: &mut Note) {
    let lang = note.lang;
    for verdict in assessment.by_rank() {
        note.heading("section.coverage");
        note.line(&tell::coverage(lang, verdict.coverage));
        note.line("");
        for way in &verdict.ways {
            note.line(&format!("- {} {}", markdown(&tell::local(lang, &way.title)), value(&way.cve)));
            for run in way.runs.iter().take(LINES_MAX) {
                let lacking: Vec<String> =
                    run.lacking.iter().take(4).map(|id| markdown(&tell::stream(lang, id))).collect();
                let span = tell::span(lang, run.from, run.to);
                let state = tell::day_state(lang, run.state).to_owned();
                let state = if lacking.is_empty() {
                    state
                } else {
                    fill(lang, "ui.lacking", &[("state", &state), ("streams", &lacking.join(", "))])
                };
                note.line(&format!("  - {span} — {state}"));
            }
        }
    }
}

fn patched(assessment: &Assessment, note: &mut Note) {
    let said = patches::sentences(note.lang, assessment, value);
    if said.is_empty() {
        return;
    }
    note.heading("section.patches");
    for sentence in said {
        note.line(&format!("- {sentence}"));
    }
}

fn unread(assessment: &Assessment, note: &mut Note) {
    let lang = note.lang;
    let damage: Vec<_> = assessment.diagnostics.iter().filter(|item| item.code.is_told_first()).collect();
    if damage.is_empty() && assessment.not_loaded.is_empty() {
        return;
    }
    note.heading("section.unread");
    for item in damage.iter().take(LINES_MAX) {
        let bytes = tell::size(lang, item.bytes);
        note.line(&format!(
            "- {} — {} ({}, {bytes})",
            code(&item.path),
            tell::code_title(lang, item.code),
            item.code.id()
        ));
    }
    note.more("ui.more_files", damage.len(), LINES_MAX);
    for item in assessment.not_loaded.iter().take(LINES_MAX) {
        note.line(&format!(
            "- {} — {}: {}",
            code(&item.source),
            text(lang, "ui.not_loaded"),
            value(&item.reason)
        ));
    }
}

fn annex(assessment: &Assessment, note: &mut Note) {
    let lang = note.lang;
    note.heading("section.annex");
    let tool = &assessment.tool;
    note.line(&format!("- {}: {} {}", text(lang, "label.tool"), value(&tool.name), value(&tool.version)));
    note.line(&format!("- {}: {}", text(lang, "label.command"), code(&tool.command)));
    for pack in assessment.packs.iter().take(LINES_MAX) {
        let line = format!("{} {} SHA-256 {}", pack.id, pack.version, pack.sha256);
        note.line(&format!("- {}: {}", text(lang, "col.pack"), code(&line)));
    }
    let files = tell::counted(lang, "phrase.files", assessment.manifest.len() as u64);
    note.line(&format!("- {files}. {}", text(lang, "ui.utc")));
}
