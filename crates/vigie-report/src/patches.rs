//! Is the server patched: the sentences that every output says of it.

use vigie_model::Assessment;
use vigie_model::finding::Statement;
use vigie_model::patches::{CveState, PatchLevel};

use crate::{Lang, tell};

/// Flaws named in a sentence; the page has a table of all.
const NAMED_MAX: usize = 5;

/// What to say of an assessment's patch level, in order; nothing when no build was seen.
pub(crate) fn sentences(lang: Lang, assessment: &Assessment, escape: fn(&str) -> String) -> Vec<String> {
    let Some(level) = &assessment.patches else { return Vec::new() };
    statements(level).iter().map(|statement| tell::statement(lang, statement, escape)).collect()
}

fn statements(level: &PatchLevel) -> Vec<Statement> {
    let when = level.seen_last.map_or_else(|| "?".to_owned(), |time| time.to_string());
    let name = if level.build.name.is_empty() { "Exchange" } else { &level.build.name };
    let build = Statement::new("patch_build").with("when", when);
    let mut said = vec![build.with("name", name).with("build", &level.build.build)];
    let late = |ends| level.seen_last.is_none_or(|seen| seen.day() > ends);
    if level.supported_until.is_some_and(late) {
        said.push(Statement::new("out_of_support").with("name", name));
    }
    let open: Vec<_> = level.of_state(CveState::Open).collect();
    let exploited: Vec<&str> =
        open.iter().filter(|one| one.exploited.is_some()).map(|one| one.cve.as_str()).collect();
    let undecided =
        [CveState::Unsupported, CveState::SourcesDisagree, CveState::NeedsSetting, CveState::Unknown]
            .into_iter()
            .map(|state| level.of_state(state).count())
            .sum::<usize>();
    let unknown = [CveState::Unsupported, CveState::SourcesDisagree, CveState::Unknown];
    let is_decided = level.fixed_throughout > 0 && level.cves.iter().all(|one| !unknown.contains(&one.state));
    if open.is_empty() && is_decided {
        said.push(Statement::new("patch_complete"));
    } else if !open.is_empty() {
        let out_then = |published| level.seen_last.is_some_and(|seen| published <= seen.day());
        let then = open.iter().filter(|one| one.fix_published.is_some_and(out_then)).count();
        said.push(Statement::new("patch_open").with("n", open.len()).with("then", then));
    }
    if !exploited.is_empty() {
        let named = exploited.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = exploited.len().saturating_sub(NAMED_MAX);
        let list = if more > 0 { format!("{named} (+{more})") } else { named };
        said.push(Statement::new("patch_exploited").with("n", exploited.len()).with("list", list));
    }
    if undecided > 0 {
        said.push(Statement::new("patch_undecided").with("n", undecided));
    }
    said.push(Statement::new("patch_as_of").with("day", level.knowledge));
    if level.seen_last.is_some_and(|seen| seen.day() > level.knowledge) {
        said.push(Statement::new("patch_evidence_newer"));
    }
    said
}

/// The word for a state.
pub(crate) fn state(lang: Lang, state: CveState) -> &'static str {
    tell::word(lang, &format!("cve_state.{}", key(state)), key(state))
}

const fn key(state: CveState) -> &'static str {
    match state {
        CveState::Open => "open",
        CveState::Unsupported => "unsupported",
        CveState::SourcesDisagree => "sources_disagree",
        CveState::NeedsSetting => "needs_setting",
        CveState::Unknown => "unknown",
        CveState::Fixed => "fixed",
    }
}
