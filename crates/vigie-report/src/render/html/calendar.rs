//! Coverage as a calendar: a month a picture, each day with a letter and a pattern, so that it reads in gray.

use vigie_model::assessment::PackVerdict;
use vigie_model::coverage::{CoverageRun, DayState, WayCoverage};
use vigie_model::time::Day;

use super::{View, shell, story};
use crate::catalog::{fill, find};
use crate::escape::shown;
use crate::markup::Page;
use crate::{Lang, Role, tell};

const CELL: i64 = 30;
const HEAD: i64 = 42;
const COLUMNS: i64 = 7;
/// Streams named beside a run.
const LACKING_MAX: usize = 6;
/// Runs of one way in its table.
const RUNS_MAX: usize = 200;

pub(super) fn coverage(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    for verdict in view.assessment.by_rank() {
        story::pack_heading(view, verdict, page);
        page.leaf("p", &[], &tell::coverage(lang, verdict.coverage));
        let combined = tell::combined_runs(&verdict.ways);
        if combined.is_empty() {
            continue;
        }
        page.leaf("p", &[("class", "intro")], view.t("intro.coverage"));
        months(lang, view.t("section.coverage"), &combined, page);
        legend(lang, &combined, &verdict.ways, page);
        strips(view, verdict, page);
        match view.role {
            Role::Responder | Role::Authority => ways(view, verdict, page),
            Role::Owner => page.within("details", &[("class", "quiet"), ("data-print", "as-is")], |page| {
                page.leaf("summary", &[], view.t("intro.ways"));
                ways(view, verdict, page);
            }),
        }
    }
    if view.assessment.verdicts.is_empty() {
        page.leaf("p", &[], view.t("ui.coverage_none"));
    }
    if !view.assessment.coverage.is_empty() {
        page.within("details", &[("class", "quiet"), ("data-print", "as-is")], |page| {
            page.leaf("summary", &[], view.t("label.streams"));
            streams(view, page);
        });
    }
}

fn ways(view: &View<'_>, verdict: &PackVerdict, page: &mut Page) {
    let lang = view.lang;
    for way in &verdict.ways {
        page.within("article", &[("class", "way")], |page| {
            let title = tell::local(lang, &way.title);
            let title = if way.cve.is_empty() { title } else { format!("{title} ({})", way.cve) };
            page.leaf("h3", &[], &title);
            let runs = tell::combined_runs(std::slice::from_ref(way));
            months(lang, &title, &runs, page);
            if let Some(blind) = &way.blind {
                let blind = tell::local(lang, blind);
                page.leaf("p", &[("class", "small")], &fill(lang, "ui.blind", &[("what", &blind)]));
            }
            runs_table(view, way, page);
        });
    }
}

const STRIP_WIDTH: i64 = 600;
const STRIP_HEIGHT: i64 = 14;

/// One line a way in, all over the same days: where the evidence is thin at a glance.
fn strips(view: &View<'_>, verdict: &PackVerdict, page: &mut Page) {
    let lang = view.lang;
    let Some((first, last)) = tell::window(verdict) else { return };
    let all = (i64::from(last.0) - i64::from(first.0) + 1).max(1);
    let size = format!("0 0 {STRIP_WIDTH} {STRIP_HEIGHT}");
    page.within("div", &[("class", "strips")], |page| {
        for way in &verdict.ways {
            let title = tell::local(lang, &way.title);
            let (covered, days) = tell::way_days(way);
            let (covered, days) = (tell::count(lang, covered), tell::count(lang, days));
            let figures = fill(lang, "ui.way_days", &[("covered", &covered), ("days", &days)]);
            let label = fill(lang, "ui.strip_label", &[("title", &title), ("figures", &figures)]);
            page.leaf("span", &[], &title);
            let picture = [
                ("viewBox", size.as_str()),
                ("role", "img"),
                ("aria-label", &label),
                ("preserveAspectRatio", "none"),
            ];
            page.within("svg", &picture, |page| {
                for run in way.runs.iter().take(RUNS_MAX) {
                    let start = (i64::from(run.from.0) - i64::from(first.0)) * STRIP_WIDTH / all;
                    let end = (i64::from(run.to.0) - i64::from(first.0) + 1) * STRIP_WIDTH / all;
                    strip_part(run.state, start, end, page);
                }
            });
            page.leaf("span", &[("class", "muted")], &figures);
        }
    });
}

fn strip_part(state: DayState, start: i64, end: i64, page: &mut Page) {
    let class = format!("day {}", state.word());
    let (x, width, height) = (start.to_string(), (end - start).max(1).to_string(), STRIP_HEIGHT.to_string());
    page.within("g", &[("class", &class)], |page| {
        page.within("rect", &[("x", &x), ("y", "0"), ("width", &width), ("height", &height)], |_| ());
    });
}

/// What the picture shows, in words.
fn runs_table(view: &View<'_>, way: &WayCoverage, page: &mut Page) {
    let lang = view.lang;
    if days_total(way) > tell::CALENDAR_DAYS_MAX as u64 {
        let days = tell::count(lang, tell::CALENDAR_DAYS_MAX as u64);
        page.leaf("p", &[("class", "small")], &fill(lang, "ui.calendar_cut", &[("days", &days)]));
    }
    shell::table(lang, &["col.days", "col.state", "col.lacking"], page, |page| {
        for run in way.runs.iter().take(RUNS_MAX) {
            page.within("tr", &[], |page| {
                page.leaf("td", &[], &tell::span(lang, run.from, run.to));
                page.leaf("td", &[], tell::day_state(lang, run.state));
                let lacking: Vec<String> =
                    run.lacking.iter().take(LACKING_MAX).map(|id| tell::stream(lang, id)).collect();
                page.leaf("td", &[], &lacking.join("; "));
            });
        }
    });
}

fn days_total(way: &WayCoverage) -> u64 {
    way.runs.iter().fold(0, |total, run| total.saturating_add(tell::days(run)))
}

/// The months that the runs touch, side by side.
fn months(lang: Lang, title: &str, runs: &[CoverageRun], page: &mut Page) {
    let days = runs.iter().flat_map(|run| run.from.through(run.to).map(|day| (day, run.state)));
    let days: Vec<(Day, DayState)> = days.take(tell::CALENDAR_DAYS_MAX).collect();
    page.within("div", &[("class", "months")], |page| {
        for month in days.chunk_by(|a, b| month_of(a.0) == month_of(b.0)) {
            draw_month(lang, title, month, page);
        }
    });
}

fn month_of(day: Day) -> (i32, u32) {
    let (year, month, _) = day.civil();
    (year, month)
}

/// Monday is 0: the first of January 1970 was a Thursday.
fn weekday(day: Day) -> i64 {
    (i64::from(day.0) + 3).rem_euclid(COLUMNS)
}

/// The cell of a day in the picture of its month, counted row by row.
fn cell_of(first: Day, day: Day) -> i64 {
    weekday(first) + i64::from(day.0) - i64::from(first.0)
}

fn draw_month(lang: Lang, title: &str, days: &[(Day, DayState)], page: &mut Page) {
    let Some((year, month)) = days.first().map(|(day, _)| month_of(*day)) else { return };
    let Some(first) = Day::from_civil(year, month, 1) else { return };
    let name = tell::month(lang, year, month);
    let told = days_in_words(lang, days);
    let label = fill(lang, "ui.calendar_label", &[("title", title), ("month", &name), ("days", &told)]);
    let rows = days.last().map_or(0, |(day, _)| cell_of(first, *day) / COLUMNS) + 1;
    let height = HEAD + rows * CELL;
    let size = format!("0 0 {} {height}", COLUMNS * CELL);
    page.within(
        "svg",
        &[("class", "month"), ("viewBox", &size), ("role", "img"), ("aria-label", &label)],
        |page| {
            page.leaf("text", &[("class", "name"), ("x", "2"), ("y", "14")], &name);
            for column in 0..COLUMNS {
                let x = (column * CELL + CELL / 2 - 1).to_string();
                let name = find(lang, &format!("weekday.{}", column + 1)).unwrap_or("");
                page.leaf(
                    "text",
                    &[("class", "weekday"), ("x", &x), ("y", "33"), ("text-anchor", "middle")],
                    name,
                );
            }
            for (day, state) in days {
                draw_day(lang, cell_of(first, *day), *day, *state, page);
            }
        },
    );
}

fn draw_day(lang: Lang, place: i64, day: Day, state: DayState, page: &mut Page) {
    let (x, y) = (place % COLUMNS * CELL, HEAD + place / COLUMNS * CELL);
    let class = format!("day {}", state.word());
    let side = (CELL - 3).to_string();
    let (left, top) = (x.to_string(), y.to_string());
    page.within("g", &[("class", &class)], |page| {
        let attributes =
            [("x", left.as_str()), ("y", &top), ("width", &side), ("height", &side), ("rx", "4")];
        page.within("rect", &attributes, |page| {
            page.leaf("title", &[], &format!("{}: {}", tell::date(lang, day), tell::day_state(lang, state)));
        });
        let (number_x, number_y) = ((x + 4).to_string(), (y + 11).to_string());
        page.leaf(
            "text",
            &[("class", "number"), ("x", &number_x), ("y", &number_y)],
            &day.civil().2.to_string(),
        );
        let (letter_x, letter_y) = ((x + CELL - 6).to_string(), (y + CELL - 8).to_string());
        let letter = find(lang, &format!("day.{}.letter", state.word())).unwrap_or("?");
        let attributes =
            [("class", "letter"), ("x", letter_x.as_str()), ("y", &letter_y), ("text-anchor", "end")];
        page.leaf("text", &attributes, letter);
    });
}

fn days_in_words(lang: Lang, days: &[(Day, DayState)]) -> String {
    let mut words: Vec<String> = Vec::new();
    for run in days.chunk_by(|a, b| a.1 == b.1) {
        if let (Some((from, state)), Some((to, _))) = (run.first(), run.last()) {
            let (from, to) = (from.civil().2, to.civil().2);
            let span = if from == to { from.to_string() } else { format!("{from}–{to}") };
            words.push(format!("{span} {}", tell::day_state(lang, *state)));
        }
    }
    words.join(", ")
}

/// The states that the picture shows, each with its meaning; the others would only be clutter.
fn legend(lang: Lang, runs: &[CoverageRun], ways: &[WayCoverage], page: &mut Page) {
    let present = |state: DayState| {
        runs.iter().chain(ways.iter().flat_map(|way| &way.runs)).any(|run| run.state == state)
    };
    page.within("dl", &[("class", "legend")], |page| {
        for state in DayState::ALL {
            let class = if present(*state) { "present" } else { "other" };
            page.within("div", &[("class", class)], |page| {
                page.within("dt", &[], |page| {
                    let size = [("class", "key"), ("viewBox", "0 0 18 18"), ("aria-hidden", "true")];
                    page.within("svg", &size, |page| {
                        page.within("g", &[("class", &format!("day {}", state.word()))], |page| {
                            let square =
                                [("x", "0.5"), ("y", "0.5"), ("width", "17"), ("height", "17"), ("rx", "3")];
                            page.within("rect", &square, |_| ());
                            let letter = find(lang, &format!("day.{}.letter", state.word())).unwrap_or("?");
                            let middle =
                                [("class", "letter"), ("x", "9"), ("y", "13"), ("text-anchor", "middle")];
                            page.leaf("text", &middle, letter);
                        });
                    });
                    page.text(tell::day_state(lang, *state));
                });
                page.leaf("dd", &[], tell::day_gloss(lang, *state));
            });
        }
    });
}

fn streams(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let columns = ["col.stream", "col.events", "col.from", "col.to", "col.gaps"];
    shell::table(lang, &columns, page, |page| {
        for stream in &view.assessment.coverage {
            page.within("tr", &[], |page| {
                page.within("td", &[], |page| {
                    page.text(&tell::stream(lang, &stream.stream));
                    page.text(" ");
                    page.leaf("span", &[("class", "muted code")], &shown(&stream.stream));
                });
                page.leaf("td", &[("class", "figure")], &tell::count(lang, stream.events));
                page.leaf("td", &[("class", "time")], &stream.first.map(tell::stamp).unwrap_or_default());
                page.leaf("td", &[("class", "time")], &stream.last.map(tell::stamp).unwrap_or_default());
                let gaps: Vec<String> = stream
                    .gaps
                    .iter()
                    .take(LACKING_MAX)
                    .map(|gap| tell::span(lang, gap.from, gap.to))
                    .collect();
                page.leaf("td", &[], &gaps.join("; "));
            });
        }
    });
}
