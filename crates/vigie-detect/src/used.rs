//! Packs that stand on others: what anybody does after an entry is written once, and campaigns use it.

use std::path::Path;

use vigie_model::pack::Pack;

use crate::error::{LoadError, LoadErrors};
use crate::pack::{self, PackFiles};

/// Adds the packs that the given ones use, bundled or from the folder beside the pack that names them. Used packs use
/// no others, so one round is enough.
///
/// # Errors
/// A used pack that cannot be found.
pub(crate) fn with_used(mut packs: Vec<PackFiles>, named: &[String]) -> Result<Vec<PackFiles>, LoadErrors> {
    let mut missing: Vec<(String, String)> = Vec::new();
    for (at, files) in packs.iter().enumerate() {
        // A pack.toml that does not read is told by the loader, with its place.
        let Ok(pack) = pack::read(files) else { continue };
        let folder = named.get(at).cloned().unwrap_or_default();
        missing.extend(pack.uses.into_iter().map(|used| (used, folder.clone())));
    }
    for (used, folder) in missing {
        if packs.iter().all(|files| files.id != used) {
            packs.push(find(&used, &folder).map_err(|error| LoadErrors(vec![error]))?);
        }
    }
    Ok(packs)
}

fn find(used: &str, user: &str) -> Result<PackFiles, LoadError> {
    let beside = Path::new(user).parent().map(|parent| parent.join(used)).filter(|folder| folder.is_dir());
    match (beside, pack::bundled(used)) {
        (Some(folder), _) if Path::new(user).is_dir() => pack::from_folder(&folder),
        (_, Some(files)) => Ok(files),
        (_, None) => {
            let message = format!("the pack uses `{used}`, which is not there");
            Err(LoadError::of_file(
                user,
                message,
                "name bundled packs, or put the other pack's folder beside it",
            ))
        }
    }
}

/// Reads every pack, and gives each the ways and the actions of the packs that it uses, where it has none of the same id:
/// a step of its own stands where the used pack has the step that it replaces, and steps that only it has come first.
pub(crate) fn read_all(files: &[PackFiles]) -> Vec<Result<Pack, LoadError>> {
    let mut packs: Vec<Result<Pack, LoadError>> = files.iter().map(pack::read).collect();
    let given: Vec<Pack> = packs.iter().flatten().cloned().collect();
    for pack in packs.iter_mut().flatten() {
        let uses = pack.uses.clone();
        for used in given.iter().filter(|other| uses.contains(&other.id)) {
            inherit(pack, used);
        }
    }
    packs
}

fn inherit(pack: &mut Pack, used: &Pack) {
    let lacking = used.way.iter().filter(|way| pack.way.iter().all(|own| own.id != way.id));
    let lacking: Vec<_> = lacking.cloned().collect();
    pack.way.extend(lacking);
    let own = std::mem::take(&mut pack.action);
    let (replacing, mut actions): (Vec<_>, Vec<_>) =
        own.into_iter().partition(|action| used.action.iter().any(|other| other.id == action.id));
    let merged = used
        .action
        .iter()
        .map(|action| replacing.iter().find(|own| own.id == action.id).unwrap_or(action).clone());
    actions.extend(merged);
    pack.action = actions;
}
