//! `vigie pack`: new knowledge, signed and offline: build a bundle, verify it, take it, give it up again.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::usage_error;
use crate::bundle::{self, BUNDLE_BYTES_MAX, Bundle, Installed};
use crate::exit::Exit;

/// Public keys of minisign whose bundles are taken without being named. There is no release yet, and so no key.
const RELEASE_KEYS: &[&str] = &[];

/// Arguments of `vigie pack`.
#[derive(Debug, Args)]
pub(super) struct Pack {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Put packs and tables into one file; sign it with `minisign -S -m FILE`.
    Build {
        /// A folder with packs/ and knowledge/; what it lacks is what came with the program.
        folder: Option<PathBuf>,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Whether a bundle is whole and signed by a key, and how new it is.
    Verify(Signed),
    /// Take a bundle into use; refused when unsigned, or older than what is in use.
    Update {
        #[command(flatten)]
        signed: Signed,
        /// Take it though it is unsigned or older.
        #[arg(long)]
        force: bool,
    },
    /// Go back to the knowledge that came with the program.
    Forget,
}

#[derive(Debug, Args)]
struct Signed {
    /// The bundle; its signature is FILE.minisig.
    file: PathBuf,
    /// The public key of whoever signs (a minisign .pub file).
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(super) fn run(args: &Pack) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    match &args.act {
        Act::Build { folder, output } => {
            let bundle = bundle::write(folder.as_deref(), output)?;
            writeln!(out, "{}: knowledge of {}, sha256 {}", output.display(), bundle.as_of(), bundle.sha256)?;
        }
        Act::Verify(signed) => {
            let bytes = bundle::read(&signed.file, BUNDLE_BYTES_MAX)?;
            let comment = checked(&bytes, signed)?;
            let bundle = Bundle::of(bytes)?;
            writeln!(out, "signed: {}", vigie_report::escape::shown(&comment))?;
            let (day, sha256) = (bundle.as_of(), bundle.sha256.clone());
            bundle.put_in_force()?;
            let packs = bundle::try_packs()?;
            writeln!(out, "knowledge of {day}, {packs} packs, sha256 {sha256}")?;
        }
        Act::Update { signed, force } => update(signed, *force, &mut out)?,
        Act::Forget => {
            let said = if bundle::forget()? {
                "gone back to the knowledge of"
            } else {
                "already using the knowledge of"
            };
            writeln!(out, "{said} {}", vigie_assess::knowledge::bundled()?.as_of)?;
        }
    }
    Ok(Exit::Done)
}

fn update(signed: &Signed, force: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let bytes = bundle::read(&signed.file, BUNDLE_BYTES_MAX)?;
    let comment = match checked(&bytes, signed) {
        Ok(comment) => Some(comment),
        Err(error) if force => {
            // Forced because it is older, it may still be meant to be signed: then this must be seen.
            writeln!(std::io::stderr(), "warning: taken without a signature that holds: {error:#}")?;
            None
        }
        Err(error) => return Err(error.context("not taken; --force takes it all the same")),
    };
    let bundle = Bundle::of(bytes)?;
    let kept = if force { bundle::kept().unwrap_or_default() } else { bundle::kept()? };
    let mut in_use = vigie_assess::knowledge::bundled()?.as_of;
    if let Some((kept, _)) = kept {
        in_use = in_use.max(kept.as_of());
    }
    let day = bundle.as_of();
    if day < in_use && !force {
        return Err(usage_error(format!(
            "not taken: it knows up to {day}, and what is in use up to {in_use}; --force takes it all the same"
        )));
    }
    // Everything in it must load before anything is kept.
    bundle.put_in_force()?;
    let packs = bundle::try_packs().context("not taken: a pack in it does not load")?;
    let note = Installed { sha256: bundle.sha256.clone(), signed: comment, forced: force };
    let home = bundle::keep(&bundle, &note)?;
    let signed = note.signed.as_deref().map_or_else(|| "unsigned".to_owned(), vigie_report::escape::shown);
    writeln!(out, "taken: knowledge of {day}, {packs} packs ({signed}), kept in {}", home.display())?;
    Ok(())
}

/// Checks a bundle's signature. Returns the signed comment.
fn checked(bytes: &[u8], signed: &Signed) -> anyhow::Result<String> {
    let path = signature_of(&signed.file);
    let signature = text(&path).context("it is unsigned")?;
    if let Some(path) = &signed.key {
        return bundle::verify(bytes, &text(path)?, &signature);
    }
    RELEASE_KEYS.iter().find_map(|key| bundle::verify(bytes, key, &signature).ok()).ok_or_else(|| {
        usage_error("no key of this program signed it; name the signer's public key with --key".to_owned())
    })
}

/// The largest key or signature, in bytes.
const SIGNATURE_BYTES_MAX: u64 = 64 << 10;

fn text(path: &Path) -> anyhow::Result<String> {
    let bytes = bundle::read(path, SIGNATURE_BYTES_MAX)?;
    String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))
}

fn signature_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".minisig");
    PathBuf::from(name)
}
