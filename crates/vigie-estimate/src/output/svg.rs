//! A chart: the floor, the bound, every method, the interval, and what was claimed in public, on one logarithmic axis.

use crate::analysis::{Analysis, Context, units};
use crate::honesty::Language;
use crate::honesty::wording::{method_label, shown, shown_high, shown_low, steers, whole};
use std::fmt::Write as _;

/// Room for the names before the bars.
const LEFT: f64 = 220.0;
/// Room for the bars.
const PLOT: f64 = 550.0;
/// Least room for the numbers beside the bars.
const LEAST_RIGHT: f64 = 190.0;
/// Pixels of a character of the numbers.
const CHARACTER: f64 = 6.9;
const ROW: f64 = 24.0;
const LINE: f64 = 18.0;
const FOOT: f64 = 64.0;
/// Characters of a line of the heading: what fits the width at its size.
const HEADING: usize = 125;
/// Pixels that a label of the axis needs, so that no two touch.
const LABEL: f64 = 72.0;

struct Bar {
    label: String,
    low: f64,
    middle: f64,
    high: Option<f64>,
    /// The numbers, as they may be shown.
    told: String,
    color: &'static str,
}

/// The chart as a standalone SVG document.
pub fn render(analysis: &Analysis, context: &Context, language: Language) -> String {
    let bars = bars(analysis, context, language);
    let floor = (analysis.table.seen() as f64).max(1.0);
    let largest = bars.iter().map(|b| b.high.unwrap_or(b.middle)).fold(floor * 2.0, f64::max) * 1.1;
    let (from, to) = ((floor * 0.8).max(0.5).log10(), largest.log10());
    let x = |n: f64| LEFT + (n.max(1e-9).log10() - from) / (to - from) * PLOT;
    let longest = bars.iter().map(|b| b.told.chars().count()).max().unwrap_or(0);
    let width = LEFT + PLOT + LEAST_RIGHT.max(24.0 + CHARACTER * longest as f64);
    let sentence = analysis.sentence(context).of(language).to_owned();
    let heading = wrapped(&sentence);
    let top = LINE * heading.len() as f64 + 34.0;
    let height = top + ROW * bars.len() as f64 + FOOT;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        escape(&sentence)
    );
    for (i, line) in heading.iter().enumerate() {
        let y = 22.0 + LINE * i as f64;
        let _ = writeln!(out, "<text x=\"12\" y=\"{y:.1}\" font-size=\"14\">{}</text>", escape(line));
    }
    let bottom = height - FOOT;
    axis(&mut out, &spaced(&ticks(from, to), &x), &x, (top, bottom), language);
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"{:.1}\" fill=\"#555\">{}</text>",
        bottom + 42.0,
        escape(&legend(analysis, context, language))
    );
    let at = x(floor);
    let _ = writeln!(
        out,
        "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\" stroke=\"#b00\" stroke-width=\"2\"/>",
        top - 8.0
    );
    for (i, bar) in bars.iter().enumerate() {
        draw(&mut out, bar, top + ROW * (i as f64 + 0.5), &x);
    }
    out.push_str("</svg>\n");
    out
}

/// What is drawn, in words: under a refusal nothing drawn is an answer.
fn legend(analysis: &Analysis, context: &Context, language: Language) -> String {
    let (unit, unit_fr) = units(context);
    let text = match (language, analysis.recommended.is_some()) {
        (Language::English, true) => {
            format!("{unit}, logarithmic; dot: middle, bar: nominal 95% interval or range, red: seen")
        }
        (Language::English, false) => {
            format!("{unit}, logarithmic; gray: what each method says, none of it stands; red: seen")
        }
        (Language::French, true) => format!(
            "{unit_fr}, échelle logarithmique ; point : milieu, trait : intervalle à 95 % nominal ou étendue, rouge : vu"
        ),
        (Language::French, false) => format!(
            "{unit_fr}, échelle logarithmique ; gris : ce que dit chaque méthode, rien n'est retenu ; rouge : vu"
        ),
    };
    shortened(&text, 110)
}

fn axis(
    out: &mut String,
    ticks: &[f64],
    x: &dyn Fn(f64) -> f64,
    (top, bottom): (f64, f64),
    language: Language,
) {
    for &tick in ticks {
        let at = x(tick);
        let _ = writeln!(
            out,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\" stroke=\"#ddd\"/>"
        );
        let _ = writeln!(
            out,
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{}</text>",
            bottom + 18.0,
            whole(tick, language)
        );
    }
}

/// A sentence in lines that fit the width; a word that is longer than a line is cut.
fn wrapped(sentence: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in sentence.split_whitespace() {
        let word: String = word.chars().take(HEADING).collect();
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + 1 + word.chars().count() > HEADING {
            lines.push(word);
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(&word);
        }
    }
    lines
}

/// The ticks whose labels do not touch, from the left.
fn spaced(ticks: &[f64], x: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let mut kept: Vec<f64> = Vec::new();
    for &tick in ticks {
        if kept.last().is_none_or(|&last| x(tick) - x(last) >= LABEL) {
            kept.push(tick);
        }
    }
    kept
}

fn draw(out: &mut String, bar: &Bar, y: f64, x: &dyn Fn(f64) -> f64) {
    let edge = LEFT + PLOT;
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
    let _ = writeln!(out, "<circle cx=\"{middle:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\"/>");
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{color}\">{}</text>",
        edge + 12.0,
        y + 4.0,
        escape(&bar.told)
    );
}

fn bars(analysis: &Analysis, context: &Context, language: Language) -> Vec<Bar> {
    let seen = analysis.table.seen();
    let floor = seen as f64;
    let words = match language {
        Language::English => ["floor (seen)", "recommended", "claimed"],
        Language::French => ["plancher (vu)", "recommandé", "affirmé"],
    };
    let point = |label: String, at: f64, color| {
        let told = whole(at, language);
        Bar { label, low: at, middle: at, high: Some(at), told, color }
    };
    let mut bars = vec![point(words[0].to_owned(), floor, "#b00")];
    for e in
        analysis.estimates.iter().filter(|e| !e.method.starts_with("Chapman") || analysis.table.width() == 2)
    {
        let middle = e.estimate.max(floor);
        let low = e.low.unwrap_or(middle).max(floor);
        let high = e.high.map_or_else(|| "∞".to_owned(), |h| shown(h, seen, language));
        bars.push(Bar {
            label: shortened(&method_label(&e.method, language), 32),
            low,
            middle,
            high: e.high,
            told: format!("{} ({} – {high})", shown(middle, seen, language), shown(low, seen, language)),
            color: if analysis.recommended.is_some() { "#36c" } else { "#888" },
        });
    }
    if let Some(r) = &analysis.recommended {
        bars.push(Bar {
            label: words[1].to_owned(),
            low: r.low,
            middle: r.estimate,
            high: Some(r.high),
            told: format!("{} – {}", shown_low(r.low, seen, language), shown_high(r.high, seen, language)),
            color: "#070",
        });
    }
    let claims = context.claims.iter().filter(|c| c.is_finite() && **c > 0.0);
    bars.extend(claims.map(|&claim| point(words[2].to_owned(), claim, "#a60")));
    bars
}

/// Names of lists are others' text, as long as they like. A letter beyond the Latin, Greek and Cyrillic ones may be twice as wide.
fn shortened(label: &str, most: usize) -> String {
    let wide = |c: char| if u32::from(c) < 0x1100 { 1 } else { 2 };
    let mut room = most;
    let mut out = String::new();
    for c in label.chars().filter(|&c| !steers(c)) {
        if room <= wide(c) {
            out.push('…');
            break;
        }
        room -= wide(c);
        out.push(c);
    }
    out
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
    for c in text.chars().filter(|&c| !steers(c)) {
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
