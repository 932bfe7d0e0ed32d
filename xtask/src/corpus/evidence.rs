//! `vigie check` over real Exchange evidence: what was attacked is found, what was not stays silent, no byte is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use vigie_model::Assessment;
use vigie_model::verdict::Verdict;

use crate::tree;

/// Thread counts that must give the same bytes.
const THREADS: &[&str] = &["1", "2", "8"];

/// The exit code when no file is evidence of a kind that Vigie reads.
const NOTHING_READ: i32 = 3;

/// One piece of real evidence and what must come out of it.
struct Case {
    /// Its path below the corpus.
    path: &'static str,
    /// The answer for each of its hosts,
    verdict: Verdict,
    /// but for these.
    other_hosts: &'static [(&'static str, Verdict)],
    /// Whether anything may be found at all.
    findings: Findings,
}

enum Findings {
    /// Benign evidence: a finding is a false one.
    None,
    /// Each of these words stands in a proof.
    Proofs(&'static [&'static str]),
    /// These titles, all of them, and no other.
    Only(&'static [&'static str]),
    /// Evidence of another kind of machine: only the accounts are checked.
    Any,
}

const CASES: &[Case] = &[
    Case {
        path: "otrf_proxylogon/proxylogon_ssrf_rce_poc_2021-03-14T01401970.json",
        verdict: Verdict::Compromised,
        other_hosts: &[],
        findings: Findings::Proofs(&["Set-OabVirtualDirectory", ".aspx", "whoami", "w3wp.exe"]),
    },
    // No trace of anything; but its build lacked the fixes of November 2021 and 2022 when the logs were written, and they
    // begin after the days at risk.
    Case {
        path: "exchange_logs_qazeer/extracted",
        verdict: Verdict::PresumedCompromised,
        // One command log alone, in which nobody comes from outside: whether it could be reached is not known.
        other_hosts: &[("DOMAIN-MAIL", Verdict::InsufficientEvidence)],
        findings: Findings::None,
    },
    // Configurations of laboratory servers without a log: they are read to the last byte, and give no verdict.
    Case {
        path: "css_exchange/Shared",
        verdict: Verdict::InsufficientEvidence,
        other_hosts: &[],
        // Its authors put libraries into C:\Temp to test for such modules.
        findings: Findings::Only(&[
            "The web server loads a module that is neither of Windows nor of Exchange",
        ]),
    },
    Case {
        path: "css_exchange/Diagnostics",
        verdict: Verdict::InsufficientEvidence,
        other_hosts: &[],
        findings: Findings::None,
    },
    benign("plaso_test_data/iis"),
    benign("iis_brianary/test/data"),
    benign("iis_hdinsight_2008"),
    Case {
        path: "velociraptor_collection/csv",
        verdict: Verdict::PresumedCompromised,
        other_hosts: &[],
        findings: Findings::Proofs(&["autodiscover.json"]),
    },
    benign("velociraptor_collection/Collection-WIN-E5K9RC5GU23-2021-11-21T18_05_56-08_00.zip"),
    Case {
        path: "plaso_test_data/evtx",
        verdict: Verdict::InsufficientEvidence,
        other_hosts: &[],
        findings: Findings::Any,
    },
    Case {
        path: "evtx_omerbenamram/samples",
        verdict: Verdict::InsufficientEvidence,
        other_hosts: &[],
        findings: Findings::Any,
    },
];

const fn benign(path: &'static str) -> Case {
    Case { path, verdict: Verdict::InsufficientEvidence, other_hosts: &[], findings: Findings::None }
}

/// Runs every case; says which failed and how.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    let vigie = tree::release_binary()?;
    let scratch = tree::scratch("corpus-evidence")?;
    let mut offences = Vec::new();
    for (index, case) in CASES.iter().enumerate() {
        let output = scratch.join(index.to_string());
        match check(&vigie, &data.join(case.path), &output).and_then(|found| judge(case, &found)) {
            Ok(line) => println!("  {}: {line}", case.path),
            Err(error) => offences.push(format!("{}: {error:#}", case.path)),
        }
    }
    if let Err(error) = same_bytes(&vigie, &data.join("exchange_logs_qazeer/extracted"), &scratch) {
        offences.push(format!("{error:#}"));
    }
    ensure!(offences.is_empty(), "{}", offences.join("\n"));
    Ok(())
}

/// Runs `vigie check` and reads every assessment that it wrote.
fn check(vigie: &Path, evidence: &Path, output: &Path) -> anyhow::Result<Vec<Assessment>> {
    ensure!(evidence.exists(), "not in this copy of the corpus");
    let run = Command::new(vigie).arg("check").arg(evidence).arg("--output").arg(output).output()?;
    let code = run.status.code().context("vigie was killed")?;
    let assessments = assessments(output)
        .with_context(|| format!("exit code {code}\n{}", String::from_utf8_lossy(&run.stderr)))?;
    let worst = assessments.iter().map(Assessment::verdict).min_by_key(|verdict| verdict.rank());
    let worst = worst.context("no assessment")?;
    let read =
        assessments.iter().flat_map(|assessment| &assessment.manifest).any(|entry| entry.artifact.is_some());
    let wanted = if read { i32::from(worst.exit_code()) } else { NOTHING_READ };
    ensure!(code == wanted, "exit code {code} for {}", worst.word());
    Ok(assessments)
}

fn assessments(output: &Path) -> anyhow::Result<Vec<Assessment>> {
    let mut found = Vec::new();
    for path in tree::all_files(output)? {
        if path.file_name().is_some_and(|name| name == "assessment.json") {
            let text = tree::read(&path)?;
            found.push(serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?);
        }
    }
    ensure!(!found.is_empty(), "no assessment.json was written");
    Ok(found)
}

/// Compares what came out with what must; gives a line for the person who watches.
fn judge(case: &Case, found: &[Assessment]) -> anyhow::Result<String> {
    let worst = found.iter().map(Assessment::verdict).min_by_key(|verdict| verdict.rank());
    ensure!(worst == Some(case.verdict), "the worst host is {}", worst.map_or("none", Verdict::word));
    for (host, _) in case.other_hosts {
        ensure!(found.iter().any(|assessment| assessment.host == *host), "no host is called {host}");
    }
    for assessment in found {
        let verdict = assessment.verdict();
        let other = case.other_hosts.iter().find(|(host, _)| *host == assessment.host);
        let wanted = other.map_or(case.verdict, |(_, verdict)| *verdict);
        ensure!(verdict == wanted, "{} is {}", assessment.host, verdict.word());
        accounted(assessment)?;
        match case.findings {
            Findings::Any => {}
            Findings::Only(titles) => {
                let found: BTreeSet<&str> =
                    assessment.findings.iter().map(|finding| finding.title.as_str()).collect();
                ensure!(found == titles.iter().copied().collect(), "findings: {found:?}");
            }
            Findings::None => {
                let titles: Vec<&str> =
                    assessment.findings.iter().map(|finding| finding.title.as_str()).collect();
                ensure!(titles.is_empty(), "false findings: {titles:?}");
            }
            Findings::Proofs(words) => proven(assessment, words)?,
        }
    }
    let files: usize = found.iter().map(|assessment| assessment.manifest.len()).sum();
    let events: u64 =
        found.iter().flat_map(|assessment| &assessment.manifest).map(|entry| entry.events).sum();
    Ok(format!("{}, {files} files, {events} events", case.verdict.word()))
}

/// Every byte of every file is parsed, or rejected with a diagnostic.
fn accounted(assessment: &Assessment) -> anyhow::Result<()> {
    for entry in &assessment.manifest {
        let sum = entry.parsed_bytes + entry.rejected_bytes;
        ensure!(
            sum == entry.size,
            "{}: {} parsed and {} rejected of {} bytes",
            entry.path,
            entry.parsed_bytes,
            entry.rejected_bytes,
            entry.size
        );
        let named = assessment.diagnostics.iter().any(|diagnostic| diagnostic.path == entry.path);
        let silent = entry.rejected_bytes > 0 && !named && entry.unread.is_none();
        ensure!(!silent, "{}: {} bytes rejected without a reason", entry.path, entry.rejected_bytes);
    }
    Ok(())
}

/// Each word stands in the fields of some proof.
fn proven(assessment: &Assessment, words: &[&str]) -> anyhow::Result<()> {
    for word in words {
        let seen = assessment
            .findings
            .iter()
            .flat_map(|finding| &finding.proofs)
            .flat_map(|proof| proof.fields.values())
            .any(|value| value.to_lowercase().contains(&word.to_lowercase()));
        ensure!(seen, "no proof holds {word:?}");
    }
    Ok(())
}

/// The same evidence gives the same bytes for any number of threads.
fn same_bytes(vigie: &Path, evidence: &Path, scratch: &Path) -> anyhow::Result<()> {
    let mut first: Option<Vec<(PathBuf, Vec<u8>)>> = None;
    for threads in THREADS {
        let output = scratch.join(format!("threads-{threads}"));
        let mut command = Command::new(vigie);
        command.arg("check").arg(evidence).arg("--threads").arg(threads).arg("--output").arg(&output);
        command.output()?;
        let mut bytes = Vec::new();
        for path in tree::all_files(&output)? {
            bytes.push((path.strip_prefix(&output)?.to_path_buf(), std::fs::read(&path)?));
        }
        ensure!(!bytes.is_empty(), "no output with --threads {threads}");
        match &first {
            None => first = Some(bytes),
            Some(first) if *first == bytes => {}
            Some(_) => bail!("other bytes with --threads {threads}"),
        }
    }
    Ok(())
}
