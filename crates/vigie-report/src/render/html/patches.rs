//! Is the server patched: every known flaw, from when to when it was seen open, with the proof of each end.

use vigie_model::patches::{CveExposure, Seen};

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
    shell::table(lang, &columns, page, |page| {
        for flaw in &level.cves {
            row(view, flaw, page);
        }
    });
    if level.fixed_throughout > 0 {
        page.leaf(
            "p",
            &[("class", "small")],
            &tell::counted(lang, "ui.fixed_throughout", level.fixed_throughout),
        );
    }
}

fn row(view: &View<'_>, flaw: &CveExposure, page: &mut Page) {
    let needs: Vec<String> =
        flaw.conditions.iter().map(|condition| tell::statement(view.lang, condition, shown)).collect();
    page.within("tr", &[], |page| {
        page.leaf("td", &[("class", "code")], &shown(&flaw.cve));
        page.leaf("td", &[], patches::state(view.lang, flaw.state));
        page.leaf("td", &[], &exploited(view, flaw));
        for end in [&flaw.open_first, &flaw.open_last, &flaw.fixed_first] {
            seen(view, end.as_ref(), page);
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

/// One end of the time in which the server was open: when, which build, and where that stands.
fn seen(view: &View<'_>, seen: Option<&Seen>, page: &mut Page) {
    page.within("td", &[("class", "time")], |page| {
        let Some(seen) = seen else { return };
        let time = seen.time.map_or_else(|| view.t("ui.unknown").to_owned(), tell::stamp);
        page.leaf("div", &[], &format!("{time} · {}", shown(&seen.build)));
        page.leaf("div", &[("class", "code small")], &exposure::place(view, &seen.proof));
    });
}
