//! Each finding, opened to its proofs: file, place, hash, rule, and the values as they were read.

use std::collections::BTreeMap;

use vigie_model::finding::{Finding, Proof};

use super::{View, exposure, shell};
use crate::catalog::fill;
use crate::escape::{clip, shown};
use crate::markup::{Page, anchor};
use crate::tell;

/// Findings on the page; `assessment.json` holds them all.
pub(super) const FINDINGS_MAX: usize = 1_000;
/// Ties told, and findings named with each; `assessment.json` holds them all.
const TIES_MAX: usize = 20;
/// Characters shown of one field; `assessment.json` holds it all.
const FIELD_MAX: usize = 1_500;

pub(super) fn findings(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let all = &view.assessment.findings;
    page.leaf("p", &[("class", "intro")], view.t("intro.findings"));
    if all.len() > FINDINGS_MAX {
        let (shown, total) = (tell::count(lang, FINDINGS_MAX as u64), tell::count(lang, all.len() as u64));
        page.leaf(
            "p",
            &[("class", "small")],
            &fill(lang, "ui.rows_shown", &[("shown", &shown), ("total", &total)]),
        );
    }
    for finding in all.iter().take(FINDINGS_MAX) {
        article(view, finding, page);
    }
}

/// Attributes of a part that a responder sees open and others open themselves.
fn folded<'a>(view: &View<'_>, class: &'a str) -> Vec<(&'static str, &'a str)> {
    // On paper a claim is told, and its proofs only if they were open.
    let print = if class == "proofs" { "as-is" } else { "open" };
    let mut attributes = vec![("class", class), ("data-print", print)];
    if view.opens_proofs() {
        attributes.push(("open", ""));
    }
    attributes
}

fn article(view: &View<'_>, finding: &Finding, page: &mut Page) {
    let lang = view.lang;
    let id = anchor("finding", &finding.id);
    let class = format!("finding stage-{}", tell::stage_key(finding.stage));
    page.within("article", &[("class", &class), ("id", &id)], |page| {
        page.within("details", &folded(view, "claim"), |page| {
            page.within("summary", &[], |page| {
                page.leaf("h3", &[], &tell::finding_title(lang, finding));
                page.within("span", &[("class", "line")], |page| {
                    page.leaf("span", &[("class", "id")], &finding.id);
                    page.leaf("span", &[("class", "step")], tell::stage(lang, finding.stage));
                    let when = finding.time.map_or_else(|| "—".to_owned(), |time| tell::moment(lang, time));
                    page.leaf("span", &[], &when);
                    page.leaf("span", &[], &tell::counted(lang, "phrase.events", finding.events));
                });
            });
            page.leaf("p", &[], &tell::finding_description(lang, finding));
            shell::facts(lang, &details(view, finding), page);
            joins(view, finding, page);
            proofs(view, finding, page);
        });
    });
}

fn details(view: &View<'_>, finding: &Finding) -> Vec<(&'static str, String)> {
    let lang = view.lang;
    let way = finding.way.as_deref().map(|id| way_title(view, id)).unwrap_or_default();
    vec![
        ("label.actor", finding.actor.as_deref().map(shown).unwrap_or_default()),
        ("label.object", clip(&finding.object.as_deref().map(shown).unwrap_or_default(), FIELD_MAX)),
        ("label.first", finding.time.map(|time| time.to_string()).unwrap_or_default()),
        ("label.last", finding.last.map(|time| time.to_string()).unwrap_or_default()),
        ("label.way", way),
        ("label.level", tell::level(lang, finding.level).to_owned()),
        ("label.confidence", tell::confidence(lang, finding.confidence).to_owned()),
        ("label.attack", finding.attack.join(", ")),
        ("ui.file_whole", finding.sha256.clone().unwrap_or_default()),
    ]
}

fn way_title(view: &View<'_>, id: &str) -> String {
    let ways = || view.assessment.verdicts.iter().flat_map(|verdict| &verdict.ways);
    ways().find(|way| way.way == id).map_or_else(|| id.to_owned(), |way| tell::local(view.lang, &way.title))
}

/// What ties this finding to others, each tie once with all that it leads to.
fn joins(view: &View<'_>, finding: &Finding, page: &mut Page) {
    let mut ties: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for join in &finding.joined {
        ties.entry((&join.by, &join.value)).or_default().push(&join.finding);
    }
    if ties.is_empty() {
        return;
    }
    page.within("ul", &[("class", "joins")], |page| {
        for ((by, value), others) in ties.iter().take(TIES_MAX) {
            page.within("li", &[], |page| {
                page.text(&fill(view.lang, "ui.joined_to", &[("by", &tell::join(view.lang, by))]));
                page.text(" ");
                page.leaf("code", &[], &clip(&shown(value), 160));
                for other in others.iter().take(TIES_MAX) {
                    page.text(" ");
                    view.link(other, other, page);
                }
                if let Some(more) = others.len().checked_sub(TIES_MAX).filter(|more| *more > 0) {
                    page.text(" ");
                    page.text(&fill(view.lang, "ui.and_more", &[("n", &more.to_string())]));
                }
            });
        }
    });
}

fn proofs(view: &View<'_>, finding: &Finding, page: &mut Page) {
    let lang = view.lang;
    if (finding.proofs.len() as u64) < finding.events {
        let kept = tell::count(lang, finding.proofs.len() as u64);
        let events = tell::count(lang, finding.events);
        page.leaf(
            "p",
            &[("class", "small")],
            &fill(lang, "ui.proofs_kept", &[("kept", &kept), ("events", &events)]),
        );
    }
    page.within("details", &folded(view, "proofs"), |page| {
        page.leaf("summary", &[], &tell::counted(lang, "ui.proofs_count", finding.proofs.len() as u64));
        for (number, proof) in (1_u64..).zip(&finding.proofs) {
            write_proof(view, number, proof, page);
        }
    });
}

fn write_proof(view: &View<'_>, number: u64, proof: &Proof, page: &mut Page) {
    let lang = view.lang;
    page.within("div", &[("class", "proof")], |page| {
        let title = fill(lang, "ui.proof", &[("number", &tell::count(lang, number))]);
        page.leaf("h4", &[], &format!("{title} — {}", exposure::place(view, &proof.evidence)));
        let rows = [
            ("label.time", proof.time.map(|time| time.to_string()).unwrap_or_default()),
            ("label.artifact", format!("{} — {}", proof.artifact, tell::stream(lang, &proof.artifact))),
            ("label.offset", tell::count(lang, proof.evidence.offset)),
            ("label.sha256", proof.evidence.sha256.clone()),
            ("label.rule", proof.rule_id.clone()),
        ];
        shell::facts(lang, &rows, page);
        if !proof.fields.is_empty() {
            page.within("table", &[("class", "fields")], |page| {
                page.within("tbody", &[], |page| {
                    for (name, value) in &proof.fields {
                        page.within("tr", &[], |page| {
                            page.leaf("th", &[("scope", "row")], name);
                            page.leaf("td", &[], &clip(&shown(value), FIELD_MAX));
                        });
                    }
                });
            });
        }
    });
}
