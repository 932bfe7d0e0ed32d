//! Where the project's files are, and the binary that it builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// Folders below this depth hold nothing of ours.
const DEPTH_MAX: usize = 16;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What is written once and used again by later runs.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let home =
        std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).context("no home folder")?;
    Ok(PathBuf::from(home).join(".cache/vigie"))
}

/// An empty folder for the output of a task.
pub(crate) fn scratch(name: &str) -> anyhow::Result<PathBuf> {
    let folder = target().join("xtask").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Builds the command line as users get it; gives its path.
pub(crate) fn release_binary() -> anyhow::Result<PathBuf> {
    let build = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--package", "vigie"])
        .current_dir(root())
        .status()
        .context("cannot start cargo")?;
    ensure!(build.success(), "the release build failed");
    let name = format!("vigie{}", std::env::consts::EXE_SUFFIX);
    Ok(target().join("release").join(name))
}

/// Reads a file of the project as text.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Every file under a folder of the root, sorted, but for build output and hidden folders.
pub(crate) fn files(folder: &str) -> anyhow::Result<Vec<PathBuf>> {
    all_files(&root().join(folder))
}

/// Every file under a folder, sorted, but for build output and hidden folders.
pub(crate) fn all_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(folder, DEPTH_MAX, &mut found)?;
    found.sort();
    Ok(found)
}

/// Every Rust file of ours.
#[cfg(test)]
pub(crate) fn rust_files() -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in ["crates", "xtask", "fuzz"] {
        found.extend(files(folder)?.into_iter().filter(|path| has_extension(path, "rs")));
    }
    Ok(found)
}

/// Whether a file's name ends so.
pub(crate) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// A path below the root as a person writes it.
pub(crate) fn shown(path: &Path) -> String {
    let root = root();
    path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if depth == 0 || !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "artifacts" {
            continue;
        }
        if path.is_dir() { walk(&path, depth - 1, found)? } else { found.push(path) }
    }
    Ok(())
}
