//! The timeline as a picture: days from left to right, the ladder of steps from bottom to top.

use std::collections::BTreeMap;

use vigie_model::rule::Stage;
use vigie_model::time::Day;

use super::View;
use crate::catalog::fill;
use crate::markup::Page;
use crate::tell;

const WIDTH: i64 = 860;
const LEFT: i64 = 130;
const RIGHT: i64 = 20;
const TOP: i64 = 28;
const LANE: i64 = 36;
/// Days that the picture reaches beyond the window at most; what lies further stands on its edge.
const BEYOND: i64 = 200;
/// Labels on the axis at most.
const LABELS_MAX: i64 = 8;

/// The steps that have a lane, from the top down.
const LANES: &[Stage] = &[Stage::Impact, Stage::Used, Stage::Foothold, Stage::Reached, Stage::Attempted];

struct Scale {
    from: i64,
    to: i64,
}

impl Scale {
    fn x(&self, day: Day) -> i64 {
        let day = i64::from(day.0).clamp(self.from, self.to);
        LEFT + (day - self.from) * (WIDTH - LEFT - RIGHT) / (self.to - self.from).max(1)
    }
}

pub(super) fn chart(view: &View<'_>, page: &mut Page) {
    let window = view.assessment.worst().and_then(tell::window);
    let Some(scale) = scale(view, window) else { return };
    let (Some(first), Some(last)) = (view.assessment.timeline.first(), view.assessment.timeline.last())
    else {
        return;
    };
    let height = TOP + LANE * i64::try_from(LANES.len()).unwrap_or(0) + 34;
    let events = tell::counted(view.lang, "phrase.events", view.assessment.timeline_total);
    let label = fill(
        view.lang,
        "ui.chart_label",
        &[
            ("events", &events),
            ("from", &tell::date(view.lang, first.time.day())),
            ("to", &tell::date(view.lang, last.time.day())),
        ],
    );
    let size = format!("0 0 {WIDTH} {height}");
    page.within("figure", &[("class", "chart")], |page| {
        page.within("div", &[("class", "wide")], |page| {
            page.within("svg", &[("viewBox", &size), ("role", "img"), ("aria-label", &label)], |page| {
                shade(view, &scale, window, page);
                lanes(view, page);
                axis(view, &scale, page);
                patched(view, &scale, page);
                dots(view, &scale, page);
            });
        });
        page.leaf("figcaption", &[], view.t("ui.chart_legend"));
    });
}

fn scale(view: &View<'_>, window: Option<(Day, Day)>) -> Option<Scale> {
    let days = || view.assessment.timeline.iter().map(|entry| i64::from(entry.time.day().0));
    let (mut from, mut to) = match window {
        Some((from, to)) => (i64::from(from.0), i64::from(to.0)),
        None => (days().min()?, days().max()?),
    };
    let (low, high) = (from - BEYOND, to + BEYOND);
    for day in days().filter(|day| (low..=high).contains(day)) {
        from = from.min(day);
        to = to.max(day);
    }
    Some(Scale { from: from - 2, to: to + 2 })
}

fn number(value: i64) -> String {
    value.to_string()
}

fn shade(view: &View<'_>, scale: &Scale, window: Option<(Day, Day)>, page: &mut Page) {
    let Some((from, to)) = window else { return };
    let (x0, x1) = (scale.x(from), scale.x(to));
    let height = number(LANE * i64::try_from(LANES.len()).unwrap_or(0));
    let (x, y, width) = (number(x0), number(TOP), number((x1 - x0).max(2)));
    page.within(
        "rect",
        &[("class", "window"), ("x", &x), ("y", &y), ("width", &width), ("height", &height)],
        |_| (),
    );
    let (x, y) = (number(x0 + 4), number(TOP - 8));
    page.leaf("text", &[("class", "note"), ("x", &x), ("y", &y)], view.t("ui.chart_window"));
}

fn lanes(view: &View<'_>, page: &mut Page) {
    for (y, stage) in (0..).zip(LANES) {
        let top = TOP + y * LANE;
        let (line, middle, right) = (number(top + LANE), number(top + LANE / 2 + 4), number(WIDTH - RIGHT));
        let left = number(LEFT);
        page.within(
            "line",
            &[("class", "lane"), ("x1", &left), ("x2", &right), ("y1", &line), ("y2", &line)],
            |_| (),
        );
        let x = number(LEFT - 12);
        let attributes = [("class", "step"), ("x", x.as_str()), ("y", &middle), ("text-anchor", "end")];
        page.leaf("text", &attributes, tell::stage(view.lang, *stage));
    }
}

fn axis(view: &View<'_>, scale: &Scale, page: &mut Page) {
    let bottom = TOP + LANE * i64::try_from(LANES.len()).unwrap_or(0);
    let months = (scale.to - scale.from) / 30 + 1;
    let step = [1, 2, 3, 6, 12, 24, 60, 120, 600, 1200].into_iter().find(|step| months / step <= LABELS_MAX);
    let step = step.unwrap_or(6000);
    let Some((mut year, mut month, _)) = i32::try_from(scale.from).ok().map(|day| Day(day).civil()) else {
        return;
    };
    for _ in 0..=months + 1 {
        let Some(day) = Day::from_civil(year, month, 1) else { return };
        let (of_year, of_month) = (year, month);
        (year, month) = if month == 12 { (year.saturating_add(1), 1) } else { (year, month + 1) };
        let index = i64::from(of_year) * 12 + i64::from(of_month) - 1;
        if i64::from(day.0) > scale.to {
            return;
        }
        if index % step != 0 || i64::from(day.0) < scale.from {
            continue;
        }
        let x = number(scale.x(day));
        let (top, end, y) = (number(TOP), number(bottom + 5), number(bottom + 22));
        page.within("line", &[("class", "tick"), ("x1", &x), ("x2", &x), ("y1", &top), ("y2", &end)], |_| ());
        let attributes = [("class", "axis"), ("x", x.as_str()), ("y", &y), ("text-anchor", "start")];
        page.leaf("text", &attributes, &tell::month(view.lang, of_year, of_month));
    }
}

fn patched(view: &View<'_>, scale: &Scale, page: &mut Page) {
    let Some(at) = view.assessment.worst().and_then(|worst| worst.exposure.patched_at) else { return };
    let bottom = TOP + LANE * i64::try_from(LANES.len()).unwrap_or(0);
    let x = scale.x(at.day());
    let (line, top, end) = (number(x), number(TOP - 4), number(bottom));
    page.within(
        "line",
        &[("class", "patched"), ("x1", &line), ("x2", &line), ("y1", &top), ("y2", &end)],
        |_| (),
    );
    let anchor = if x > WIDTH - 200 { "end" } else { "start" };
    let (x, y) = (number(if x > WIDTH - 200 { x - 5 } else { x + 5 }), number(TOP - 8));
    let label = fill(view.lang, "ui.patched_on", &[("when", &tell::date(view.lang, at.day()))]);
    page.leaf("text", &[("class", "note strong"), ("x", &x), ("y", &y), ("text-anchor", anchor)], &label);
}

/// One dot for all events of a step that fall on the same place.
fn dots(view: &View<'_>, scale: &Scale, page: &mut Page) {
    let mut places: BTreeMap<(i64, Stage), (u64, Day)> = BTreeMap::new();
    for entry in &view.assessment.timeline {
        let day = entry.time.day();
        places.entry((scale.x(day), entry.stage)).or_insert((0, day)).0 += 1;
    }
    for ((x, stage), (events, day)) in places {
        let Some(lane) = LANES.iter().position(|lane| *lane == stage) else { continue };
        let y = number(TOP + LANE * i64::try_from(lane).unwrap_or(0) + LANE / 2);
        let radius = number(5 + i64::from(events.ilog2().min(12)) / 2);
        let class = format!("dot stage-{}", tell::stage_key(stage));
        page.within("circle", &[("class", &class), ("cx", &number(x)), ("cy", &y), ("r", &radius)], |page| {
            let events = tell::counted(view.lang, "phrase.events", events);
            let label =
                format!("{} — {}, {events}", tell::date(view.lang, day), tell::stage(view.lang, stage));
            page.leaf("title", &[], &label);
        });
    }
}
