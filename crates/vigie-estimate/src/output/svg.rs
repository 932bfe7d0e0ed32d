//! A chart: the floor, the bound, every method, the interval, and what was claimed in public, on one logarithmic axis.

use crate::analysis::{Analysis, Context};
use crate::honesty::Language;
use crate::honesty::wording::{shown, whole};
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 40.0;
const ROW: f64 = 24.0;
const TOP: f64 = 50.0;

struct Bar {
    label: String,
    low: f64,
    middle: f64,
    high: Option<f64>,
    color: &'static str,
}

/// The chart as a standalone SVG document.
pub fn render(analysis: &Analysis, context: &Context, language: Language) -> String {
    let bars = bars(analysis, context, language);
    let floor = (analysis.table.seen() as f64).max(1.0);
    let largest = bars.iter().map(|b| b.high.unwrap_or(b.middle)).fold(floor * 2.0, f64::max) * 1.1;
    let (from, to) = ((floor * 0.8).max(0.5).log10(), largest.log10());
    let x = |n: f64| LEFT + (n.max(1e-9).log10() - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    let height = TOP + ROW * bars.len() as f64 + 50.0;
    let title = escape(analysis.sentence(context).of(language));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for tick in ticks(from, to) {
        let at = x(tick);
        let _ = writeln!(
            out,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.1}\" stroke=\"#ddd\"/>",
            height - 40.0
        );
        let _ = writeln!(
            out,
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{}</text>",
            height - 22.0,
            whole(tick, language)
        );
    }
    let at = x(floor);
    let _ = writeln!(
        out,
        "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#b00\" stroke-width=\"2\"/>",
        TOP - 10.0,
        height - 40.0
    );
    for (i, bar) in bars.iter().enumerate() {
        draw(
            &mut out,
            bar,
            TOP + ROW * (i as f64 + 0.5),
            &x,
            (WIDTH - RIGHT, analysis.table.seen(), language),
        );
    }
    out.push_str("</svg>\n");
    out
}

fn draw(
    out: &mut String,
    bar: &Bar,
    y: f64,
    x: &dyn Fn(f64) -> f64,
    (edge, floor, language): (f64, u64, Language),
) {
    let (low, middle, high) = (x(bar.low), x(bar.middle), bar.high.map_or(edge, x));
    let color = bar.color;
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        LEFT - 10.0,
        y + 4.0,
        escape(&bar.label)
    );
    let _ = writeln!(
        out,
        "<line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{color}\" stroke-width=\"5\" stroke-opacity=\"0.5\"/>"
    );
    let _ = writeln!(
        out,
        "<circle cx=\"{middle:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\"><title>{}</title></circle>",
        shown(bar.middle, floor.min(1), language)
    );
}

fn bars(analysis: &Analysis, context: &Context, language: Language) -> Vec<Bar> {
    let floor = analysis.table.seen() as f64;
    let words = match language {
        Language::English => ["floor (seen)", "recommended", "claimed"],
        Language::French => ["plancher (vu)", "recommandé", "affirmé"],
    };
    let mut bars =
        vec![Bar { label: words[0].to_owned(), low: floor, middle: floor, high: Some(floor), color: "#b00" }];
    for e in
        analysis.estimates.iter().filter(|e| !e.method.starts_with("Chapman") || analysis.table.width() == 2)
    {
        let middle = e.estimate.max(floor);
        bars.push(Bar {
            label: e.method.clone(),
            low: e.low.unwrap_or(middle).max(floor),
            middle,
            high: e.high,
            color: "#36c",
        });
    }
    if let Some(r) = &analysis.recommended {
        bars.push(Bar {
            label: words[1].to_owned(),
            low: r.low,
            middle: r.estimate,
            high: Some(r.high),
            color: "#070",
        });
    }
    for &claim in context.claims.iter().filter(|c| c.is_finite() && **c > 0.0) {
        let label = format!("{} {}", words[2], whole(claim, language));
        bars.push(Bar { label, low: claim, middle: claim, high: Some(claim), color: "#a60" });
    }
    bars
}

/// 1, 2 and 5 times the powers of ten in range, thinned when there are many.
fn ticks(from: f64, to: f64) -> Vec<f64> {
    let steps: &[f64] = if to - from > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let mut ticks = Vec::new();
    for exponent in -1..16 {
        for step in steps {
            let tick = step * 10_f64.powi(exponent);
            if tick.log10() >= from && tick.log10() <= to {
                ticks.push(tick);
            }
        }
    }
    ticks
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
