//! `summary.html`: one page over many servers, in the frame of the reports.

use std::io;

use vigie_model::exposure::ExposureState;

use super::{Server, Summary, covered_percent, next_line, text};
use crate::catalog::{self, fill};
use crate::escape::{clip, shown};
use crate::markup::Page;
use crate::render::html::shell;
use crate::{Style, tell};

/// Shared things on the page; `summary.json` holds them all.
const SHARED_MAX: usize = 200;

/// Writes it.
pub fn html(summary: &Summary, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let lang = style.lang;
    let servers = tell::counted(lang, "ui.server_count", summary.servers.len() as u64);
    let title = fill(lang, "summary.title", &[("servers", &servers)]);
    let frame = shell::Frame { lang, title: &title, tlp: &summary.tlp };
    let mut page = Page::default();
    shell::document(&frame, &mut page, |page| {
        page.within("section", &[("class", "part")], |page| {
            page.leaf("h1", &[], &title);
            page.leaf("p", &[("class", "intro")], catalog::text(lang, "summary.lead"));
            tiles(summary, style, page);
        });
        page.within("section", &[("class", "part servers")], |page| {
            page.leaf("h2", &[], catalog::text(lang, "summary.servers"));
            table(summary, style, page);
        });
        page.within("section", &[("class", "part")], |page| shared(summary, style, page));
    });
    out.write_all(page.into_string().as_bytes())
}

fn tiles(summary: &Summary, style: &Style, page: &mut Page) {
    let lang = style.lang;
    let label = [("class", "tiles"), ("aria-label", catalog::text(lang, "summary.counts"))];
    page.within("ul", &label, |page| {
        for count in &summary.counts {
            page.within("li", &[("class", count.verdict.key())], |page| {
                page.leaf("strong", &[], &tell::count(lang, count.servers));
                page.text(tell::verdict(lang, count.verdict));
            });
        }
    });
}

fn table(summary: &Summary, style: &Style, page: &mut Page) {
    if summary.servers.is_empty() {
        page.leaf("p", &[], catalog::text(style.lang, "summary.empty"));
        return;
    }
    let columns = ["col.server", "col.verdict", "col.stage", "col.coverage", "col.patched", "col.next"];
    shell::table(style.lang, &columns, page, |page| {
        for server in &summary.servers {
            row(server, style, page);
        }
    });
}

fn row(server: &Server, style: &Style, page: &mut Page) {
    let lang = style.lang;
    let class = format!("stage-{}", tell::stage_key(server.stage));
    page.within("tr", &[("class", &class)], |page| {
        page.leaf("td", &[], &server.name);
        page.within("td", &[], |page| {
            let chip = format!("chip {}", server.verdict.key());
            page.leaf("span", &[("class", &chip)], tell::verdict(lang, server.verdict));
        });
        page.leaf("td", &[("class", "step")], tell::stage(lang, server.stage));
        let figures = server.coverage;
        let covered = covered_percent(figures).map_or_else(
            || "—".to_owned(),
            |_| {
                let (covered, days) =
                    (tell::count(lang, figures.days_covered), tell::count(lang, figures.days));
                fill(lang, "ui.days_of", &[("covered", &covered), ("days", &days)])
            },
        );
        page.leaf("td", &[], &covered);
        page.leaf("td", &[], &patched(server, style));
        page.leaf("td", &[], &next_line(server, style, shown));
    });
}

/// When the fix came, or in a word why there is no such day.
fn patched(server: &Server, style: &Style) -> String {
    let lang = style.lang;
    match (server.patched_at, server.exposure) {
        (Some(time), _) => tell::date(lang, time.day()),
        (None, Some(ExposureState::Exposed | ExposureState::Unpatched)) => {
            catalog::text(lang, "ui.no").to_owned()
        }
        (None, Some(state @ ExposureState::NotExposed)) => tell::exposure(lang, state).to_owned(),
        (None, Some(ExposureState::Unknown) | None) => catalog::text(lang, "ui.unknown").to_owned(),
    }
}

fn shared(summary: &Summary, style: &Style, page: &mut Page) {
    let lang = style.lang;
    page.leaf("h2", &[], catalog::text(lang, "summary.shared"));
    if summary.shared.is_empty() {
        page.leaf("p", &[], catalog::text(lang, "summary.shared_none"));
        return;
    }
    page.leaf("p", &[("class", "intro")], catalog::text(lang, "summary.shared_intro"));
    let columns = ["col.kind", "col.value", "col.stage", "col.servers"];
    shell::table(lang, &columns, page, |page| {
        for one in summary.shared.iter().take(SHARED_MAX) {
            let class = format!("stage-{}", tell::stage_key(one.stage));
            page.within("tr", &[("class", &class)], |page| {
                page.leaf("td", &[], text::kind(lang, one.kind));
                page.leaf("td", &[("class", "code")], &clip(&shown(&one.value), 200));
                page.leaf("td", &[("class", "step")], tell::stage(lang, one.stage));
                page.within("td", &[], |page| {
                    page.within("details", &[("data-print", "open")], |page| {
                        page.leaf("summary", &[], &text::on_servers(lang, one));
                        page.text(&one.servers.join(", "));
                    });
                });
            });
        }
    });
    if let Some(more) = summary.shared.len().checked_sub(SHARED_MAX).filter(|more| *more > 0) {
        page.leaf("p", &[("class", "small")], &tell::counted(lang, "summary.more_shared", more as u64));
    }
}
