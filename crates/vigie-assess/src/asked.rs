//! Which packs this evidence has something to say about, and whose traces count for which pack.

use vigie_model::Time;
use vigie_model::assessment::{NotAsked, PackVerdict};
use vigie_model::exposure::{Exposure, ExposureState};
use vigie_model::finding::Statement;
use vigie_model::pack::{Pack, Product, Seen, Window};
use vigie_model::rule::Stage;

use crate::findings::Trace;

/// Whether a pack's rules, by the pack's id, may count for `pack`: its own, and those of the packs that it uses.
pub(crate) fn owns(pack: &Pack, owner: &str) -> bool {
    pack.id == owner || pack.uses.iter().any(|used| used == owner)
}

/// Whether a trace counts for a campaign: those of its own rules always; what anybody does after an entry, on the
/// days at risk. A web shell of 2023 says nothing of a campaign of 2021 against a server that was fixed in between.
pub(crate) fn speaks_of(pack: &Pack, exposure: &Exposure, last: Option<Time>, trace: &Trace<'_>) -> bool {
    let Some(owner) = trace.rule.pack.as_deref() else { return false };
    if pack.id == owner {
        return true;
    }
    // What lies on a server of one product says nothing of campaigns against another.
    let Some(window) = pack.window.as_ref().filter(|_| pack.product == Product::Exchange) else {
        return false;
    };
    let begun = last.is_none_or(|last| last.day() >= window.from);
    begun && owns(pack, owner) && at_risk(window, exposure, trace)
}

fn at_risk(window: &Window, exposure: &Exposure, trace: &Trace<'_>) -> bool {
    let open = match exposure.state {
        ExposureState::NotExposed => return false,
        ExposureState::Exposed | ExposureState::Unpatched => true,
        ExposureState::Unknown => false,
    };
    // What has no time could have come in while the server was open, where it is known to have been. A file's own time
    // is that of its last copy, or what an attacker set.
    let Some(time) = trace.hit.time.filter(|_| !trace.hit.stream.starts_with("web.root")) else {
        return open;
    };
    let unfixed = open && exposure.patched_at.is_none_or(|fixed| time <= fixed);
    time.day() >= window.from && (time.day() <= window.until || unfixed)
}

/// Parts the packs that are asked from those that are not: see [`reason`]. When that leaves none, all are asked.
pub(crate) fn split(
    packs: &[Pack],
    span: (Option<Time>, Option<Time>),
    judged: Vec<PackVerdict>,
) -> (Vec<PackVerdict>, Vec<NotAsked>) {
    let mut asked = Vec::new();
    let mut not_asked = Vec::new();
    for (pack, verdict) in packs.iter().zip(judged) {
        match reason(pack, &verdict.exposure, span).filter(|_| verdict.stage == Stage::NoTrace) {
            Some(reason) => not_asked.push((verdict, reason)),
            None => asked.push(verdict),
        }
    }
    asked.sort_by_key(PackVerdict::weight);
    if asked.is_empty() {
        return (not_asked.into_iter().map(|(verdict, _)| verdict).collect(), Vec::new());
    }
    let named = |(verdict, reason): (PackVerdict, Statement)| NotAsked {
        pack: verdict.pack,
        title: verdict.title,
        reason,
    };
    (asked, not_asked.into_iter().map(named).collect())
}

/// Why a pack of which nothing was found is not asked of this evidence: it is about another product or no campaign, its
/// traces lie elsewhere, or the campaign began after the evidence ends, or was over before it begins and the
/// server holds the fix.
fn reason(
    pack: &Pack,
    exposure: &Exposure,
    (first, last): (Option<Time>, Option<Time>),
) -> Option<Statement> {
    match pack.product {
        Product::Exchange => {}
        Product::SharePoint => return Some(Statement::new("other_product").with("product", "SharePoint")),
    }
    let Some(window) = &pack.window else { return Some(Statement::new("no_campaign")) };
    let (first, last) = (first?.day(), last?.day());
    if last < window.from {
        return Some(Statement::new("began_later").with("from", window.from).with("last", last));
    }
    match pack.seen {
        Seen::OnTheServer => {}
        Seen::Elsewhere => return Some(elsewhere(exposure)),
    }
    let fixed = !exposure.builds.is_empty() && exposure.builds.iter().all(|build| build.fixed == Some(true));
    (first > window.until && fixed)
        .then(|| Statement::new("over_before").with("until", window.until).with("first", first))
}

fn elsewhere(exposure: &Exposure) -> Statement {
    let open = exposure.builds.iter().rfind(|build| build.fixed == Some(false));
    let fixed = exposure.builds.iter().rfind(|build| build.fixed == Some(true));
    match (open, fixed, exposure.state) {
        (_, _, ExposureState::NotExposed) => Statement::new("elsewhere_not_open"),
        (_, Some(fixed), _) => Statement::new("elsewhere_fixed").with("build", &fixed.build),
        (Some(open), None, _) => Statement::new("elsewhere_open").with("build", &open.build),
        (None, None, _) => Statement::new("elsewhere_unknown"),
    }
}
