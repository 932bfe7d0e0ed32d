//! Is the server patched: every known flaw, from when to when it was seen open, with the proof of each end.

use vigie_model::hit::EvidencePlace;
use vigie_model::patches::{CveExposure, PatchLevel, Seen};

use super::{View, exposure, shell};
use crate::escape::shown;
use crate::markup::Page;
use crate::{patches, tell};

pub(super) fn patched(view: &View<'_>, page: &mut Page) {
    let lang = view.lang;
    let Some(level) = &view.assessment.patches else { return };
    page.within("ul", &[("class", "reasons")], |page| {
        for sentence in patches::sentences(lang, view.assessment, shown) {
            page.leaf("li", &[], &sentence);
        }
    });
    page.leaf("p", &[("class", "intro")], view.t("intro.patches"));
    let columns = [
        "col.flaw",
        "col.state",
        "col.exploited",
        "col.open_first",
        "col.open_last",
        "col.closed",
        "col.also_needs",
    ];
    let proofs = proofs(level);
    shell::table(lang, &columns, page, |page| {
        for flaw in &level.cves {
            row(view, flaw, &proofs, page);
        }
    });
    // Two or three places prove nearly all of it: each is named once, below.
    page.within("ol", &[("class", "code small")], |page| {
        for proof in &proofs {
            page.leaf("li", &[], &exposure::place(view, proof));
        }
    });
    if level.fixed_throughout > 0 {
        let free = tell::counted(lang, "ui.fixed_throughout", level.fixed_throughout);
        page.leaf("p", &[("class", "small")], &free);
    }
}

/// The ends of the time in which a flaw was open.
fn ends(flaw: &CveExposure) -> [Option<&Seen>; 3] {
    [flaw.open_first.as_ref(), flaw.open_last.as_ref(), flaw.fixed_first.as_ref()]
}

/// Every place that proves an end, once, in the order of the table.
fn proofs(level: &PatchLevel) -> Vec<&EvidencePlace> {
    let mut found: Vec<&EvidencePlace> = Vec::new();
    for seen in level.cves.iter().flat_map(ends).flatten() {
        if !found.contains(&&seen.proof) {
            found.push(&seen.proof);
        }
    }
    found
}

fn row(view: &View<'_>, flaw: &CveExposure, proofs: &[&EvidencePlace], page: &mut Page) {
    let needs: Vec<String> =
        flaw.conditions.iter().map(|condition| tell::statement(view.lang, condition, shown)).collect();
    page.within("tr", &[], |page| {
        page.leaf("td", &[("class", "code")], &shown(&flaw.cve));
        page.leaf("td", &[], patches::state(view.lang, flaw.state));
        page.leaf("td", &[], &exploited(view, flaw));
        for end in ends(flaw) {
            page.leaf("td", &[], &end.map(|seen| told(view, seen, proofs)).unwrap_or_default());
        }
        page.leaf("td", &[("class", "small")], &needs.join(" "));
    });
}

fn exploited(view: &View<'_>, flaw: &CveExposure) -> String {
    let Some(known) = flaw.exploited else { return String::new() };
    let day = tell::date(view.lang, known.listed);
    let listed = crate::catalog::fill(view.lang, "ui.listed", &[("day", &day)]);
    if known.ransomware { format!("{listed}, {}", view.t("ui.ransomware")) } else { listed }
}

/// One end of the time in which the server was open: when, which build, and the number of the place that proves it.
fn told(view: &View<'_>, seen: &Seen, proofs: &[&EvidencePlace]) -> String {
    let time = seen.time.map_or_else(|| view.t("ui.unknown").to_owned(), tell::stamp);
    let number = proofs.iter().position(|proof| **proof == seen.proof).map_or(0, |place| place + 1);
    format!("{time} {} [{number}]", shown(&seen.build))
}
