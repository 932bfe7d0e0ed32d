//! Rules on manifests: every version in one place with its reason, one licence, one test binary a crate.

use std::path::PathBuf;

use crate::tidy::none;
use crate::tree;

#[test]
fn every_version_has_a_reason() {
    let manifest = tree::read(&tree::root().join("Cargo.toml")).unwrap();
    let mut offences = Vec::new();
    let (mut inside, mut before) = (false, "");
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if inside && line.contains('=') && !line.starts_with('#') {
            let ours = line.contains("path = ");
            if !ours && !before.starts_with("# ") {
                offences.push(line.to_owned());
            }
        }
        before = line;
    }
    none("every dependency stands under a comment that says why it is there", &offences);
}

#[test]
fn versions_lints_and_licence_come_from_the_workspace() {
    let mut offences = Vec::new();
    for path in manifests() {
        let (shown, manifest) = (tree::shown(&path), parse(&path));
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            if manifest["package"].get(key).and_then(|value| value.get("workspace")).is_none() {
                offences.push(format!("{shown}: {key}"));
            }
        }
        if manifest.get("lints").and_then(|lints| lints.get("workspace")).is_none() {
            offences.push(format!("{shown}: lints"));
        }
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let dependencies = manifest.get(table).and_then(toml::Value::as_table);
            for (name, value) in dependencies.into_iter().flatten() {
                if value.get("workspace").is_none() {
                    offences.push(format!("{shown}: {name}"));
                }
            }
        }
    }
    none("versions, lints and the licence are said once, in the workspace", &offences);
}

#[test]
fn one_integration_test_binary_a_crate() {
    let mut offences = Vec::new();
    for path in manifests() {
        let folder = path.parent().unwrap();
        let tests = folder.join("tests");
        let loose = tests.is_dir()
            && std::fs::read_dir(&tests)
                .unwrap()
                .any(|entry| entry.unwrap().path().extension().is_some_and(|ext| ext == "rs"));
        let automatic =
            parse(&path)["package"].get("autotests").and_then(toml::Value::as_bool) != Some(false);
        if loose || automatic {
            offences.push(tree::shown(folder));
        }
    }
    none("one integration test binary a crate: tests/it/main.rs, autotests = false", &offences);
}

#[test]
fn both_licences_are_there() {
    let manifest = parse(&tree::root().join("Cargo.toml"));
    let licence = manifest["workspace"]["package"]["license"].as_str().unwrap();
    assert_eq!(licence, "Apache-2.0 OR MIT");
    let apache = tree::read(&tree::root().join("LICENSE-APACHE")).unwrap();
    assert!(apache.contains("Apache License") && apache.contains("Version 2.0"));
    assert!(tree::read(&tree::root().join("LICENSE-MIT")).unwrap().contains("Permission is hereby granted"));
}

fn manifests() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = tree::files("crates").unwrap();
    found.push(tree::root().join("xtask/Cargo.toml"));
    found.retain(|path| path.file_name().is_some_and(|name| name == "Cargo.toml"));
    assert!(found.len() > 5, "only {} manifests found", found.len());
    found
}

fn parse(path: &std::path::Path) -> toml::Table {
    tree::read(path).unwrap().parse().unwrap()
}
