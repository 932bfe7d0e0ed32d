//! What Velociraptor's offline collectors write beside the files that they gather.
//!
//! Described in <https://docs.velociraptor.app/docs/deployment/offline_collections/>.

use std::io::Read;

use super::Limits;
use super::archive::Archive;
use super::directory::Lock;
use super::names;

/// Bytes of a metadata file that are read.
const METADATA_BYTES_MAX: u64 = 1 << 20;
/// Characters of a scheme's name that are shown.
const SCHEME_CHARS_MAX: usize = 40;

/// Where the password of an encrypted collection is: `metadata.json` holds it, itself encrypted for its owner.
pub(super) fn password_hint(archive: &Archive, limits: &Limits) -> Option<String> {
    let named = |name: &str| archive.entries().iter().position(|entry| entry.name == name);
    let data = archive.entries().get(named("data.zip")?)?;
    if data.lock == Lock::Open {
        return None;
    }
    let mut text = Vec::new();
    let reader = super::entry::open(archive, named("metadata.json")?, limits).ok()?;
    reader.take(METADATA_BYTES_MAX).read_to_end(&mut text).ok()?;
    let metadata: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let scheme = metadata.get(0).unwrap_or(&metadata).get("Scheme")?.as_str()?;
    let scheme: String = names::display_bytes(scheme.as_bytes()).chars().take(SCHEME_CHARS_MAX).collect();
    Some(format!(
        "a Velociraptor collection: metadata.json holds the password, itself encrypted (scheme {scheme}); whoever holds \
         the private key (the Velociraptor server's, or the one given to the collector) can decrypt it, or import the \
         collection into that server and export it again without encryption"
    ))
}
