//! `--yara` in a build without YARA: refused, and the packs' YARA rules are named as not evaluated.

use std::path::PathBuf;

use vigie_detect::{ContentRun, OnError, RuleSet};
use vigie_model::rule::RuleInfo;

use crate::engine::Content;

/// What such a build says of YARA rules.
const NO_YARA: &str = "this build has no YARA";

/// Names the packs' YARA rules as not evaluated.
///
/// # Errors
/// When the user gave YARA rules.
pub(super) fn load(rules: &mut RuleSet, yara: &[PathBuf], _on_error: OnError) -> anyhow::Result<Content> {
    if !yara.is_empty() {
        return Err(super::usage_error(format!(
            "{NO_YARA}: build one with `cargo build --release --features yara`, then --yara works"
        )));
    }
    name_unevaluated(rules);
    Ok(Content::default())
}

/// One line of the rules' account for each YARA file of a pack.
fn name_unevaluated(rules: &mut RuleSet) {
    let of_file = |file: &vigie_detect::PackYara| RuleInfo {
        id: format!("{}:yara:{}", file.pack, file.path.rsplit('/').next().unwrap_or(&file.path)),
        title: format!("YARA rules of {}", file.path),
        pack: Some(file.pack.clone()),
        source: file.path.clone(),
        ..RuleInfo::default()
    };
    let infos: Vec<RuleInfo> = rules.pack_yara.iter().map(of_file).collect();
    rules.add_content_rules(infos, &ContentRun::NotHere(NO_YARA.to_owned()));
}
