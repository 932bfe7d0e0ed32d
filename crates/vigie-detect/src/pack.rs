//! Campaign packs: everything known of one campaign, as data. For pack authors.
//!
//! # A pack is a folder `packs/<id>/`
//! * `pack.toml`: a [`Pack`]: `id` (the folder's name), `version` (a date), `title`, `summary`, `cves`, `window`,
//!   `[[way]]`, `[[action]]`, `references`. Unknown fields are errors.
//! * `text.fr.toml`: the French title and description of each rule, so that `pack.toml` stays short:
//!   `[rule."<uuid>"]` with `title` and `description`. (The same may stand in `pack.toml` as
//!   `[rule."<uuid>".fr]`.) A text for a rule that the pack does not have is an error.
//! * `sigma/**/*.yml`: standard Sigma, correlations and filters included.
//! * `indicators.csv`: see [`crate::indicators`].
//! * `yara/*.yar`: YARA rules on files that may have been planted, run by builds that have YARA; `meta` says what a tag
//!   says in Sigma: `stage`, `way`, `role`.
//! * `cases/` and `README.md` are not read here and not embedded.
//!
//! # What a rule's tags mean
//! * `vigie.stage.attempted|reached|foothold|used|impact`: the step that a match proves. Needed unless the role
//!   is `context` or `scanner`.
//! * `vigie.way.<id>`: the way in of `pack.toml` that it watches.
//! * `vigie.role.trace` (the default), `vigie.role.context` (timeline only), `vigie.role.witness` (proves the stage, not
//!   that whoever left it caused it), `vigie.role.scanner` (raises no stage).
//! * `attack.t1505.003`: the ATT&CK technique.
//!
//! Sigma's `status` says how sure a match makes: `stable` high, `test` medium, `experimental` low. `id`, `title` and
//! `level` must be there. Sigma's `fields:` adds fields to what is shown with a hit.
//!
//! # Log sources of ours, besides Sigma's own
//! `product: exchange` with `service: httpproxy | ecp | ecp-activity | ews | rps-cmdlet | rps-http | oabgenerator |
//! setup`: the fields are those of the log itself (`AnchorMailbox`, `HttpStatus`, `S:CMD` as the parser names it).
//! `product: windows, service: web-root`: every file of a web root, with `TargetFilename`, `FileName`, `Extension`,
//! `Directory`, `Size`, `sha256`, `Content`, `Url`. `product: windows` with `service: iis-module | iis-handler |
//! iis-virtual-directory | iis-rewrite-rule | iis-authentication | iis-setting`: the configuration of IIS; with
//! `powershell-history | powershell-transcript`: what was typed; with `safety-scanner | defender-log`: Microsoft's scanners in
//! text, which are also `category: antivirus`. `category: webserver` speaks of IIS and of HttpProxy under Sigma's
//! names; there `cs-uri-query` is also matched joined to its path, `stem?query`. All of it is in [`crate::taxonomy`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use vigie_model::assessment::PackRef;
use vigie_model::pack::{Pack, RuleText, TitleAndDescription};

use crate::error::LoadError;
use crate::place::Text;

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// The largest file of a pack, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The files of one pack, before they are read.
pub(crate) struct PackFiles {
    /// The folder's name.
    pub id: String,
    /// What stands before a file's name in messages: `packs/proxylogon`.
    pub shown: String,
    /// Name in the pack and content, sorted by name.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Packs that took the place of the bundled ones.
static BROUGHT: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();

/// Puts other packs in the place of the bundled ones: name (`proxylogon/pack.toml`) and content of each file. To be
/// called once, before any rule is loaded; `false` when it was called before.
pub fn replace_bundled(mut files: Vec<(String, Vec<u8>)>) -> bool {
    files.retain(|(name, _)| is_part_of_pack(name));
    files.sort();
    BROUGHT.set(files).is_ok()
}

/// Whether a file (`proxylogon/pack.toml`) is read: cases and READMEs are for people and tests.
pub fn is_part_of_pack(name: &str) -> bool {
    is_part(Path::new(name)) && !name.split('/').any(|folder| folder == "cases")
}

/// Whether a file is one that packs are made of.
fn is_part(path: &Path) -> bool {
    matches!(path.extension().and_then(|e| e.to_str()), Some("toml" | "yml" | "csv" | "yar" | "yara"))
}

/// The files of the bundled packs, or of those that took their place.
pub fn bundled_files() -> Vec<(&'static str, &'static [u8])> {
    match BROUGHT.get() {
        Some(files) => files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect(),
        None => BUNDLED.to_vec(),
    }
}

/// The ids of the bundled packs.
pub fn bundled_ids() -> Vec<&'static str> {
    let mut ids: Vec<&str> =
        bundled_files().iter().filter_map(|(path, _)| path.split_once('/')).map(|(id, _)| id).collect();
    ids.dedup();
    ids
}

/// A bundled pack's files.
pub(crate) fn bundled(id: &str) -> Option<PackFiles> {
    let in_pack = |(path, bytes): (&str, &[u8])| {
        let name = path.strip_prefix(id)?.strip_prefix('/')?;
        Some((name.to_owned(), bytes.to_vec()))
    };
    let files: Vec<(String, Vec<u8>)> = bundled_files().into_iter().filter_map(in_pack).collect();
    (!files.is_empty()).then(|| PackFiles { id: id.to_owned(), shown: format!("packs/{id}"), files })
}

/// A pack's files from its folder.
pub(crate) fn from_folder(folder: &Path) -> Result<PackFiles, LoadError> {
    let shown = folder.display().to_string();
    let mut files = Vec::new();
    collect(folder, "", 0, &mut files).map_err(|error| {
        LoadError::of_file(
            &shown,
            format!("the pack cannot be read: {error}"),
            "give a pack's id or its folder",
        )
    })?;
    files.sort();
    let id = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(PackFiles { id, shown: shown.trim_end_matches('/').to_owned(), files })
}

/// Folders in folders that a pack may have.
const DEPTH_MAX: usize = 8;

fn collect(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<(String, Vec<u8>)>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            if name != "cases" && depth < DEPTH_MAX {
                collect(&path, &format!("{name}/"), depth + 1, files)?;
            }
        } else if is_part(&path) && fs::metadata(&path)?.len() <= FILE_BYTES_MAX {
            files.push((name, fs::read(&path)?));
        }
    }
    Ok(())
}

impl PackFiles {
    /// The text of a file; the error names a file that is not UTF-8.
    pub(crate) fn text(&self, name: &str) -> Option<Result<&str, LoadError>> {
        let (_, bytes) = self.files.iter().find(|(file, _)| file == name)?;
        Some(as_text(&self.path_of(name), bytes))
    }

    /// How a file is named in messages.
    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.shown)
    }

    /// SHA-256 over names and content in order, each with its length before it.
    pub(crate) fn sha256(&self) -> String {
        let mut hasher = Sha256::new();
        for (name, bytes) in &self.files {
            for part in [name.as_bytes(), bytes.as_slice()] {
                hasher.update((part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
            // Writing into a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The reference that reports carry.
    pub(crate) fn reference(&self, pack: &Pack, rules: usize, indicators: usize) -> PackRef {
        PackRef {
            id: pack.id.clone(),
            version: pack.version,
            sha256: self.sha256(),
            rules: rules as u64,
            indicators: indicators as u64,
        }
    }
}

/// Bytes as text, without a byte-order mark.
pub(crate) fn as_text<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, LoadError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.trim_start_matches('\u{feff}')),
        Err(_) => Err(LoadError::of_file(path, "the file is not UTF-8", "save it as UTF-8")),
    }
}

/// Reads `pack.toml` and `text.fr.toml`.
pub(crate) fn read(files: &PackFiles) -> Result<Pack, LoadError> {
    let path = files.path_of("pack.toml");
    let Some(text) = files.text("pack.toml") else {
        return Err(LoadError::of_file(
            &files.shown,
            "the pack has no pack.toml",
            "give a pack's id or its folder",
        ));
    };
    let text = text?;
    let mut pack: Pack = toml::from_str(text).map_err(|error| toml_error(&path, text, &error))?;
    if pack.id != files.id {
        let place = Text { path: &path, body: text, lines_before: 0 };
        let message = format!("the pack calls itself `{}`, its folder `{}`", pack.id, files.id);
        return Err(place.error_on_key_equals("id", message, "give both the same name"));
    }
    for (id, text) in read_texts(files)? {
        pack.rule.insert(id, text);
    }
    Ok(pack)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    #[serde(default)]
    rule: BTreeMap<String, TitleAndDescription>,
}

fn read_texts(files: &PackFiles) -> Result<BTreeMap<String, RuleText>, LoadError> {
    let Some(text) = files.text("text.fr.toml") else { return Ok(BTreeMap::new()) };
    let text = text?;
    let texts: Texts =
        toml::from_str(text).map_err(|error| toml_error(&files.path_of("text.fr.toml"), text, &error))?;
    Ok(texts.rule.into_iter().map(|(id, fr)| (id, RuleText { fr })).collect())
}

/// A translation whose rule is not there is a typing mistake.
pub(crate) fn check_texts(files: &PackFiles, pack: &Pack, ids: &[String]) -> Vec<LoadError> {
    let unknown = pack.rule.keys().filter(|id| !ids.contains(id));
    let error = |id: &String| {
        let named = ["text.fr.toml", "pack.toml"].into_iter().find_map(|name| {
            let text = files.text(name)?.ok()?;
            text.contains(id.as_str()).then_some((name, text))
        });
        let (name, text) = named.unwrap_or(("pack.toml", ""));
        let path = files.path_of(name);
        let message = format!("a text for rule `{id}`, which the pack does not have");
        Text { path: &path, body: text, lines_before: 0 }.error_on(
            id,
            message,
            "use the `id` of a file in sigma/",
        )
    };
    unknown.map(error).collect()
}

pub(crate) fn toml_error(path: &str, text: &str, error: &toml::de::Error) -> LoadError {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count();
    let byte = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    Text { path, body: text, lines_before: 0 }.error_at(
        line,
        byte,
        error.message(),
        "see the top of pack.rs for the format",
    )
}
