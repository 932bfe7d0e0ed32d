//! Who may use whom among our crates, and what the first build must not pull in.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::tidy::none;
use crate::tree;

/// The allowed edges of ARCHITECTURE.md; `vigie` and `xtask` may use all.
const EDGES: &[(&str, &[&str])] = &[
    ("vigie-model", &[]),
    ("vigie-estimate", &[]),
    ("vigie-webshell", &[]),
    ("vigie-container", &[]),
    ("vigie-parse", &["vigie-model", "vigie-container"]),
    ("vigie-detect", &["vigie-model"]),
    ("vigie-yara", &["vigie-model"]),
    ("vigie-assess", &["vigie-model"]),
    ("vigie-report", &["vigie-model"]),
    ("vigie-directive", &["vigie-model"]),
    ("vigie-example", &["vigie-model"]),
    ("vigie-differential", &["vigie-model", "vigie-parse", "vigie-detect"]),
    ("vigie-fleet", &["vigie-model", "vigie-detect", "vigie-assess", "vigie-report"]),
];

/// What the tests of a crate may use besides: evidence to try it on.
const TEST_EDGES: &[&str] = &["vigie-example"];

/// The crates that tie the others together.
const TOPS: &[&str] = &["vigie", "xtask"];

/// Runtimes, databases and network clients that an endpoint tool has no use for.
const HEAVY: &[&str] = &[
    "actix-web",
    "arrow",
    "async-std",
    "axum",
    "curl",
    "datafusion",
    "diesel",
    "duckdb",
    "h2",
    "hyper",
    "libsqlite3-sys",
    "mio",
    "native-tls",
    "openssl",
    "postgres",
    "quinn",
    "redb",
    "redis",
    "reqwest",
    "rocket",
    "rocksdb",
    "rusqlite",
    "rustls",
    "sled",
    "smol",
    "socket2",
    "sqlx",
    "tokio",
    "ureq",
    "warp",
    "wasmtime",
];

/// Third-party packages in the first build, at most: a ratchet against growth nobody decided.
const PACKAGES_MAX: usize = 165;

#[test]
fn crates_use_only_what_they_may() {
    let mut offences = Vec::new();
    for (name, dependencies) in ours() {
        let allowed = EDGES.iter().find(|(edge, _)| *edge == name).map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            if !TOPS.contains(&name.as_str()) {
                offences.push(format!("{name} is not in the list of edges"));
            }
            continue;
        };
        for (dependency, for_tests) in dependencies {
            let mine = dependency.starts_with("vigie") || dependency == "xtask";
            let test_edge = for_tests && TEST_EDGES.contains(&dependency.as_str());
            if mine && !test_edge && !allowed.contains(&dependency.as_str()) {
                offences.push(format!("{name} uses {dependency}"));
            }
        }
    }
    none("our crates use each other only along the edges of ARCHITECTURE.md", &offences);
}

#[test]
fn first_build_is_light() {
    let packages = closure("vigie");
    let heavy: Vec<String> = packages.iter().filter(|name| HEAVY.contains(&name.as_str())).cloned().collect();
    none("the first build has no async runtime, no database and no network", &heavy);
    assert!(packages.contains("serde"), "only {} packages found", packages.len());
    assert!(packages.len() <= PACKAGES_MAX, "{} packages in the first build", packages.len());
}

/// Our crates, each with its dependencies and whether only its tests use them.
fn ours() -> BTreeMap<String, Vec<(String, bool)>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(tree::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut ours = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let dependencies = package["dependencies"].as_array().unwrap();
        let dependencies = dependencies
            .iter()
            .map(|dependency| (word(&dependency["name"]), dependency["kind"].as_str() == Some("dev")))
            .collect();
        ours.insert(word(&package["name"]), dependencies);
    }
    ours
}

/// Every package that is compiled for one of our crates on this system, ours left out.
fn closure(name: &str) -> BTreeSet<String> {
    let edges =
        ["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}", "--package"];
    let output =
        Command::new(env!("CARGO")).args(edges).arg(name).current_dir(tree::root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| !name.is_empty() && !name.starts_with("vigie")).map(str::to_owned).collect()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
