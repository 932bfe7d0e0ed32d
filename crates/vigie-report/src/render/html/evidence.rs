//! What the report stands on: the files, what could not be read, the rules, and how the report was made.

use vigie_model::evidence::ManifestEntry;
use vigie_model::rule::Liveness;

use super::{View, shell};
use crate::catalog::fill;
use crate::escape::{self, shown};
use crate::markup::Page;
use crate::tell;

/// Rows of the longest tables; `assessment.json` holds them all.
const ROWS_MAX: usize = 2_000;
/// Streams named beside a rule.
const BOUND_MAX: usize = 6;

fn rows_note(view: &View<'_>, total: usize, page: &mut Page) {
    if total > ROWS_MAX {
        let (shown, total) = (tell::count(view.lang, ROWS_MAX as u64), tell::count(view.lang, total as u64));
        page.leaf(
            "p",
            &[("class", "small")],
            &fill(view.lang, "ui.rows_shown", &[("shown", &shown), ("total", &total)]),
        );
    }
}

pub(super) fn diagnostics(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let all = &view.assessment.diagnostics;
    rows_note(view, all.len(), page);
    let columns = ["col.file", "col.code", "col.what", "col.count", "col.size", "col.means"];
    shell::table(lang, &columns, page, |page| {
        for item in all.iter().take(ROWS_MAX) {
            page.within("tr", &[], |page| {
                let place = if item.place.is_empty() {
                    item.path.clone()
                } else {
                    format!("{}, {}", item.path, tell::place(lang, &item.place))
                };
                page.leaf("td", &[("class", "code small")], &place);
                page.leaf("td", &[("class", "code")], item.code.id());
                page.within("td", &[], |page| {
                    page.text(tell::code_title(lang, item.code));
                    page.text(" ");
                    page.leaf("span", &[("class", "muted small")], &shown(&item.message));
                });
                page.leaf("td", &[("class", "figure")], &tell::count(lang, item.count));
                page.leaf("td", &[("class", "figure")], &tell::size(lang, item.bytes));
                page.leaf("td", &[("class", "small")], tell::code_help(lang, item.code));
            });
        }
    });
}

pub(super) fn manifest(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let all = &view.assessment.manifest;
    let size = all.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
    let read = all.iter().filter(|entry| entry.artifact.is_some()).count() as u64;
    let values = [
        ("files", tell::counted(lang, "phrase.files", all.len() as u64)),
        ("size", tell::size(lang, size)),
        ("read", tell::count(lang, read)),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    page.leaf("p", &[("class", "intro")], view.t("intro.manifest"));
    page.leaf("p", &[], &fill(lang, "label.files_total", &values));
    rows_note(view, all.len(), page);
    let columns = ["col.file", "col.size", "col.read_as", "col.events", "col.rejected", "col.sha256"];
    shell::table(lang, &columns, page, |page| {
        for entry in all.iter().take(ROWS_MAX) {
            manifest_row(view, entry, page);
        }
    });
}

fn manifest_row(view: &View<'_>, entry: &ManifestEntry, page: &mut Page) {
    let lang = view.lang;
    page.within("tr", &[], |page| {
        page.leaf("td", &[("class", "code small")], &entry.path);
        page.leaf("td", &[("class", "figure")], &tell::size(lang, entry.size));
        page.within("td", &[], |page| {
            page.leaf("span", &[("class", "code")], entry.artifact.as_deref().unwrap_or("—"));
            page.leaf("span", &[("class", "muted small")], entry.unread.as_deref().unwrap_or(""));
        });
        page.leaf("td", &[("class", "figure")], &tell::count(lang, entry.events));
        let rejected =
            if entry.rejected_bytes == 0 { "—".to_owned() } else { tell::size(lang, entry.rejected_bytes) };
        page.leaf("td", &[("class", "figure")], &rejected);
        page.leaf("td", &[("class", "hash")], &escape::name(entry.sha256.as_deref().unwrap_or("—")));
    });
}

/// Whether a rule stands in a group.
type Belongs = fn(&Liveness) -> bool;

pub(super) fn rules(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let a = view.assessment;
    page.leaf("p", &[("class", "intro")], view.t("intro.rules"));
    let live = a.rules.iter().filter(|rule| rule.cannot_fire.is_none()).count() as u64;
    let (live, total) = (tell::count(lang, live), tell::count(lang, a.rules.len() as u64));
    page.leaf("p", &[], &fill(lang, "label.rules_live", &[("live", &live), ("total", &total)]));
    if !a.not_loaded.is_empty() {
        page.leaf("h3", &[], view.t("label.not_loaded"));
        page.within("ul", &[("class", "plain")], |page| {
            for item in &a.not_loaded {
                page.leaf("li", &[], &format!("{} — {}", item.source, item.reason));
            }
        });
    }
    let groups: [(&'static str, Belongs); 3] = [
        ("label.rules_matched", |rule| rule.matched > 0),
        ("label.rules_quiet", |rule| rule.matched == 0 && rule.cannot_fire.is_some()),
        ("label.rules_silent", |rule| rule.matched == 0 && rule.cannot_fire.is_none()),
    ];
    for (title, belongs) in groups {
        let group: Vec<&Liveness> = a.rules.iter().filter(|rule| belongs(rule)).collect();
        if !group.is_empty() {
            page.leaf("h3", &[], &format!("{} ({})", view.t(title), tell::count(lang, group.len() as u64)));
            rules_table(view, &group, page);
        }
    }
}

fn rules_table(view: &View<'_>, rules: &[&Liveness], page: &mut Page) {
    let lang = view.lang;
    rows_note(view, rules.len(), page);
    let columns = ["col.rule", "col.level", "col.evaluated", "col.matched", "col.silent"];
    shell::table(lang, &columns, page, |page| {
        for rule in rules.iter().take(ROWS_MAX) {
            page.within("tr", &[], |page| {
                page.within("td", &[], |page| {
                    page.leaf("span", &[], &shown(&rule.title));
                    page.leaf("span", &[("class", "muted code small")], &shown(&rule.id));
                });
                page.leaf("td", &[], tell::level(lang, rule.level));
                page.leaf("td", &[("class", "figure")], &tell::count(lang, rule.evaluated));
                page.leaf("td", &[("class", "figure")], &tell::count(lang, rule.matched));
                let bound: Vec<&str> = rule.bound.iter().take(BOUND_MAX).map(String::as_str).collect();
                let why = rule.cannot_fire.clone().unwrap_or_else(|| bound.join(", "));
                page.leaf("td", &[("class", "small")], &shown(&why));
            });
        }
    });
}

pub(super) fn annex(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let a = view.assessment;
    let rows = [
        ("label.host", view.host()),
        ("label.host_from", tell::host_from(lang, &a.host_from)),
        ("label.tool", format!("{} {}", a.tool.name, a.tool.version)),
        ("label.command", a.tool.command.clone()),
        ("label.schema", a.schema.clone()),
        ("label.tlp", format!("TLP:{}", a.tool.tlp.to_uppercase())),
    ];
    shell::facts(lang, &rows, page);
    page.leaf("h3", &[], view.t("label.packs"));
    page.within("ul", &[("class", "plain")], |page| {
        for pack in &a.packs {
            page.within("li", &[], |page| {
                let (rules, indicators) = (tell::count(lang, pack.rules), tell::count(lang, pack.indicators));
                page.leaf("strong", &[], &format!("{} {}", pack.id, pack.version));
                page.text(" — ");
                page.text(&fill(lang, "label.pack_rules", &[("rules", &rules), ("indicators", &indicators)]));
                page.leaf("span", &[("class", "hash")], &format!("SHA-256 {}", pack.sha256));
            });
        }
    });
}
