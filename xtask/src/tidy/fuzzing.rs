//! Every parser has a fuzz target, and every fuzz target is built.

use crate::tidy::none;
use crate::tree;

#[test]
fn every_parser_has_a_fuzz_target() {
    let mut offences = Vec::new();
    for parser in vigie_parse::PARSERS {
        let name = parser.artifact().name;
        let path = format!("fuzz/fuzz_targets/{}.rs", name.replace(['.', '-'], "_"));
        let text = std::fs::read_to_string(tree::root().join(&path)).unwrap_or_default();
        if !text.contains(&format!("\"{name}\"")) {
            offences.push(format!("{path} for {name}"));
        }
    }
    none("a parser comes with a fuzz target", &offences);
}

#[test]
fn every_fuzz_target_is_declared() {
    let manifest: toml::Table = tree::read(&tree::root().join("fuzz/Cargo.toml")).unwrap().parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap();
    let mut declared: Vec<&str> = bins.iter().filter_map(|bin| bin["path"].as_str()).collect();
    declared.sort_unstable();
    let mut written = tree::files("fuzz/fuzz_targets").unwrap();
    written.retain(|path| tree::has_extension(path, "rs"));
    let written: Vec<String> = written.iter().map(|path| tree::shown(path)).collect();
    let written: Vec<&str> = written.iter().filter_map(|path| path.strip_prefix("fuzz/")).collect();
    assert_eq!(declared, written);
}
