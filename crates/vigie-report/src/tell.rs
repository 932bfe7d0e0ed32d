//! Phrases that all renderers share: words of closed sets, dates and numbers, statements, streams of evidence.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use vigie_model::assessment::{ActorKind, Assessment, NotAsked, PackVerdict};
use vigie_model::coverage::{CoverageRun, CoverageSummary, DayState, WayCoverage};
use vigie_model::diagnostic::Code;
use vigie_model::exposure::{ExposureState, Reachable};
use vigie_model::finding::{Finding, Statement};
use vigie_model::pack::Text;
use vigie_model::rule::{Confidence, Level, Stage};
use vigie_model::time::{Day, Time};
use vigie_model::verdict::Verdict;

use crate::catalog::{self, Value};
use crate::{Lang, Role, escape};

/// A text of a pack in the reader's language, or in the other one where it has none.
pub(crate) fn local(lang: Lang, text: &Text) -> String {
    let (first, second) = match lang {
        Lang::En => (&text.en, &text.fr),
        Lang::Fr => (&text.fr, &text.en),
    };
    typeset(lang, &escape::flow(if first.trim().is_empty() { second } else { first }))
}

/// Packs are typed on ordinary keyboards: French marks get the no-break spaces and the apostrophe they want, so
/// that no line begins with a colon.
fn typeset(lang: Lang, text: &str) -> String {
    match lang {
        Lang::En => text.to_owned(),
        Lang::Fr => {
            let mut set = text.replace("« ", "«\u{a0}");
            for mark in [':', ';', '?', '!', '»', '%'] {
                set = set.replace(&format!(" {mark}"), &format!("\u{a0}{mark}"));
            }
            curl(&set)
        }
    }
}

/// An apostrophe between letters, `l'outil`, becomes a curly one; quotes around code stay as they are.
fn curl(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        let between = before.is_alphabetic() && rest.peek().is_some_and(|next| next.is_alphabetic());
        out.push(if char == '\'' && between { '’' } else { char });
        before = char;
    }
    out
}

/// A finding's title in the reader's language.
pub(crate) fn finding_title(lang: Lang, finding: &Finding) -> String {
    let localized = finding.localized.get(lang.code()).map(|text| text.title.as_str());
    let title = localized.filter(|title| !title.trim().is_empty());
    // Without a translation the English stands, with English typography.
    let lang = if title.is_some() { lang } else { Lang::En };
    escape::name(&typeset(lang, &escape::flow(title.unwrap_or(&finding.title))))
}

/// A finding's description in the reader's language.
pub(crate) fn finding_description(lang: Lang, finding: &Finding) -> String {
    let localized = finding.localized.get(lang.code()).map(|text| text.description.as_str());
    let description = localized.filter(|text| !text.trim().is_empty());
    let lang = if description.is_some() { lang } else { Lang::En };
    escape::name(&typeset(lang, &escape::flow(description.unwrap_or(&finding.description))))
}

/// A member of a closed set, from the catalogue; `fallback` only if an edit lost the key.
pub(crate) fn word(lang: Lang, key: &str, fallback: &'static str) -> &'static str {
    catalog::find(lang, key).unwrap_or(fallback)
}

pub(crate) fn verdict(lang: Lang, verdict: Verdict) -> &'static str {
    word(lang, &format!("verdict.{}.word", verdict.key()), verdict.word())
}

/// What the verdict means for this host, in plain sentences.
pub(crate) fn verdict_sentence(lang: Lang, verdict: Verdict, host: &str) -> String {
    let template = word(lang, &format!("verdict.{}.sentence", verdict.key()), verdict.word());
    catalog::fill_template(lang, template, &|name| (name == "host").then(|| Value::plain(host)))
}

pub(crate) const fn stage_key(stage: Stage) -> &'static str {
    match stage {
        Stage::NoTrace => "no_trace",
        Stage::Attempted => "attempted",
        Stage::Reached => "reached",
        Stage::Foothold => "foothold",
        Stage::Used => "used",
        Stage::Impact => "impact",
    }
}

pub(crate) fn stage(lang: Lang, stage: Stage) -> &'static str {
    word(lang, &format!("stage.{}.word", stage_key(stage)), stage.word())
}

pub(crate) fn stage_gloss(lang: Lang, stage: Stage) -> &'static str {
    word(lang, &format!("stage.{}.gloss", stage_key(stage)), stage.word())
}

pub(crate) fn day_state(lang: Lang, state: DayState) -> &'static str {
    word(lang, &format!("day.{}.word", state.word()), state.word())
}

pub(crate) fn day_gloss(lang: Lang, state: DayState) -> &'static str {
    word(lang, &format!("day.{}.gloss", state.word()), state.word())
}

pub(crate) const fn actor_key(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Attacker => "attacker",
        ActorKind::Attempt => "attempt",
        ActorKind::Scanner => "scanner",
        ActorKind::Prober => "prober",
        ActorKind::Visitor => "visitor",
    }
}

pub(crate) fn actor(lang: Lang, kind: ActorKind) -> &'static str {
    word(lang, &format!("actor.{}", actor_key(kind)), actor_key(kind))
}

pub(crate) const fn exposure_key(state: ExposureState) -> &'static str {
    match state {
        ExposureState::Exposed => "exposed",
        ExposureState::Unpatched => "unpatched",
        ExposureState::NotExposed => "not_exposed",
        ExposureState::Unknown => "unknown",
    }
}

pub(crate) fn exposure(lang: Lang, state: ExposureState) -> &'static str {
    word(lang, &format!("exposure.{}", exposure_key(state)), exposure_key(state))
}

pub(crate) const fn reachable_key(reachable: Reachable) -> &'static str {
    match reachable {
        Reachable::Yes => "yes",
        Reachable::No => "no",
        Reachable::Unknown => "unknown",
    }
}

pub(crate) fn reachable(lang: Lang, reachable: Reachable) -> &'static str {
    word(lang, &format!("reachable.{}", reachable_key(reachable)), reachable_key(reachable))
}

pub(crate) fn level(lang: Lang, level: Level) -> &'static str {
    word(lang, &format!("level.{}", level.word()), level.word())
}

pub(crate) fn confidence(lang: Lang, confidence: Confidence) -> &'static str {
    word(lang, &format!("confidence.{}", confidence.word()), confidence.word())
}

pub(crate) fn role(lang: Lang, role: Role) -> &'static str {
    word(lang, &format!("role.{}", role.word()), role.word())
}

pub(crate) fn code_title(lang: Lang, code: Code) -> &'static str {
    word(lang, &format!("code.{}.title", code.id()), code.title())
}

pub(crate) fn code_help(lang: Lang, code: Code) -> &'static str {
    word(lang, &format!("code.{}.help", code.id()), code.help())
}

/// What two findings share; an unknown word is shown as it is.
pub(crate) fn join(lang: Lang, by: &str) -> String {
    open_word(lang, "join", by)
}

/// Where the host's name comes from; an unknown word is shown as it is.
pub(crate) fn host_from(lang: Lang, from: &str) -> String {
    open_word(lang, "host_from", from)
}

fn open_word(lang: Lang, family: &str, member: &str) -> String {
    catalog::find(lang, &format!("{family}.{member}")).map_or_else(|| member.to_owned(), str::to_owned)
}

/// A stream of evidence by a name that its owner can find on the server, and the path word beside it:
/// `Exchange front-end log for ECP (HttpProxy/Ecp)`. Unknown streams keep their id.
pub(crate) fn stream(lang: Lang, id: &str) -> String {
    let (artifact, part) = id.split_once('/').unwrap_or((id, ""));
    let family = format!("stream.{}", artifact.replace(['.', ' '], "_").to_lowercase());
    let exact = format!("{family}.{}", part.replace(['.', ' ', '/', '\\'], "_").to_lowercase());
    if let Some(name) = catalog::find(lang, &exact).filter(|_| !part.is_empty()) {
        return name.to_owned();
    }
    let general = if part.is_empty() { format!("{family}.all") } else { format!("{family}.other") };
    match catalog::find(lang, &general) {
        Some(template) => {
            let part = escape::shown(part);
            catalog::fill_template(lang, template, &|name| (name == "part").then(|| Value::plain(&part)))
        }
        None => escape::shown(id),
    }
}

/// A place in a file, `line 12`, in the reader's language; other words stay as they are.
pub(crate) fn place(lang: Lang, place: &str) -> String {
    let (word, number) = place.split_once(' ').unwrap_or((place, ""));
    let known = number.chars().all(|char| char.is_ascii_digit()) && number.is_empty() == (word == "file");
    match catalog::find(lang, &format!("place.{word}")).filter(|_| known) {
        Some(template) => {
            catalog::fill_template(lang, template, &|name| (name == "n").then(|| Value::plain(number)))
        }
        None => escape::name(place),
    }
}

/// What the coverage of a pack comes to, in a sentence.
pub(crate) fn coverage(lang: Lang, figures: CoverageSummary) -> String {
    let key = match (figures.days, figures.complete, figures.days_covered) {
        (0, ..) => "ui.coverage_none",
        (_, true, _) => "ui.coverage_complete",
        (_, false, 0) => "ui.coverage_zero",
        (_, false, _) => "ui.coverage_figures",
    };
    let (covered, days) = (count(lang, figures.days_covered), count(lang, figures.days));
    catalog::fill(lang, key, &[("covered", &covered), ("days", &days)])
}

/// Days of one way in that were covered, and all of its days at risk.
pub(crate) fn way_days(way: &WayCoverage) -> (u64, u64) {
    way.runs.iter().fold((0, 0), |(covered, all), run| {
        let of_run = days(run);
        let more = if run.state == DayState::Covered { of_run } else { 0 };
        (covered.saturating_add(more), all.saturating_add(of_run))
    })
}

/// A day in words, `3 March 2021`: read the same way on both sides of the Atlantic.
pub(crate) fn date(lang: Lang, day: Day) -> String {
    let (year, month, number) = day.civil();
    let month = word(lang, &format!("month.{month}"), "?");
    match (lang, number) {
        (Lang::Fr, 1) => format!("1er\u{a0}{month}\u{a0}{year}"),
        _ => format!("{number}\u{a0}{month}\u{a0}{year}"),
    }
}

/// A moment in words, `3 March 2021, 05:12 UTC`.
pub(crate) fn moment(lang: Lang, time: Time) -> String {
    let clock = time.to_string().get(11..16).unwrap_or("").to_owned();
    let between = match lang {
        Lang::En => ", ",
        Lang::Fr => " à ",
    };
    format!("{}{between}{clock}\u{a0}UTC", date(lang, time.day()))
}

/// A month in words, `March 2021`.
pub(crate) fn month(lang: Lang, year: i32, month: u32) -> String {
    format!("{}\u{a0}{year}", word(lang, &format!("month.{month}"), "?"))
}

/// From one day to another, in words.
pub(crate) fn span(lang: Lang, from: Day, to: Day) -> String {
    if from == to {
        return date(lang, from);
    }
    catalog::fill(lang, "ui.span", &[("from", &date(lang, from)), ("to", &date(lang, to))])
}

/// A moment as logs write it, without decimals: `2021-03-03 05:12:44`. The reader is told that it is UTC.
pub(crate) fn stamp(time: Time) -> String {
    time.to_string().get(..19).unwrap_or("").replace('T', " ")
}

/// A number with its thousands apart.
pub(crate) fn count(lang: Lang, number: u64) -> String {
    let digits = number.to_string();
    let apart = match lang {
        Lang::En => ',',
        Lang::Fr => '\u{202f}',
    };
    let mut out = String::with_capacity(digits.len() + 4);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(apart);
        }
        out.push(digit);
    }
    out
}

/// A size in bytes, in the unit a person would say.
pub(crate) fn size(lang: Lang, bytes: u64) -> String {
    let (units, point): (&[&str], char) = match lang {
        Lang::En => (&["bytes", "kB", "MB", "GB", "TB"], '.'),
        Lang::Fr => (&["octets", "ko", "Mo", "Go", "To"], ','),
    };
    let mut scale = 1_u64;
    let mut unit = 0;
    while unit + 1 < units.len() && bytes / scale >= 1000 {
        scale *= 1000;
        unit += 1;
    }
    let (whole, tenth) = (bytes / scale, bytes % scale * 10 / scale);
    let name = units.get(unit).copied().unwrap_or("");
    if unit == 0 || whole >= 100 {
        format!("{whole}\u{a0}{name}")
    } else {
        format!("{whole}{point}{tenth}\u{a0}{name}")
    }
}

/// How many, with its noun: `phrase.events` and the like hold both forms.
pub(crate) fn counted(lang: Lang, key: &'static str, number: u64) -> String {
    catalog::fill_template(lang, catalog::text(lang, key), &|name| {
        (name == "n").then(|| Value { shown: count(lang, number), number: Some(number) })
    })
}

/// A statement in the reader's language. `escape` makes a value of the evidence fit for the medium. A key
/// that the catalogue does not know, from a newer engine, is told as key and values.
pub(crate) fn statement(lang: Lang, statement: &Statement, escape: fn(&str) -> String) -> String {
    sentence(lang, "statement", statement, escape)
}

/// The same from another family of the catalogue.
pub(crate) fn sentence(
    lang: Lang,
    family: &str,
    statement: &Statement,
    escape: fn(&str) -> String,
) -> String {
    let key = format!("{family}.{}", statement.key);
    let zero = statement.args.values().any(|value| value == "0").then(|| format!("{key}_zero"));
    let template = zero.and_then(|key| catalog::find(lang, &key)).or_else(|| catalog::find(lang, &key));
    if let Some(template) = template {
        return catalog::fill_template(lang, template, &|name| {
            statement.args.get(name).map(|value| argument(lang, name, value, escape))
        });
    }
    let values: Vec<String> =
        statement.args.iter().map(|(name, value)| format!("{}: {}", escape(name), escape(value))).collect();
    let key = escape(&statement.key.replace('_', " "));
    if values.is_empty() { key } else { format!("{key} ({})", values.join(", ")) }
}

/// A statement's value as a reader knows it: stages, streams and dates in words, numbers with their thousands.
fn argument(lang: Lang, name: &str, value: &str, escape: fn(&str) -> String) -> Value {
    let number = value.parse::<u64>().ok();
    let told = match name {
        "stage" => Stage::from_word(value)
            .map(|found| format!("{} ({})", stage(lang, found), stage_gloss(lang, found))),
        "stream" => Some(stream(lang, value)).filter(|told| *told != escape::shown(value)),
        "value" if value == "true" => Some(catalog::text(lang, "ui.yes").to_owned()),
        "value" if value == "false" => Some(catalog::text(lang, "ui.no").to_owned()),
        _ if value == "?" => Some(catalog::text(lang, "ui.unknown").to_owned()),
        "verdict" => Verdict::ALL
            .iter()
            .find(|known| known.word() == value)
            .map(|known| verdict(lang, *known).to_lowercase()),
        "fact" => catalog::find(lang, &format!("fact.{value}")).map(str::to_owned),
        "bytes" => number.map(|bytes| size(lang, bytes)),
        "build" | "low" | "high" | "cu" | "name" | "channel" | "address" | "list" | "detail" => None,
        _ => prose_time(lang, value).or_else(|| number.map(|number| count(lang, number))),
    };
    Value { shown: told.unwrap_or_else(|| escape(value)), number }
}

fn prose_time(lang: Lang, value: &str) -> Option<String> {
    Day::parse(value)
        .map(|day| date(lang, day))
        .or_else(|| Time::parse(value.as_bytes()).map(|time| moment(lang, time)))
}

/// The days at risk of one pack: from the first to the last day that coverage speaks of.
pub(crate) fn window(verdict: &PackVerdict) -> Option<(Day, Day)> {
    let runs = || verdict.ways.iter().flat_map(|way| &way.runs);
    Some((runs().map(|run| run.from).min()?, runs().map(|run| run.to).max()?))
}

/// Days that a calendar draws at most: three years. A longer span is told in words.
pub(crate) const CALENDAR_DAYS_MAX: usize = 1_100;

/// For each day at risk, the worst state over all ways in: `covered` only where every way was.
pub(crate) fn combined_runs(ways: &[WayCoverage]) -> Vec<CoverageRun> {
    let runs = || ways.iter().flat_map(|way| &way.runs);
    let (Some(from), Some(to)) = (runs().map(|run| run.from).min(), runs().map(|run| run.to).max()) else {
        return Vec::new();
    };
    let mut combined: Vec<CoverageRun> = Vec::new();
    for day in from.through(to).take(CALENDAR_DAYS_MAX) {
        let of_day = || runs().filter(|run| run.from <= day && day <= run.to);
        let Some(state) = of_day().map(|run| run.state).max() else { continue };
        match combined.last_mut() {
            Some(last) if last.state == state && last.to.next() == day => last.to = day,
            _ => combined.push(CoverageRun { from: day, to: day, state, lacking: Vec::new() }),
        }
    }
    combined
}

/// Days of a run, saturating.
pub(crate) fn days(run: &CoverageRun) -> u64 {
    u64::try_from(i64::from(run.to.0) - i64::from(run.from.0) + 1).unwrap_or(0)
}

/// The verdicts that decide the host's: what to do follows from them. Whoever is told to disconnect a server is not told
/// in the same breath that for another campaign nothing is due.
pub(crate) fn leading(assessment: &Assessment) -> Vec<&PackVerdict> {
    let mut verdicts = assessment.by_rank();
    verdicts.retain(|verdict| verdict.verdict == assessment.verdict());
    verdicts
}

/// Why a pack was not asked, after its name.
pub(crate) fn not_asked(lang: Lang, pack: &NotAsked, escape: fn(&str) -> String) -> String {
    format!("{}: {}", escape(&local(lang, &pack.title)), statement(lang, &pack.reason, escape))
}

/// Findings of the same title and step, told once: the same thing done again is not another event of the story.
pub(crate) struct Chapter<'a> {
    /// The earliest of them.
    pub(crate) first: &'a Finding,
    /// How many findings it stands for.
    pub(crate) findings: u64,
    /// Events of all of them.
    pub(crate) events: u64,
}

/// The story in at most `limit` chapters, in order of time: how each step was first taken, then the worst. What proves no
/// step is left to the list of findings, unless there is nothing else.
pub(crate) fn chapters(findings: &[Finding], limit: usize) -> Vec<Chapter<'_>> {
    let mut places: BTreeMap<(&str, Stage), usize> = BTreeMap::new();
    let mut all: Vec<Chapter<'_>> = Vec::new();
    for finding in findings {
        let place = *places.entry((&finding.title, finding.stage)).or_insert(all.len());
        match all.get_mut(place) {
            Some(chapter) => {
                chapter.findings += 1;
                chapter.events = chapter.events.saturating_add(finding.events);
            }
            None => all.push(Chapter { first: finding, findings: 1, events: finding.events }),
        }
    }
    if all.iter().any(|chapter| chapter.first.stage > Stage::NoTrace) {
        all.retain(|chapter| chapter.first.stage > Stage::NoTrace);
    }
    let mut opened: BTreeSet<Stage> = BTreeSet::new();
    let mut order: Vec<(bool, usize, Chapter<'_>)> = Vec::new();
    for (index, chapter) in all.into_iter().enumerate() {
        order.push((!opened.insert(chapter.first.stage), index, chapter));
    }
    order.sort_by_key(|(again, _, chapter)| (*again, Reverse((chapter.first.stage, chapter.first.level))));
    order.truncate(limit);
    order.sort_by_key(|(_, index, _)| *index);
    order.into_iter().map(|(_, _, chapter)| chapter).collect()
}

/// The findings that prove the highest steps, at most `limit`, in their own order.
pub(crate) fn worst_findings(findings: &[Finding], limit: usize) -> Vec<&Finding> {
    let mut order: Vec<(usize, &Finding)> = findings.iter().enumerate().collect();
    order.sort_by_key(|(_, finding)| Reverse((finding.stage, finding.level)));
    order.truncate(limit);
    order.sort_by_key(|(index, _)| *index);
    order.into_iter().map(|(_, finding)| finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_in_both_languages() {
        assert_eq!(count(Lang::En, 1_234_567), "1,234,567");
        assert_eq!(count(Lang::Fr, 1_234), "1\u{202f}234");
        assert_eq!(size(Lang::En, 0), "0\u{a0}bytes");
        assert_eq!(size(Lang::En, 1_540_000), "1.5\u{a0}MB");
        assert_eq!(size(Lang::Fr, u64::MAX), "18446744\u{a0}To");
    }

    #[test]
    fn an_unknown_statement_is_told_with_its_values() {
        let unknown = Statement::new("mitigation_seen").with("rule", "X\u{1b}[2J").with("when", "2021-03-05");
        let told = statement(Lang::En, &unknown, escape::shown);
        assert_eq!(told, "mitigation seen (rule: X␛[2J, when: 2021-03-05)");
    }

    #[test]
    fn french_of_packs_is_typeset_and_code_is_left_alone() {
        assert_eq!(
            typeset(Lang::Fr, "rien : l'outil « x » 'whoami' ?"),
            "rien\u{a0}: l’outil «\u{a0}x\u{a0}» 'whoami'\u{a0}?"
        );
        assert_eq!(typeset(Lang::En, "the owner's : x"), "the owner's : x");
    }

    #[test]
    fn the_worst_way_decides_the_day() {
        let way = |runs: &[(&str, &str, DayState)]| WayCoverage {
            way: "w".to_owned(),
            cve: String::new(),
            title: Text::default(),
            blind: None,
            runs: runs
                .iter()
                .map(|(from, to, state)| CoverageRun {
                    from: Day::parse(from).unwrap(),
                    to: Day::parse(to).unwrap(),
                    state: *state,
                    lacking: Vec::new(),
                })
                .collect(),
            stage: Stage::NoTrace,
        };
        let ways = [
            way(&[("2021-03-01", "2021-03-04", DayState::Covered)]),
            way(&[
                ("2021-03-01", "2021-03-02", DayState::Before),
                ("2021-03-03", "2021-03-04", DayState::Covered),
            ]),
        ];
        let combined = combined_runs(&ways);
        let told: Vec<_> = combined.iter().map(|run| (run.from.to_string(), days(run), run.state)).collect();
        assert_eq!(
            told,
            [("2021-03-01".to_owned(), 2, DayState::Before), ("2021-03-03".to_owned(), 2, DayState::Covered)]
        );
    }
}
