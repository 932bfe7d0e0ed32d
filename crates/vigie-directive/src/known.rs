//! What a directive asks of an assessment: the little of it that is kept, so that ten thousand fit in memory.
//!
//! Lists that no directive asks for (files, rules, the timeline) are passed over while reading.

use serde::Deserialize;
use vigie_model::assessment::SCHEMA;
use vigie_model::coverage::{Density, StreamCoverage, WayCoverage};
use vigie_model::exposure::{BuildSeen, Exposure};
use vigie_model::verdict::Verdict;
use vigie_model::{Day, Time};

/// One assessment.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The file, as it was named.
    pub path: String,
    /// The folders between the given one and the file, outermost first.
    pub folders: Vec<String>,
    /// The host.
    pub host: String,
    /// The last record of its logs; none when nothing in it has a time.
    pub dated: Option<Time>,
    /// Its TLP marking.
    pub tlp: String,
    /// Builds that were seen, whatever the campaign.
    pub builds: Vec<BuildSeen>,
    /// What it says of each campaign.
    pub packs: Vec<KnownPack>,
    /// Streams with their first and last event.
    pub streams: Vec<(String, Option<Time>, Option<Time>)>,
    /// A moment at which an outside address was still answered.
    pub outside_until: Option<Time>,
}

/// What an assessment says of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownPack {
    /// The pack.
    pub pack: String,
    /// The answer.
    pub verdict: Verdict,
    /// First and last day at risk; none when none was.
    pub risk: Option<(Day, Day)>,
    /// Whether the owner stated something of the exposure: then the verdict and the days at risk may rest on that word
    /// alone, and prove nothing.
    pub stated: Stated,
    /// Coverage per way in.
    pub ways: Vec<WayCoverage>,
}

/// Whether a conclusion may rest on the owner's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// On evidence alone.
    No,
    /// The owner stated something, with `--facts`.
    ByOwner,
}

#[derive(Deserialize)]
struct Slim {
    schema: String,
    host: String,
    tool: SlimTool,
    verdicts: Vec<SlimVerdict>,
    coverage: Vec<StreamCoverage>,
}

#[derive(Deserialize)]
struct SlimTool {
    tlp: String,
}

#[derive(Deserialize)]
struct SlimVerdict {
    pack: String,
    verdict: Verdict,
    exposure: Exposure,
    ways: Vec<WayCoverage>,
}

/// Takes from the bytes of an `assessment.json` what directives ask for.
///
/// # Errors
/// One line on why it is none, or one of another version.
pub fn read(path: &str, folders: Vec<String>, bytes: &[u8]) -> Result<Known, String> {
    #[derive(Deserialize)]
    struct Version {
        schema: String,
    }
    let slim: Slim = serde_json::from_slice(bytes).map_err(|error| {
        // A file of another version may lack what this one asks for: its version is the better reason.
        match serde_json::from_slice::<Version>(bytes) {
            Ok(version) if version.schema != SCHEMA => other_version(&version.schema),
            Ok(_) | Err(_) => format!("not an assessment: {error}"),
        }
    })?;
    if slim.schema != SCHEMA {
        return Err(other_version(&slim.schema));
    }
    let dated = dated(&slim);
    let outside_until = slim.verdicts.iter().filter_map(|one| one.exposure.outside_until).max();
    let mut builds: Vec<BuildSeen> = Vec::new();
    for build in slim.verdicts.iter().flat_map(|one| &one.exposure.builds) {
        if !builds.iter().any(|known| known.build == build.build) {
            builds.push(build.clone());
        }
    }
    let pack = |one: SlimVerdict| KnownPack {
        pack: one.pack,
        verdict: one.verdict,
        risk: one.exposure.from.zip(one.exposure.to),
        stated: if one.exposure.notes.iter().any(|note| note.key == "owner_states") {
            Stated::ByOwner
        } else {
            Stated::No
        },
        ways: one.ways,
    };
    Ok(Known {
        path: path.to_owned(),
        folders,
        host: slim.host,
        dated,
        tlp: slim.tool.tlp,
        builds,
        packs: slim.verdicts.into_iter().map(pack).collect(),
        streams: slim.coverage.into_iter().map(|one| (one.stream, one.first, one.last)).collect(),
        outside_until,
    })
}

fn other_version(schema: &str) -> String {
    format!("an assessment of version `{schema}`, and this program reads `{SCHEMA}`")
}

/// The last record of the logs. States (a web root, a file table) are left out: the times in them can be set to any
/// day, and a day in the future would make the whole assessment vanish.
fn dated(slim: &Slim) -> Option<Time> {
    let logs = slim.coverage.iter().filter(|stream| stream.density != Density::State);
    let builds = slim.verdicts.iter().flat_map(|one| &one.exposure.builds);
    let of_logs = logs.filter_map(|stream| stream.last).max();
    of_logs.or_else(|| builds.filter_map(|build| build.to.or(build.from)).max())
}
