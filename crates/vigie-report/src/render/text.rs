//! The terminal summary: the verdict first, then why, what happened, who, what to do now and what is not known.
//!
//! It is read by the owner of the server at the worst moment: one thought a line, no jargon without a gloss,
//! nothing an attacker wrote can move the cursor, color the text or be clicked.

use std::io;

use vigie_model::Assessment;
use vigie_model::assessment::PackVerdict;
use vigie_model::coverage::{CoverageRun, DayState, WayCoverage};
use vigie_model::rule::Stage;
use vigie_model::verdict::Verdict;

use crate::catalog::{fill, text};
use crate::escape::{self, clip, shown};
use crate::{Color, Lang, Renderer, Role, Style, intrusions, patches, tell};

/// The terminal summary.
#[derive(Clone, Copy, Debug)]
pub struct Text;

/// Findings told in "what happened"; the report holds the others.
const FINDINGS_MAX: usize = 10;
/// Actors told by name.
const ACTORS_MAX: usize = 6;
/// Damaged or unread files told by name.
const FILES_MAX: usize = 6;
/// Ways in told one by one.
const WAYS_MAX: usize = 12;
/// Runs of a way told as dates; more are drawn as a strip a month.
const RUNS_MAX: usize = 4;
/// Characters kept of a value that only illustrates a line.
const BRIEF_MAX: usize = 54;
/// Characters kept of a value of the evidence.
const VALUE_MAX: usize = 96;

impl Renderer for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn file_name(&self) -> &'static str {
        "summary.txt"
    }

    fn render(&self, assessment: &Assessment, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let mut screen = Screen { style, out: String::new() };
        header(assessment, &mut screen);
        let verdicts = assessment.by_rank();
        let leading = tell::leading(assessment);
        for verdict in leading.iter().take(TOLD_IN_FULL_MAX) {
            if verdicts.len() > 1 {
                campaign(verdict, &mut screen);
            }
            why(verdict, &mut screen);
        }
        happened(assessment, &mut screen);
        who(assessment, &mut screen);
        steps(&leading, &mut screen);
        coverage(&leading[..leading.len().min(TOLD_IN_FULL_MAX)], &mut screen);
        patched(assessment, &mut screen);
        others(&verdicts[leading.len().min(TOLD_IN_FULL_MAX)..], assessment, &mut screen);
        unread(assessment, &mut screen);
        next_evidence(&verdicts, &mut screen);
        footer(assessment, &mut screen);
        out.write_all(screen.out.as_bytes())
    }
}

/// Campaigns told with their reasons on the screen; the page tells of all.
const TOLD_IN_FULL_MAX: usize = 3;

/// What the lines are written to, wrapped and colored.
struct Screen<'a> {
    style: &'a Style,
    out: String,
}

/// What a piece of text is, for its color.
#[derive(Clone, Copy)]
enum Paint {
    Bad,
    Warn,
    Good,
    Strong,
    Faint,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Paint::Bad => "\u{1b}[1;31m",
            Paint::Warn => "\u{1b}[1;33m",
            Paint::Good => "\u{1b}[1;32m",
            Paint::Strong => "\u{1b}[1m",
            Paint::Faint => "\u{1b}[2m",
        }
    }
}

impl Screen<'_> {
    fn lang(&self) -> Lang {
        self.style.lang
    }

    fn width(&self) -> usize {
        self.style.width.clamp(40, 120)
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        match self.style.color {
            Color::Always => format!("{}{text}\u{1b}[0m", paint.code()),
            Color::Never => text.to_owned(),
        }
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }

    fn heading(&mut self, key: &'static str) {
        let title = text(self.lang(), key).to_uppercase();
        self.out.push('\n');
        self.painted_paragraph("", &title, Some(Paint::Strong));
    }

    /// A paragraph, wrapped, its first line after `lead` and the others indented as far.
    fn paragraph(&mut self, lead: &str, body: &str) {
        self.painted_paragraph(lead, body, None);
    }

    fn painted_paragraph(&mut self, lead: &str, body: &str, paint: Option<Paint>) {
        let indent = lead.chars().count();
        let room = self.width().saturating_sub(indent).max(16);
        for (index, line) in wrap(body, room).iter().enumerate() {
            if index == 0 {
                self.out.push_str(lead);
            } else {
                self.out.extend(std::iter::repeat_n(' ', indent));
            }
            let line = paint.map_or_else(|| line.clone(), |paint| self.paint(paint, line));
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }
}

/// Lines of at most `room` characters, broken at blanks; a longer word is cut. Never empty.
pub(crate) fn wrap(body: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in body.split_ascii_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + rest.len() > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while rest.len() > room {
            let tail = rest.split_off(room);
            lines.push(rest.iter().collect());
            rest = tail;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        used += rest.len();
        line.extend(rest);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

fn value(text: &str) -> String {
    shown(&clip(text, VALUE_MAX))
}

const fn verdict_paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Compromised | Verdict::PresumedCompromised => Paint::Bad,
        Verdict::InsufficientEvidence | Verdict::Attempted => Paint::Warn,
        Verdict::NoEvidence | Verdict::NotExposed => Paint::Good,
    }
}

fn header(assessment: &Assessment, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let verdict = assessment.verdict();
    let host = escape::name(&clip(&assessment.host, VALUE_MAX));
    let marking = clip(&format!("TLP:{}", value(&assessment.tool.tlp).to_uppercase()), 18);
    let word = tell::verdict(lang, verdict).to_uppercase();
    let title = clip(&host, screen.width().saturating_sub(marking.chars().count() + 3));
    let room = screen.width().saturating_sub(title.chars().count() + marking.chars().count());
    let line = format!("{}{}{}", screen.paint(Paint::Strong, &title), " ".repeat(room), marking);
    screen.out.push_str(&line);
    screen.out.push_str("\n\n");
    screen.painted_paragraph("  ", &word, Some(verdict_paint(verdict)));
    let sentence = tell::verdict_sentence(lang, verdict, &host);
    screen.paragraph("  ", &sentence);
    if let [only] = assessment.verdicts.as_slice() {
        screen.blank();
        let title =
            format!("{} {}", text(lang, "ui.campaign"), escape::visible(&tell::local(lang, &only.title)));
        screen.painted_paragraph("  ", &title, Some(Paint::Faint));
    }
}

fn campaign(verdict: &PackVerdict, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let line = format!(
        "{} — {}",
        escape::visible(&tell::local(lang, &verdict.title)),
        tell::verdict(lang, verdict.verdict)
    );
    screen.blank();
    screen.painted_paragraph("", &line, Some(verdict_paint(verdict.verdict)));
}

/// Whether it is patched, in a few sentences; nothing where no build was seen.
fn patched(assessment: &Assessment, screen: &mut Screen<'_>) {
    let said = patches::sentences(screen.lang(), assessment, value);
    if said.is_empty() {
        return;
    }
    screen.heading("section.patches");
    for sentence in said {
        screen.paragraph("  - ", &sentence);
    }
}

/// The other campaigns in a line each, and those that were not asked.
fn others(verdicts: &[&PackVerdict], assessment: &Assessment, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    if verdicts.is_empty() && assessment.not_asked.is_empty() {
        return;
    }
    screen.heading("section.others");
    for verdict in verdicts {
        let title = escape::visible(&tell::local(lang, &verdict.title));
        screen.paragraph("  - ", &format!("{title}: {}", tell::verdict(lang, verdict.verdict)));
    }
    if !assessment.not_asked.is_empty() {
        let titles: Vec<String> =
            assessment.not_asked.iter().map(|pack| value(&tell::local(lang, &pack.title))).collect();
        let line = fill(lang, "ui.not_asked", &[("titles", &titles.join(" · "))]);
        screen.painted_paragraph("  ", &line, Some(Paint::Faint));
    }
}

fn why(verdict: &PackVerdict, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    screen.heading("section.why");
    if verdict.reasons.is_empty() {
        screen.paragraph("  - ", text(lang, "ui.no_reason"));
    }
    for reason in verdict.reasons.iter().chain(&verdict.exposure.notes) {
        screen.paragraph("  - ", &tell::statement(lang, reason, value));
    }
}

fn happened(assessment: &Assessment, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    screen.heading("section.happened");
    if assessment.findings.is_empty() {
        screen.paragraph("  ", text(lang, "ui.nothing_found"));
        return;
    }
    let chapters = tell::chapters(&assessment.findings, FINDINGS_MAX);
    for chapter in &chapters {
        tell_chapter(chapter, screen);
    }
    let told: u64 = chapters.iter().map(|chapter| chapter.findings).sum();
    if let Some(more) = (assessment.findings.len() as u64).checked_sub(told).filter(|more| *more > 0) {
        screen.paragraph("  ", &tell::counted(lang, "ui.more_findings", more));
    }
    if let (Some(first), Some(last)) = (assessment.timeline.first(), assessment.timeline.last()) {
        let events = tell::counted(lang, "phrase.events", assessment.timeline_total);
        let values = [
            ("events", events.as_str()),
            ("from", &tell::stamp(first.time)),
            ("to", &tell::stamp(last.time)),
        ];
        screen.painted_paragraph("  ", &fill(lang, "ui.timeline_span", &values), Some(Paint::Faint));
    }
}

fn tell_chapter(chapter: &tell::Chapter<'_>, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let finding = chapter.first;
    let time = finding.time.map_or_else(|| " ".repeat(19), tell::stamp);
    let stage = tell::stage(lang, finding.stage);
    let title = value(&tell::finding_title(lang, finding));
    let events = tell::counted(lang, "phrase.events", chapter.events);
    let id = value(&finding.id);
    let id = match chapter.findings {
        1 => id,
        more => fill(lang, "ui.and_similar", &[("finding", &id), ("n", &tell::count(lang, more - 1))]),
    };
    screen.paragraph(&format!("  {time}  "), &format!("{title} [{stage}; {id}; {events}]"));
    let brief = |text: &str| shown(&clip(text, BRIEF_MAX));
    let who = finding.actor.as_deref().map(brief);
    let what = finding.object.as_deref().map(brief);
    let line = [who, what].into_iter().flatten().collect::<Vec<_>>().join(" → ");
    if !line.is_empty() {
        screen.painted_paragraph(&" ".repeat(23), &line, Some(Paint::Faint));
    }
}

fn who(assessment: &Assessment, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let actors = intrusions::actors(assessment);
    if actors.is_empty() {
        return;
    }
    screen.heading("section.who");
    let intrusions = intrusions::worth_telling(assessment);
    if !intrusions.is_empty() {
        screen.paragraph("  ", &intrusions::heading(lang, intrusions));
        for intrusion in intrusions.iter().take(ACTORS_MAX) {
            screen.paragraph("  - ", &intrusions::sentence(lang, intrusion, value));
        }
        screen.blank();
    }
    for actor in actors.iter().take(ACTORS_MAX) {
        let events = tell::counted(lang, "phrase.events", actor.events);
        let mut line = format!("{} — {}, {events}", value(&actor.name), tell::actor(lang, actor.kind));
        if let (Some(first), Some(last)) = (actor.first, actor.last) {
            let span = tell::span(lang, first.day(), last.day());
            line = format!("{line}, {span}");
        }
        screen.paragraph("  - ", &line);
    }
    if let Some(more) = actors.len().checked_sub(ACTORS_MAX).filter(|more| *more > 0) {
        screen.paragraph("  ", &tell::counted(lang, "ui.more_actors", more as u64));
    }
}

fn steps(verdicts: &[&PackVerdict], screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let mut told: Vec<&str> = Vec::new();
    screen.heading("section.steps");
    for step in verdicts.iter().flat_map(|verdict| &verdict.actions) {
        if told.contains(&step.id.as_str()) {
            continue;
        }
        told.push(&step.id);
        let lead = format!("{:>3}. ", told.len());
        screen.painted_paragraph(
            &lead,
            &escape::visible(&tell::local(lang, &step.title)),
            Some(Paint::Strong),
        );
        screen.paragraph("     ", &escape::visible(&tell::local(lang, &step.detail)));
    }
    if told.is_empty() {
        screen.paragraph("  ", text(lang, "ui.no_steps"));
    }
}

fn coverage(verdicts: &[&PackVerdict], screen: &mut Screen<'_>) {
    let lang = screen.lang();
    screen.heading("section.coverage");
    // What asks for no days says nothing of days, unless nothing else does either.
    let asks = |verdict: &&PackVerdict| verdict.coverage.days > 0;
    let any = verdicts.iter().any(asks);
    for verdict in verdicts.iter().filter(|verdict| !any || asks(verdict)) {
        let figures = verdict.coverage;
        screen.paragraph("  ", &tell::coverage(lang, figures));
        if figures.complete {
            continue;
        }
        for way in verdict.ways.iter().filter(|way| !way.runs.is_empty()).take(WAYS_MAX) {
            tell_way(way, screen);
        }
    }
}

fn tell_way(way: &WayCoverage, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let mut title = escape::visible(&tell::local(lang, &way.title));
    if !way.cve.is_empty() {
        title = format!("{title} ({})", value(&way.cve));
    }
    screen.painted_paragraph("  ", &title, Some(Paint::Strong));
    if way.runs.len() <= RUNS_MAX {
        for run in &way.runs {
            let state = tell::day_state(lang, run.state).to_owned();
            let state = if run.lacking.is_empty() {
                state
            } else {
                fill(lang, "ui.lacking", &[("state", &state), ("streams", &streams(lang, run))])
            };
            let span = tell::span(lang, run.from, run.to);
            screen.paragraph("    ", &format!("{} {span} — {state}", mark(run.state)));
        }
    } else {
        strips(way, screen);
    }
    if let (Some(blind), Role::Responder) = (&way.blind, screen.style.role) {
        let blind = escape::visible(&tell::local(lang, blind));
        screen.painted_paragraph("    ", &fill(lang, "ui.blind", &[("what", &blind)]), Some(Paint::Faint));
    }
}

fn streams(lang: Lang, run: &CoverageRun) -> String {
    let names: Vec<String> =
        run.lacking.iter().take(4).map(|id| clip(&tell::stream(lang, id), VALUE_MAX)).collect();
    let more = if run.lacking.len() > 4 { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// One line a month, one character a day.
fn strips(way: &WayCoverage, screen: &mut Screen<'_>) {
    let runs = tell::combined_runs(std::slice::from_ref(way));
    let mut month = String::new();
    let mut line = String::new();
    for run in &runs {
        for day in run.from.through(run.to) {
            let date = day.to_string();
            let of = date.get(..7).unwrap_or("");
            if of != month {
                if !line.is_empty() {
                    screen.paragraph("    ", &line);
                }
                of.clone_into(&mut month);
                let skipped = usize::try_from(day.civil().2.saturating_sub(1)).unwrap_or(0);
                line = format!("{month}\u{a0}{}", "\u{a0}".repeat(skipped));
            }
            line.push(mark(run.state));
        }
    }
    if !line.is_empty() {
        screen.paragraph("    ", &line);
    }
    let lang = screen.lang();
    let mut states: Vec<DayState> = runs.iter().map(|run| run.state).collect();
    states.sort_unstable();
    states.dedup();
    let legend: Vec<String> = states
        .iter()
        .map(|state| format!("{}\u{a0}{}", mark(*state), tell::day_state(lang, *state)))
        .collect();
    screen.painted_paragraph("    ", &legend.join("   "), Some(Paint::Faint));
}

/// A day's state as one character that reads without color.
const fn mark(state: DayState) -> char {
    match state {
        DayState::Covered => '■',
        DayState::Partial => '◧',
        DayState::Damaged => 'x',
        DayState::Gap => '○',
        DayState::Before => '<',
        DayState::After => '>',
        DayState::Absent => '-',
    }
}

fn unread(assessment: &Assessment, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let mut lines: Vec<String> = assessment
        .not_loaded
        .iter()
        .map(|item| {
            format!("{} — {}: {}", value(&item.source), text(lang, "ui.not_loaded"), value(&item.reason))
        })
        .collect();
    lines.extend(assessment.diagnostics.iter().filter(|item| item.code.is_told_first()).map(|item| {
        let bytes = tell::size(lang, item.bytes);
        format!("{} — {} ({}, {bytes})", value(&item.path), tell::code_title(lang, item.code), item.code.id())
    }));
    if lines.is_empty() {
        return;
    }
    screen.heading("section.unread");
    for line in lines.iter().take(FILES_MAX) {
        screen.paragraph("  - ", line);
    }
    if let Some(more) = lines.len().checked_sub(FILES_MAX).filter(|more| *more > 0) {
        screen.paragraph("  ", &tell::counted(lang, "ui.more_files", more as u64));
    }
}

fn next_evidence(verdicts: &[&PackVerdict], screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let mut told: Vec<String> = Vec::new();
    for statement in verdicts.iter().flat_map(|verdict| &verdict.next_evidence) {
        let line = tell::statement(lang, statement, value);
        if !told.contains(&line) {
            told.push(line);
        }
    }
    if told.is_empty() {
        return;
    }
    screen.heading("section.next");
    for (index, line) in told.iter().enumerate() {
        screen.paragraph(&format!("{:>3}. ", index + 1), line);
    }
}

fn footer(assessment: &Assessment, screen: &mut Screen<'_>) {
    let lang = screen.lang();
    let files = assessment.manifest.len() as u64;
    let read = assessment.manifest.iter().filter(|entry| entry.artifact.is_some()).count() as u64;
    let highest = assessment.worst().map_or(Stage::NoTrace, |verdict| verdict.stage);
    let packs: Vec<String> =
        assessment.packs.iter().map(|pack| format!("{} {}", value(&pack.id), pack.version)).collect();
    let values = [
        ("files", tell::counted(lang, "phrase.files", files)),
        ("read", tell::count(lang, read)),
        ("stage", tell::stage(lang, highest).to_owned()),
        ("packs", if packs.is_empty() { "-".to_owned() } else { packs.join(", ") }),
        ("tool", format!("{} {}", value(&assessment.tool.name), value(&assessment.tool.version))),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    screen.blank();
    screen.painted_paragraph("", &fill(lang, "ui.footer", &values), Some(Paint::Faint));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_keeps_every_character_and_the_width() {
        let body = "one two three supercalifragilistic four";
        let lines = wrap(body, 10);
        assert!(lines.iter().all(|line| line.chars().count() <= 10), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), body.replace(' ', ""));
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn a_no_break_space_does_not_break() {
        assert_eq!(wrap("aaaa bb\u{a0}cc", 7), ["aaaa", "bb\u{a0}cc"]);
    }
}
