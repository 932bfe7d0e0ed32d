//! YARA rules as a content scanner: the user's look at every file up to a size, those of packs at what may be planted.

use vigie_model::diagnostic::Code;
use vigie_model::rule::RuleInfo;
use vigie_yara::{FILE_BYTES_MAX, Scanned, YaraRules, YaraScanner};

use super::{ContentHit, ContentRules, ContentScanner, End, File, Findings, logs};

/// Rules and where they look.
#[derive(Debug)]
pub struct Yara {
    /// The rules.
    pub rules: YaraRules,
    /// The files that they look at.
    pub scope: Scope,
}

/// Which files rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every one.
    All,
    /// Those that somebody may have planted. A log holds what anybody sent: the text of a web shell in a request is no
    /// web shell, and a pack's rule says that there is one.
    NoLogs,
}

impl ContentRules for Yara {
    fn name(&self) -> &'static str {
        "yara"
    }

    fn rules(&self) -> Vec<RuleInfo> {
        self.rules.infos().to_vec()
    }

    fn asks(&self, file: &File<'_>, _head: &[u8]) -> Option<u64> {
        let looked_at = match self.scope {
            Scope::All => true,
            Scope::NoLogs => file.artifact.is_none_or(|artifact| !logs::is_log(artifact)),
        };
        looked_at.then_some(FILE_BYTES_MAX)
    }

    fn scanner(&self) -> Box<dyn ContentScanner + '_> {
        Box::new(self.rules.scanner())
    }
}

impl ContentScanner for YaraScanner<'_> {
    fn scan(&mut self, _file: &File<'_>, bytes: &[u8]) -> Findings {
        let stopped = |code: Code, message: String| Findings {
            notes: vec![(code, message)],
            end: End::Stopped,
            ..Findings::default()
        };
        match YaraScanner::scan(self, bytes) {
            Scanned::TimedOut(message) => stopped(Code::ContentTimeLimit, message),
            Scanned::Failed(message) => stopped(Code::ContentScannerFailed, message),
            Scanned::Whole(found, capped) => {
                let hits = found.into_iter().map(|found| {
                    let told = [("Strings", found.strings), ("Tags", found.tags)];
                    let told = told.into_iter().filter(|(_, value)| !value.is_empty());
                    let fields = told.map(|(name, value)| (name.to_owned(), value)).collect();
                    ContentHit { rule: found.rule, offset: found.offset, fields }
                });
                let notes = match capped.as_slice() {
                    [] => Vec::new(),
                    [first, more @ ..] => {
                        let others = if more.is_empty() {
                            String::new()
                        } else {
                            format!(", and {} strings more", more.len())
                        };
                        vec![(Code::ContentMatchLimit, format!("{first}{others}"))]
                    }
                };
                Findings { hits: hits.collect(), notes, end: End::Whole }
            }
        }
    }
}
