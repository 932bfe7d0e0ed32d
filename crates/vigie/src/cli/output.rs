//! The output folder: nothing is overwritten unless asked, and no name from evidence becomes a path.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use vigie_model::Assessment;
use vigie_report::{Renderer, Style};

use super::usage_error;

/// A folder name made of a host name is cut at this many characters.
const NAME_MAX: usize = 64;

/// The folder that a run writes to.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, and refuses one that holds results already.
    pub(super) fn claim(path: &Path, clobber: bool) -> anyhow::Result<Folder> {
        let taken = ["assessment.json", "report.html", "summary.html", "summary.json"]
            .iter()
            .any(|name| path.join(name).exists());
        if taken && !clobber {
            let path = path.display();
            return Err(usage_error(format!(
                "{path} holds a report already; give --clobber to overwrite it"
            )));
        }
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Folder { path: path.to_owned() })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one assessment in every format, into the sub-folder of this name (or none).
    pub(super) fn write_assessment(
        &self,
        name: &str,
        assessment: &Assessment,
        renderers: &[&dyn Renderer],
        style: &Style,
    ) -> anyhow::Result<()> {
        let folder = self.path.join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for renderer in renderers {
            let path = folder.join(renderer.file_name());
            write(&path, |out| renderer.render(assessment, style, out))?;
        }
        Ok(())
    }

    /// Writes the page over all servers.
    pub(super) fn write_summary(&self, assessments: &[Assessment], style: &Style) -> anyhow::Result<()> {
        let summary = vigie_report::summary::summarize(assessments);
        write(&self.path.join("summary.json"), |out| vigie_report::summary::json(&summary, out))?;
        write(&self.path.join("summary.html"), |out| vigie_report::summary::html(&summary, style, out))
    }
}

fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", path.display());
    let mut out = BufWriter::new(File::create(path).with_context(context)?);
    fill(&mut out).with_context(context)?;
    out.flush().with_context(context)
}

/// Renders to any writer, by the name of the format.
pub(super) fn render(
    name: &str,
    assessment: &Assessment,
    style: &Style,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let renderer =
        vigie_report::renderer(name).ok_or_else(|| usage_error(format!("no format is called {name}")))?;
    Ok(renderer.render(assessment, style, out)?)
}

/// A folder name per assessment, made of its host name, and of its collection's where several servers have the
/// same: attackers name hosts, so only harmless characters stay, and a name that is taken all the same gets a
/// number.
pub(super) fn folder_names(assessments: &[Assessment]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut names = Vec::new();
    for assessment in assessments {
        let shared = assessments.iter().filter(|other| other.host == assessment.host).count() > 1;
        let base = if shared {
            harmless(&format!("{}-{}", assessment.host, assessment.collection))
        } else {
            harmless(&assessment.host)
        };
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let free =
            std::iter::once(base.clone()).chain(numbered).find(|name| taken.insert(name.to_lowercase()));
        names.push(free.unwrap_or(base));
    }
    names
}

fn harmless(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let kept: String = name.chars().map(keep).take(NAME_MAX).collect();
    let kept = kept.trim_matches('.').to_owned();
    // Names that Windows keeps for devices would not open there.
    let stem = kept.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
    if kept.is_empty() || device { format!("host_{kept}") } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_cannot_leave_the_folder() {
        for (host, name) in [
            ("MAIL01", "MAIL01"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..", "host_"),
            ("C:\\x", "C__x"),
            ("nul", "host_nul"),
            ("<script>", "_script_"),
        ] {
            assert_eq!(harmless(host), name);
        }
    }
}
