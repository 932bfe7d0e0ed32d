//! New knowledge as one signed file: campaign packs and the tables of builds and fixes.
//!
//! A bundle is a zip with `packs/<id>/...` and `knowledge/<table>`, and `<file>.minisig` beside it, a signature of
//! minisign (<https://jedisct1.github.io/minisign/>). It is never unpacked to disk: the file itself is kept under the
//! user's data folder and read from there on every start.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use minisign_verify::{PublicKey, Signature};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vigie_assess::knowledge::{self, Knowledge};
use vigie_detect::RuleSet;
use vigie_parse::input::hexadecimal;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipArchive, ZipWriter};

/// The largest bundle, in bytes.
pub const BUNDLE_BYTES_MAX: u64 = 64 << 20;
/// The largest file of a bundle, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// All files of a bundle together, in bytes.
const ALL_BYTES_MAX: u64 = 256 << 20;
/// Files in a bundle.
const FILES_MAX: usize = 20_000;

/// A bundle, read and not yet in force.
pub struct Bundle {
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    bytes: Vec<u8>,
    tables: Knowledge,
    packs: Vec<(String, Vec<u8>)>,
}

/// The bytes of a bundle's file, or of one that goes with it.
///
/// # Errors
/// When it cannot be read, or is larger than `most`.
pub fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let file = fs::File::open(path).with_context(|| format!("{shown} cannot be read"))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).with_context(|| format!("{shown} cannot be read"))?;
    ensure!(bytes.len() as u64 <= most, "{shown} is larger than {most} bytes");
    Ok(bytes)
}

/// Checks the signature of a bundle's bytes by a public key, both as minisign writes them, before anything in it is
/// looked at. Returns the signed comment.
///
/// # Errors
/// When either is not understood, or the signature is not one of these bytes by this key.
pub fn verify(bytes: &[u8], key: &str, signature: &str) -> anyhow::Result<String> {
    let key = PublicKey::decode(key.trim())
        .or_else(|_| PublicKey::from_base64(key.trim()))
        .map_err(|error| anyhow::anyhow!("the key is no public key of minisign: {error}"))?;
    let signature = Signature::decode(signature)
        .map_err(|error| anyhow::anyhow!("the signature is none of minisign: {error}"))?;
    key.verify(bytes, &signature, false)
        .map_err(|error| anyhow::anyhow!("the signature is not one of this file by this key: {error}"))?;
    Ok(signature.trusted_comment().to_owned())
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// When it is no zip, larger inside than its bounds, or a table in it is not understood.
    pub fn of(bytes: Vec<u8>) -> anyhow::Result<Bundle> {
        Bundle::whole(bytes).context("it is no bundle of knowledge")
    }

    fn whole(bytes: Vec<u8>) -> anyhow::Result<Bundle> {
        let files = entries(&bytes)?;
        let text = |name: &str| -> anyhow::Result<&str> {
            let wanted = format!("knowledge/{name}");
            let (_, bytes) = files
                .iter()
                .find(|(file, _)| *file == wanted)
                .with_context(|| format!("it has no {wanted}"))?;
            std::str::from_utf8(bytes).with_context(|| format!("{wanted} is not UTF-8"))
        };
        let mut texts = [""; knowledge::FILES.len()];
        for (slot, name) in texts.iter_mut().zip(knowledge::FILES) {
            *slot = text(name)?;
        }
        let tables = Knowledge::read(texts)?;
        let packs = files
            .iter()
            .filter_map(|(name, bytes)| Some((name.strip_prefix("packs/")?.to_owned(), bytes.clone())))
            .collect::<Vec<_>>();
        ensure!(!packs.is_empty(), "it has no packs");
        Ok(Bundle { sha256: hexadecimal(&Sha256::digest(&bytes)), bytes, tables, packs })
    }

    /// The last day that its tables know of.
    pub fn as_of(&self) -> vigie_model::Day {
        self.tables.as_of
    }

    /// Puts it in force for the rest of this run, before anything was loaded.
    ///
    /// # Errors
    /// When other knowledge is in force already.
    pub fn put_in_force(&self) -> anyhow::Result<()> {
        let tables = knowledge::install(self.tables.clone()).is_ok();
        ensure!(
            tables && vigie_detect::pack::replace_bundled(self.packs.clone()),
            "knowledge is in force already"
        );
        Ok(())
    }
}

/// The files of a zip, in memory, within bounds.
fn entries(bytes: &[u8]) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).context("it is no zip")?;
    ensure!(archive.len() <= FILES_MAX, "it holds more than {FILES_MAX} files");
    let mut files = Vec::new();
    let mut left = ALL_BYTES_MAX;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).context("an entry cannot be read")?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().context("a name cannot be read")?.into_owned();
        let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':', '\0']);
        ensure!(name.split('/').all(plain), "{name:?} is no name of a file in a bundle");
        let bound = FILE_BYTES_MAX.min(left);
        let mut content = Vec::new();
        entry
            .by_ref()
            .take(bound + 1)
            .read_to_end(&mut content)
            .with_context(|| format!("{name:?} cannot be read"))?;
        ensure!(content.len() as u64 <= bound, "{name:?} is larger than a bundle may hold");
        left -= content.len() as u64;
        files.push((name, content));
    }
    files.sort();
    let twice = files.windows(2).find(|pair| pair[0].0 == pair[1].0);
    ensure!(twice.is_none(), "a name stands in it twice");
    Ok(files)
}

/// Writes a bundle: the packs and tables of a folder with `packs/` and `knowledge/`, and what came with the program of
/// every pack and table that the folder lacks. The same content gives the same bytes.
///
/// # Errors
/// When a file cannot be read, a table is not understood, or `to` cannot be written.
pub fn write(from: Option<&Path>, to: &Path) -> anyhow::Result<Bundle> {
    let mut files: Vec<(String, Vec<u8>)> = match from {
        Some(folder) => folder_files(folder)?,
        None => Vec::new(),
    };
    let own: BTreeSet<String> =
        files.iter().filter_map(|(name, _)| pack_of(name).map(str::to_owned)).collect();
    let bundled = vigie_detect::pack::bundled_files().into_iter();
    let bundled = bundled.map(|(name, bytes)| (format!("packs/{name}"), bytes.to_vec()));
    files.extend(bundled.filter(|(name, _)| pack_of(name).is_some_and(|pack| !own.contains(pack))));
    for name in knowledge::FILES {
        let entry = format!("knowledge/{name}");
        if !files.iter().any(|(known, _)| *known == entry) {
            let text = knowledge::bundled_text(name).unwrap_or_default();
            files.push((entry, text.as_bytes().to_vec()));
        }
    }
    files.sort();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o644);
    for (name, bytes) in &files {
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    let bundle = Bundle::of(zip.finish()?.into_inner())?;
    fs::write(to, &bundle.bytes).with_context(|| format!("{} cannot be written", to.display()))?;
    Ok(bundle)
}

/// The pack that a file of a bundle belongs to.
fn pack_of(name: &str) -> Option<&str> {
    Some(name.strip_prefix("packs/")?.split_once('/')?.0)
}

/// The files of `packs/` and `knowledge/` in a folder, but for what nobody reads.
fn folder_files(folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut left =
        vec![(folder.join("packs"), "packs".to_owned()), (folder.join("knowledge"), "knowledge".to_owned())];
    while let Some((path, name)) = left.pop() {
        if !path.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&path).with_context(|| format!("{} cannot be read", path.display()))? {
            let path = entry?.path();
            let inner = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
            let in_pack = inner.strip_prefix("packs/");
            if path.is_dir() {
                if !inner.ends_with("/cases") {
                    left.push((path, inner));
                }
            } else if in_pack
                .is_none_or(|name| name.contains('/') && vigie_detect::pack::is_part_of_pack(name))
            {
                files.push((inner, read(&path, FILE_BYTES_MAX)?));
            }
            ensure!(files.len() <= FILES_MAX, "more than {FILES_MAX} files");
        }
    }
    ensure!(!files.is_empty(), "{} holds neither packs/ nor knowledge/", folder.display());
    Ok(files)
}

/// What is noted of the bundle that was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// SHA-256 of the bundle.
    pub sha256: String,
    /// The comment of its signature; `None` when it was forced in without one.
    pub signed: Option<String>,
    /// Whether it was forced in: then it is used though it is older than what came with the program.
    pub forced: bool,
}

/// Where the user's knowledge lies: `VIGIE_HOME`, or the data folder of the system.
pub fn home() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("VIGIE_HOME")
        .or_else(|| Some(set("LOCALAPPDATA")?.join("vigie")))
        .or_else(|| Some(set("XDG_DATA_HOME")?.join("vigie")))
        .or_else(|| Some(set("HOME")?.join(".local/share/vigie")))
}

const BUNDLE_FILE: &str = "knowledge.zip";
const NOTE_FILE: &str = "knowledge.json";

/// Keeps a bundle for later runs.
///
/// # Errors
/// When the folder cannot be written.
pub fn keep(bundle: &Bundle, note: &Installed) -> anyhow::Result<PathBuf> {
    let home = home().context("set VIGIE_HOME to a folder where Vigie may keep its knowledge")?;
    fs::create_dir_all(&home).with_context(|| format!("{} cannot be made", home.display()))?;
    let note = serde_json::to_string(note)?;
    // The note goes last: a bundle without its note is not taken.
    let _ = fs::remove_file(home.join(NOTE_FILE));
    for (name, bytes) in [(BUNDLE_FILE, bundle.bytes.as_slice()), (NOTE_FILE, note.as_bytes())] {
        let path = home.join(name);
        fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(home)
}

/// The bundle that is kept, with its note; `None` when there is none.
///
/// # Errors
/// When it cannot be read, or is not what was installed.
pub fn kept() -> anyhow::Result<Option<(Bundle, Installed)>> {
    let Some(home) = home().filter(|home| home.join(NOTE_FILE).is_file()) else { return Ok(None) };
    let hint = "vigie pack forget goes back to the knowledge that came with the program";
    let taken = || -> anyhow::Result<(Bundle, Installed)> {
        let note: Installed = serde_json::from_slice(&fs::read(home.join(NOTE_FILE))?)?;
        let bundle = Bundle::of(read(&home.join(BUNDLE_FILE), BUNDLE_BYTES_MAX)?)?;
        if bundle.sha256 != note.sha256 {
            bail!("it is not the file that was installed");
        }
        Ok((bundle, note))
    };
    taken().with_context(|| format!("the knowledge in {} cannot be used; {hint}", home.display())).map(Some)
}

/// Takes the kept bundle away. Returns whether there was one.
///
/// # Errors
/// When it cannot be removed.
pub fn forget() -> anyhow::Result<bool> {
    let Some(home) = home().filter(|home| home.join(NOTE_FILE).exists()) else { return Ok(false) };
    for name in [NOTE_FILE, BUNDLE_FILE] {
        let path = home.join(name);
        if path.exists() {
            fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(true)
}

/// Puts the kept bundle in force, unless what came with the program is newer and it was not forced in.
///
/// # Errors
/// When it cannot be used: going on with older knowledge in silence would be worse.
pub fn load_kept() -> anyhow::Result<()> {
    let Some((bundle, note)) = kept()? else { return Ok(()) };
    if note.forced || bundle.as_of() >= knowledge::bundled()?.as_of {
        bundle.put_in_force()?;
    }
    Ok(())
}

/// Whether every pack in force loads.
///
/// # Errors
/// Every mistake in them.
pub fn try_packs() -> anyhow::Result<usize> {
    Ok(RuleSet::load(&vigie_detect::Sources::default())?.packs.len())
}
