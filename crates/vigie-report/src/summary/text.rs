//! The summary for a terminal: counts, one line a server, and what several servers share.

use std::io;

use vigie_model::verdict::Verdict;

use super::{Server, Shared, SharedKind, Summary, covered_percent, next_line};
use crate::catalog::{self, fill};
use crate::escape::{self, clip, shown};
use crate::render::text::wrap;
use crate::{Color, Lang, Style, tell};

/// Shared things told; `summary.json` holds them all.
const SHARED_MAX: usize = 20;
/// Servers named beside a shared thing.
const NAMES_MAX: usize = 6;

/// Writes it.
pub fn text(summary: &Summary, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let lang = style.lang;
    let mut lines: Vec<String> = Vec::new();
    if summary.servers.is_empty() {
        lines.push(catalog::text(lang, "summary.empty").to_owned());
    } else {
        let servers = tell::counted(lang, "ui.server_count", summary.servers.len() as u64);
        lines.push(fill(lang, "summary.title", &[("servers", &servers)]));
        lines.push(String::new());
        for count in summary.counts.iter().filter(|count| count.servers > 0) {
            let word = tell::verdict(lang, count.verdict);
            lines.push(format!(
                "{:>6}  {}",
                tell::count(lang, count.servers),
                paint(style, count.verdict, word)
            ));
        }
        table(summary, style, &mut lines);
        shared(summary, style, &mut lines);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    out.write_all(text.as_bytes())
}

fn paint(style: &Style, verdict: Verdict, text: &str) -> String {
    let code = match verdict {
        Verdict::Compromised | Verdict::PresumedCompromised => "31",
        Verdict::InsufficientEvidence | Verdict::Attempted => "33",
        Verdict::NoEvidence | Verdict::NotExposed => "32",
    };
    match style.color {
        Color::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        Color::Never => text.to_owned(),
    }
}

/// Servers under their verdict, so that the verdict is said once and the line has room for the rest.
fn table(summary: &Summary, style: &Style, lines: &mut Vec<String>) {
    let lang = style.lang;
    let longest =
        summary.servers.iter().map(|server| escape::name(&server.name).chars().count()).max().unwrap_or(0);
    let host_width = longest.clamp(6, 24);
    for group in summary.servers.chunk_by(|a, b| a.verdict == b.verdict) {
        let Some(first) = group.first() else { continue };
        lines.push(String::new());
        lines.push(paint(style, first.verdict, &tell::verdict(lang, first.verdict).to_uppercase()));
        for server in group {
            lines.push(row(server, style, host_width));
        }
    }
}

/// A name cut in its middle: `MAIL01 (hotel…mised.zip)` tells servers apart by both of its ends.
fn middle(name: &str, width: usize) -> String {
    let chars: Vec<char> = name.chars().collect();
    if chars.len() <= width {
        return name.to_owned();
    }
    let head = width.saturating_sub(1).div_ceil(2);
    let tail = chars.len().saturating_sub(width.saturating_sub(1) - head);
    let part = |range: &[char]| range.iter().collect::<String>();
    format!("{}…{}", part(&chars[..head]), part(&chars[tail..]))
}

fn row(server: &Server, style: &Style, host_width: usize) -> String {
    let lang = style.lang;
    let host = middle(&escape::name(&server.name), host_width);
    let stage = tell::stage(lang, server.stage);
    let covered = covered_percent(server.coverage).map_or_else(
        || catalog::text(lang, "ui.unknown").to_owned(),
        |percent| fill(lang, "summary.covered", &[("percent", &percent.to_string())]),
    );
    let patched = server.patched_at.map_or_else(
        || "—".to_owned(),
        |time| fill(lang, "ui.patched_on", &[("when", &time.day().to_string())]),
    );
    let start = format!("  {host:<host_width$}  {stage:<14}  {covered:<14}  {patched:<17}");
    let room = style.width.clamp(60, 200).saturating_sub(start.chars().count() + 2);
    let next = next_line(server, style, shown);
    if room < 24 {
        let room = style.width.clamp(60, 200).saturating_sub(host_width + 6);
        if next.is_empty() {
            return start.trim_end().to_owned();
        }
        format!("{}\n  {:host_width$}  → {}", start.trim_end(), "", clip(&next, room.saturating_sub(2)))
    } else {
        format!("{start}  {}", clip(&next, room.saturating_sub(1)))
    }
}

fn shared(summary: &Summary, style: &Style, lines: &mut Vec<String>) {
    let lang = style.lang;
    lines.push(String::new());
    lines.push(catalog::text(lang, "summary.shared").to_uppercase());
    if summary.shared.is_empty() {
        lines.push(format!("  {}", catalog::text(lang, "summary.shared_none")));
    }
    for one in summary.shared.iter().take(SHARED_MAX) {
        let head =
            format!("{} {}: {}", kind(lang, one.kind), on_servers(lang, one), clip(&shown(&one.value), 160));
        let width = style.width.clamp(60, 200).saturating_sub(6);
        let (head, names) = (wrap(&head, width), wrap(&names(one), width));
        for (index, line) in head.iter().chain(&names).enumerate() {
            lines.push(format!("{}{line}", if index == 0 { "  " } else { "      " }));
        }
    }
    if let Some(more) = summary.shared.len().checked_sub(SHARED_MAX).filter(|more| *more > 0) {
        lines.push(format!("  {}", tell::counted(lang, "summary.more_shared", more as u64)));
    }
}

fn names(shared: &Shared) -> String {
    let mut names: Vec<String> =
        shared.servers.iter().take(NAMES_MAX).map(|host| middle(&escape::name(host), 24)).collect();
    if shared.servers.len() > NAMES_MAX {
        names.push("…".to_owned());
    }
    names.join(", ")
}

pub(super) fn kind(lang: Lang, kind: SharedKind) -> &'static str {
    match kind {
        SharedKind::Payload => catalog::text(lang, "summary.payload"),
        SharedKind::Object => catalog::text(lang, "summary.object"),
        SharedKind::Address => catalog::text(lang, "summary.address"),
    }
}

pub(super) fn on_servers(lang: Lang, shared: &Shared) -> String {
    let servers = tell::counted(lang, "ui.server_count", shared.servers.len() as u64);
    fill(lang, "summary.on_servers", &[("servers", &servers)])
}

#[cfg(test)]
mod tests {
    use super::middle;

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(middle("MAIL01 (hotel-compromised.zip)", 24), "MAIL01 (hote…omised.zip)");
        assert_eq!(middle("MAIL01", 24), "MAIL01");
        assert_eq!(middle("été-été", 3), "é…é");
    }
}
