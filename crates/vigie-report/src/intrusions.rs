//! Who came, and which attackers belong together: what outputs share.

use std::collections::BTreeMap;

use vigie_model::Assessment;
use vigie_model::assessment::Actor;
use vigie_model::intrusion::{Intrusion, TieKind};

use crate::catalog::{fill, text};
use crate::{Lang, tell};

/// Addresses and ties named in a sentence.
const NAMED_MAX: usize = 4;

/// The intrusions, when there is more to say than the list of actors does: several, or one of several addresses.
pub(crate) fn worth_telling(assessment: &Assessment) -> &[Intrusion] {
    let all = assessment.intrusions.as_slice();
    let tells = all.len() > 1 || all.iter().any(|one| one.actors.len() > 1);
    if tells { all } else { &[] }
}

/// Everybody who came, once, whatever campaigns they took part in: attackers and those who got furthest first.
pub(crate) fn actors(assessment: &Assessment) -> Vec<Actor> {
    let mut merged: BTreeMap<&str, Actor> = BTreeMap::new();
    for actor in assessment.verdicts.iter().flat_map(|verdict| &verdict.actors) {
        let known = merged.entry(&actor.name).or_insert_with(|| actor.clone());
        known.kind = known.kind.min(actor.kind);
        known.stage = known.stage.max(actor.stage);
        known.first = known.first.into_iter().chain(actor.first).min();
        known.last = known.last.max(actor.last);
        // Campaigns share rules: the sum would count some events twice.
        known.events = known.events.max(actor.events);
    }
    let mut actors: Vec<Actor> = merged.into_values().collect();
    actors.sort_by_key(|actor| (actor.kind, std::cmp::Reverse(actor.stage), actor.first));
    actors
}

/// The sentence before them.
pub(crate) fn heading(lang: Lang, told: &[Intrusion]) -> String {
    match told.len() {
        1 => text(lang, "ui.one_intrusion").to_owned(),
        several => tell::counted(lang, "ui.intrusions", several as u64),
    }
}

/// One intrusion in a sentence.
pub(crate) fn sentence(lang: Lang, intrusion: &Intrusion, escape: fn(&str) -> String) -> String {
    let mut actors: Vec<String> = intrusion.actors.iter().take(NAMED_MAX).map(|name| escape(name)).collect();
    if let Some(more) = intrusion.actors.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        actors.push(fill(lang, "ui.and_more", &[("n", &more.to_string())]));
    }
    let span = match (intrusion.first, intrusion.last) {
        (Some(first), Some(last)) => tell::span(lang, first.day(), last.day()),
        (None, _) | (_, None) => text(lang, "ui.unknown").to_owned(),
    };
    let ties = ties(lang, intrusion, escape);
    let key = if ties.is_empty() { "ui.intrusion" } else { "ui.intrusion_tied" };
    let values = [
        ("ties", ties),
        ("id", escape(&intrusion.id)),
        ("actors", actors.join(", ")),
        ("stage", tell::stage(lang, intrusion.stage).to_owned()),
        ("span", span),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    fill(lang, key, &values)
}

/// What ties its attackers; empty for one alone.
pub(crate) fn ties(lang: Lang, intrusion: &Intrusion, escape: fn(&str) -> String) -> String {
    let mut told: Vec<String> = Vec::new();
    for tie in intrusion.ties.iter().take(NAMED_MAX) {
        let key = match tie.kind {
            TieKind::Page => "tie.page",
            TieKind::Agent => "tie.agent",
            TieKind::Network => "tie.network",
        };
        told.push(fill(lang, key, &[("value", &escape(&tie.value))]));
    }
    if let Some(more) = intrusion.ties.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        told.push(fill(lang, "ui.and_more", &[("n", &more.to_string())]));
    }
    told.join(", ")
}
