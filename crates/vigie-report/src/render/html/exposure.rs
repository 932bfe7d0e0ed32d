//! Was the server open, and who came: builds with their times, the fix, the addresses and accounts.

use vigie_model::assessment::{Actor, PackVerdict};
use vigie_model::exposure::BuildSeen;
use vigie_model::hit::EvidencePlace;

use super::{View, shell, story};
use crate::catalog::fill;
use crate::escape::shown;
use crate::markup::Page;
use crate::{Role, intrusions, tell};

/// Actors in the table.
const ACTORS_MAX: usize = 500;
/// Findings named beside an actor.
const LINKS_MAX: usize = 8;

pub(super) fn exposure(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    page.leaf("p", &[("class", "intro")], view.t("intro.exposure"));
    for verdict in view.assessment.by_rank() {
        story::pack_heading(view, verdict, page);
        let exposure = &verdict.exposure;
        let open = match (exposure.from, exposure.to) {
            (Some(from), Some(to)) => tell::span(lang, from, to),
            (Some(day), None) | (None, Some(day)) => tell::date(lang, day),
            (None, None) => String::new(),
        };
        let patched = exposure
            .patched_at
            .map_or_else(|| view.t("ui.not_patched").to_owned(), |time| tell::moment(lang, time));
        let proof = exposure.reachable_proof.as_ref();
        let reachable = tell::reachable(lang, exposure.reachable).to_owned();
        let rows = [
            ("label.exposure", tell::exposure(lang, exposure.state).to_owned()),
            ("label.open", open),
            ("label.patched_at", patched),
            ("label.reachable", reachable),
            ("col.proof", proof.map(|proof| place(view, proof)).unwrap_or_default()),
        ];
        shell::facts(lang, &rows, page);
        builds(view, verdict, page);
        if view.role == Role::Authority && !exposure.notes.is_empty() {
            page.within("ul", &[("class", "reasons notes")], |page| {
                for note in &exposure.notes {
                    page.leaf("li", &[], &tell::statement(lang, note, shown));
                }
            });
        }
    }
}

/// A place in the evidence on one line.
pub(super) fn place(view: &View<'_>, evidence: &EvidencePlace) -> String {
    format!("{}, {}", evidence.path, tell::place(view.lang, &evidence.place))
}

fn builds(view: &View<'_>, verdict: &PackVerdict, page: &mut Page) {
    let builds = &verdict.exposure.builds;
    if builds.is_empty() {
        return;
    }
    let columns = ["col.build", "col.version", "col.from", "col.to", "col.fixed", "col.proof"];
    shell::table(view.lang, &columns, page, |page| {
        for build in builds {
            build_row(view, build, page);
        }
    });
}

fn build_row(view: &View<'_>, build: &BuildSeen, page: &mut Page) {
    let fixed = match build.fixed {
        Some(true) => view.t("ui.yes"),
        Some(false) => view.t("ui.no"),
        None => view.t("ui.unknown"),
    };
    page.within("tr", &[], |page| {
        page.leaf("td", &[("class", "code")], &build.build);
        page.leaf("td", &[], &build.name);
        page.leaf("td", &[("class", "time")], &build.from.map(tell::stamp).unwrap_or_default());
        page.leaf("td", &[("class", "time")], &build.to.map(tell::stamp).unwrap_or_default());
        page.leaf("td", &[], fixed);
        page.leaf("td", &[("class", "code small")], &place(view, &build.proof));
    });
}

pub(super) fn actors(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    page.leaf("p", &[("class", "intro")], view.t("intro.who"));
    intrusions(view, page);
    for verdict in view.assessment.by_rank().into_iter().filter(|verdict| !verdict.actors.is_empty()) {
        story::pack_heading(view, verdict, page);
        let mut actors: Vec<&Actor> = verdict.actors.iter().collect();
        actors.sort_by_key(|actor| (actor.kind, std::cmp::Reverse(actor.stage)));
        if actors.len() > ACTORS_MAX {
            let (shown, total) =
                (tell::count(lang, ACTORS_MAX as u64), tell::count(lang, actors.len() as u64));
            page.leaf(
                "p",
                &[("class", "small")],
                &fill(lang, "ui.rows_shown", &[("shown", &shown), ("total", &total)]),
            );
        }
        let columns =
            ["col.actor", "col.kind", "col.stage", "col.from", "col.to", "col.events", "col.findings"];
        shell::table(lang, &columns, page, |page| {
            for actor in actors.iter().take(ACTORS_MAX) {
                actor_row(view, actor, page);
            }
        });
    }
}

/// Which attackers belong together, where that says more than the list of them.
fn intrusions(view: &View<'_>, page: &mut Page) {
    let (lang, told) = (view.lang, intrusions::worth_telling(view.assessment));
    if told.is_empty() {
        return;
    }
    page.leaf("p", &[], &intrusions::heading(lang, told));
    let columns =
        ["col.intrusion", "col.actor", "col.stage", "col.from", "col.to", "col.tied", "col.findings"];
    shell::table(lang, &columns, page, |page| {
        for intrusion in told.iter().take(ACTORS_MAX) {
            let class = format!("stage-{}", tell::stage_key(intrusion.stage));
            page.within("tr", &[("class", &class)], |page| {
                page.leaf("td", &[("class", "code")], &shown(&intrusion.id));
                page.leaf("td", &[("class", "code who")], &shown(&intrusion.actors.join(", ")));
                page.leaf("td", &[("class", "step")], tell::stage(lang, intrusion.stage));
                page.leaf("td", &[("class", "time")], &intrusion.first.map(tell::stamp).unwrap_or_default());
                page.leaf("td", &[("class", "time")], &intrusion.last.map(tell::stamp).unwrap_or_default());
                let ties = intrusions::ties(lang, intrusion, shown);
                page.leaf("td", &[], if ties.is_empty() { view.t("ui.alone") } else { &ties });
                finding_links(view, &intrusion.findings, page);
            });
        }
    });
}

/// A cell with links to findings, the first few of them.
fn finding_links(view: &View<'_>, findings: &[String], page: &mut Page) {
    page.within("td", &[], |page| {
        for id in findings.iter().take(LINKS_MAX) {
            view.link(id, id, page);
            page.text(" ");
        }
        if let Some(more) = findings.len().checked_sub(LINKS_MAX).filter(|more| *more > 0) {
            page.text(&fill(view.lang, "ui.and_more", &[("n", &more.to_string())]));
        }
    });
}

fn actor_row(view: &View<'_>, actor: &Actor, page: &mut Page) {
    let lang = view.lang;
    let class = format!("stage-{}", tell::stage_key(actor.stage));
    page.within("tr", &[("class", &class)], |page| {
        page.leaf("td", &[("class", "code who")], &shown(&actor.name));
        page.leaf("td", &[], tell::actor(lang, actor.kind));
        page.leaf("td", &[("class", "step")], tell::stage(lang, actor.stage));
        page.leaf("td", &[("class", "time")], &actor.first.map(tell::stamp).unwrap_or_default());
        page.leaf("td", &[("class", "time")], &actor.last.map(tell::stamp).unwrap_or_default());
        page.leaf("td", &[("class", "figure")], &tell::count(lang, actor.events));
        finding_links(view, &actor.findings, page);
    });
}
