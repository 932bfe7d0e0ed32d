//! What a rule says of itself: identity, level, and what a match means in its pack's story.

use vigie_model::pack::Pack;
use vigie_model::rule::{Confidence, Level, Role, RuleInfo, Stage};

use crate::error::LoadError;
use crate::place::Text;

/// Whose rule it is.
pub(crate) enum Owner<'a> {
    /// A pack's: identity and meaning must be there.
    Pack(&'a Pack),
    /// Somebody's own, given with `--rules`.
    User,
}

/// The parts that detection and correlation rules share.
struct Header<'a> {
    id: Option<&'a str>,
    title: &'a str,
    description: Option<&'a str>,
    level: Option<rsigma_parser::Level>,
    status: Option<rsigma_parser::Status>,
    tags: &'a [String],
}

/// A detection rule's identity.
pub(super) fn rule_info(
    document: &Text<'_>,
    owner: &Owner<'_>,
    rule: &rsigma_parser::SigmaRule,
) -> Result<RuleInfo, Box<LoadError>> {
    let header = Header {
        id: rule.id.as_deref(),
        title: &rule.title,
        description: rule.description.as_deref(),
        level: rule.level,
        status: rule.status,
        tags: &rule.tags,
    };
    info(document, owner, &header).map_err(Box::new)
}

/// A correlation rule's identity.
pub(crate) fn correlation_info(
    document: &Text<'_>,
    owner: &Owner<'_>,
    rule: &rsigma_parser::CorrelationRule,
) -> Result<RuleInfo, Box<LoadError>> {
    let header = Header {
        id: rule.id.as_deref(),
        title: &rule.title,
        description: rule.description.as_deref(),
        level: rule.level,
        status: rule.status,
        tags: &rule.tags,
    };
    info(document, owner, &header).map_err(Box::new)
}

fn info(document: &Text<'_>, owner: &Owner<'_>, header: &Header<'_>) -> Result<RuleInfo, LoadError> {
    let mut info = RuleInfo {
        title: header.title.to_owned(),
        description: header.description.unwrap_or_default().trim().to_owned(),
        confidence: header.status.map_or(Confidence::Low, confidence),
        source: document.path.to_owned(),
        ..RuleInfo::default()
    };
    match (header.id, owner) {
        (Some(id), _) if !id.is_empty() => id.clone_into(&mut info.id),
        (_, Owner::User) => info.id = format!("{}:{}", document.path, header.title),
        (_, Owner::Pack(_)) => {
            return Err(document.error_on_key("title", "the rule has no `id`", "add `id:` with a new UUID"));
        }
    }
    match (header.level, owner) {
        (Some(known), _) => info.level = level(known),
        // The specification leaves the level out for rules that only feed others.
        (None, Owner::User) => {}
        (None, Owner::Pack(_)) => {
            let hint = "add `level:` informational, low, medium, high or critical";
            return Err(document.error_on_key("title", "the rule has no `level`", hint));
        }
    }
    read_tags(document, owner, header.tags, &mut info)?;
    Ok(info)
}

fn read_tags(
    document: &Text<'_>,
    owner: &Owner<'_>,
    tags: &[String],
    info: &mut RuleInfo,
) -> Result<(), LoadError> {
    for tag in tags {
        if let Some(technique) =
            tag.strip_prefix("attack.t").filter(|id| id.starts_with(|c: char| c.is_ascii_digit()))
        {
            info.attack.push(format!("T{technique}"));
        }
    }
    let Owner::Pack(pack) = owner else { return Ok(()) };
    info.pack = Some(pack.id.clone());
    for tag in tags {
        if let Some(own) = tag.strip_prefix("vigie.") {
            read_own_tag(own, pack, info)
                .map_err(|(message, hint)| document.error_on(tag, message, &hint))?;
        }
    }
    let needs_stage = info.stage.is_none() && info.role == Role::Trace;
    if needs_stage {
        let hint = "add `vigie.stage.attempted|reached|foothold|used|impact`, or `vigie.role.context`";
        return Err(document.error_on_key("tags", "the tags do not say what a match proves", hint));
    }
    Ok(())
}

fn read_own_tag(own: &str, pack: &Pack, info: &mut RuleInfo) -> Result<(), (String, String)> {
    match own.split_once('.') {
        Some(("stage", word)) => {
            let stage = Stage::from_word(word).filter(|stage| *stage != Stage::NoTrace);
            let Some(stage) = stage else {
                return Err((
                    format!("`{word}` is no stage"),
                    "attempted, reached, foothold, used or impact".into(),
                ));
            };
            info.stage = Some(stage);
        }
        Some(("way", way)) => {
            if !pack.way.iter().any(|known| known.id == way) {
                let known: Vec<&str> = pack.way.iter().map(|way| way.id.as_str()).collect();
                return Err((
                    format!("the pack has no way in `{way}`"),
                    format!("pack.toml has {}", known.join(", ")),
                ));
            }
            info.way = Some(way.to_owned());
        }
        Some(("role", "context")) => info.role = Role::Context,
        Some(("role", "scanner")) => info.role = Role::Scanner,
        Some(("role", "witness")) => info.role = Role::Witness,
        Some(("role", "trace")) => info.role = Role::Trace,
        _ => {
            let hint = "vigie.stage.<stage>, vigie.way.<id>, vigie.role.context|witness|scanner|trace";
            return Err((format!("unknown tag `vigie.{own}`"), hint.into()));
        }
    }
    Ok(())
}

fn level(level: rsigma_parser::Level) -> Level {
    match level {
        rsigma_parser::Level::Informational => Level::Informational,
        rsigma_parser::Level::Low => Level::Low,
        rsigma_parser::Level::Medium => Level::Medium,
        rsigma_parser::Level::High => Level::High,
        rsigma_parser::Level::Critical => Level::Critical,
    }
}

fn confidence(status: rsigma_parser::Status) -> Confidence {
    match status {
        rsigma_parser::Status::Stable => Confidence::High,
        rsigma_parser::Status::Test => Confidence::Medium,
        rsigma_parser::Status::Experimental
        | rsigma_parser::Status::Deprecated
        | rsigma_parser::Status::Unsupported => Confidence::Low,
    }
}
