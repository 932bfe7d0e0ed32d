//! Which artifacts are logs: what a system or a tool writes down of others, so that any text in it may be a stranger's.

/// Logs, file tables, hives and reports of tools. What is not here may be planted itself: pages, programs, tasks, scripts.
const LOGS: [&str; 18] = [
    "defender.log",
    "defender.scanner",
    "exchange.ecp",
    "exchange.eomt",
    "exchange.ews",
    "exchange.healthchecker",
    "exchange.httpproxy",
    "exchange.log",
    "exchange.oabgenerator",
    "exchange.rps",
    "exchange.setup",
    "exchange.testproxylogon",
    "iis.w3c",
    "windows.evtx",
    "windows.jsonl",
    "windows.mft",
    "windows.registry",
    "windows.usn",
];

/// Whether the text of a web shell in a file of this artifact is no sign that there is one.
pub fn is_log(artifact: &str) -> bool {
    LOGS.contains(&artifact)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vigie_parse::PARSERS;

    use super::*;

    /// What rules on planted files look at.
    const LOOKED_AT: [&str; 8] = [
        "exchange.agents",
        "iis.config",
        "powershell.history",
        "powershell.transcript",
        "web.root",
        "windows.pe",
        "windows.task",
        "windows.wer",
    ];

    /// A new parser must say here what its artifact is.
    #[test]
    fn every_artifact_is_a_log_or_looked_at() {
        let known: BTreeSet<&str> = PARSERS.iter().map(|parser| parser.artifact().name).collect();
        let (logs, others): (Vec<&str>, Vec<&str>) = known.into_iter().partition(|name| is_log(name));
        assert_eq!(logs, LOGS);
        assert_eq!(others, LOOKED_AT);
    }
}
