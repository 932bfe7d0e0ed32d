//! Embeds the bundled packs: writes a static slice of (path, bytes) for `pack.rs` to include.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let packs = manifest.join("../../packs");
    let mut files = Vec::new();
    if packs.is_dir() {
        collect(&packs, &mut files)?;
    }
    println!("cargo::rerun-if-changed={}", packs.display());
    files.sort();
    let mut code = String::from("static BUNDLED: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let name = file.strip_prefix(&packs).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let absolute = file.canonicalize()?;
        let _ = writeln!(code, "    ({name:?}, include_bytes!({:?})),", absolute.display().to_string());
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("bundled.rs"), code)
}

/// What a pack is made of; its cases and its README are for people and tests.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            if name != "cases" {
                collect(&path, files)?;
            }
        } else if matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("toml" | "yml" | "csv" | "yar" | "yara")
        ) {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
