//! `--yara` in a build with YARA: the rules of the user and of the packs, loaded as strictly as all rules.

use std::path::PathBuf;
use std::sync::Arc;

use vigie_detect::load::{YARA_FILES, rule_paths};
use vigie_detect::{LoadError, LoadErrors, OnError, RuleSet};
use vigie_model::assessment::NotLoaded;
use vigie_yara::{Mistake, Owner, RuleFile};

use crate::engine::Content;
use crate::engine::content::yara::{Scope, Yara};

/// Adds the YARA rules of the user and of the packs to a rule set.
///
/// # Errors
/// Rules that do not load, unless the user asked to go on; `--yara` in a build without it.
pub(super) fn load(rules: &mut RuleSet, yara: &[PathBuf], on_error: OnError) -> anyhow::Result<Content> {
    let mut errors = Vec::new();
    let mut content = Content::default();
    let of_packs = pack_files(rules);
    let of_user = user_files(yara, &mut errors)?;
    for (files, scope) in [(of_packs, Scope::NoLogs), (of_user, Scope::All)] {
        if files.is_empty() {
            continue;
        }
        let compiled = vigie_yara::compile(&files);
        errors.extend(compiled.mistakes.into_iter().map(|mistake| {
            let Mistake { path, line, column, message, source_line, hint } = mistake;
            LoadError { path, line, column, message, source_line, hint }
        }));
        content.add(rules, Arc::new(Yara { rules: compiled.rules, scope }));
    }
    match on_error {
        OnError::Stop if !errors.is_empty() => return Err(LoadErrors(errors).into()),
        OnError::Stop | OnError::NameAndGoOn => {
            let named = errors.iter().map(|e| NotLoaded { source: e.path.clone(), reason: e.reason() });
            rules.not_loaded.extend(named);
        }
    }
    Ok(content)
}

fn pack_files(rules: &RuleSet) -> Vec<RuleFile> {
    let ways = |pack: &str| {
        let pack = rules.packs.iter().find(|known| known.id == pack);
        pack.map(|pack| pack.way.iter().map(|way| way.id.clone()).collect()).unwrap_or_default()
    };
    let of_pack = |file: &vigie_detect::PackYara| RuleFile {
        path: file.path.clone(),
        text: file.text.clone(),
        owner: Owner::Pack(file.pack.clone(), ways(&file.pack)),
    };
    rules.pack_yara.iter().map(of_pack).collect()
}

fn user_files(yara: &[PathBuf], errors: &mut Vec<LoadError>) -> Result<Vec<RuleFile>, LoadErrors> {
    let mut files = Vec::new();
    for path in rule_paths(yara, YARA_FILES)? {
        let shown = path.display().to_string();
        match std::fs::read(&path).map(String::from_utf8) {
            Ok(Ok(text)) => files.push(RuleFile { path: shown, text, owner: Owner::User }),
            Ok(Err(_)) => {
                errors.push(LoadError::of_file(&shown, "the file is not UTF-8", "save it as UTF-8"));
            }
            Err(error) => {
                errors.push(LoadError::of_file(&shown, format!("the file cannot be read: {error}"), ""));
            }
        }
    }
    Ok(files)
}
