//! Rules and packs from the outside: they load or are refused with a reason, and a rule that loads runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use vigie_detect::{Bundled, OnError, RuleSet, Sources};
use vigie_model::batch::Position;
use vigie_model::{BatchBuilder, EventBatch, Schema};

static RULE: LazyLock<PathBuf> = LazyLock::new(|| crate::scratch("sigma").join("rule.yml"));
static PACK: LazyLock<PathBuf> = LazyLock::new(pack_folder);

/// The files of a pack that one input can stand in for.
const FILES: &[&str] = &["pack.toml", "indicators.csv", "text.fr.toml"];

/// Loads the bytes as a file of Sigma rules and runs them over one batch.
///
/// # Panics
/// When loading or matching does, or when something is dropped without a word.
pub fn sigma(data: &[u8]) {
    std::fs::write(&*RULE, data).expect("the scratch folder can be written");
    let sources = Sources {
        bundled: Bundled::None,
        rules: vec![RULE.clone()],
        on_error: OnError::NameAndGoOn,
        ..Sources::default()
    };
    if let Ok(set) = RuleSet::load(&sources) {
        assert!(set.not_loaded.iter().all(|rule| !rule.reason.is_empty()), "refused without a reason");
        let mut scanner = Arc::new(set).scanner();
        let mut hits = Vec::new();
        let batch = batch();
        let _ = scanner.wants(&batch.schema);
        scanner.scan(&batch, &mut hits);
    }
}

/// Reads the bytes as a feed of indicators.
///
/// # Panics
/// When reading does, or when a feed vanishes without a word.
pub fn feed(data: &[u8]) {
    let (indicators, mistakes) = vigie_detect::indicators::probe(data);
    assert!(indicators + mistakes > 0, "a feed vanished");
}

/// Loads a pack, one of whose files is the bytes after the first.
///
/// # Panics
/// When loading does.
pub fn pack(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else { return };
    let name = FILES[usize::from(*which) % FILES.len()];
    let path = PACK.join(name);
    let original = std::fs::read(&path).expect("the scratch pack is complete");
    std::fs::write(&path, bytes).expect("the scratch folder can be written");
    let sources = Sources {
        packs: vec![PACK.display().to_string()],
        on_error: OnError::NameAndGoOn,
        ..Sources::default()
    };
    let loaded = RuleSet::load(&sources);
    std::fs::write(&path, original).expect("the scratch folder can be written");
    if let Ok(set) = loaded {
        assert!(!set.packs.is_empty() || !set.not_loaded.is_empty(), "a pack vanished");
    }
}

/// A copy of a real pack without its rules, which would only cost time here.
fn pack_folder() -> PathBuf {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/proxylogon");
    let copy = crate::scratch("pack").join("proxylogon");
    std::fs::create_dir_all(&copy).expect("a scratch folder");
    for name in FILES {
        std::fs::copy(real.join(name), copy.join(name)).expect("the bundled pack is complete");
    }
    copy
}

/// Two events that most rules on web servers have something to say about.
fn batch() -> EventBatch {
    let fields = ["cs-method", "cs-uri-stem", "cs-uri-query", "cs(User-Agent)", "c-ip", "sc-status"];
    let schema = Schema {
        artifact: "iis.w3c".into(),
        stream: "W3SVC1".to_owned(),
        fields: fields.iter().map(|name| (*name).into()).collect(),
        ..Schema::default()
    };
    let mut builder = BatchBuilder::new(Arc::new(schema));
    let row = ["POST", "/ecp/y.js", "a=1&b=%27", "python-requests/2.25.1", "203.0.113.7", "200"];
    builder.push(None, Position { number: 1, offset: 0 }, row.map(Some));
    builder.push(
        None,
        Position { number: 2, offset: 80 },
        [Some("GET"), None, Some(""), Some("é"), None, Some("x")],
    );
    builder.take()
}
