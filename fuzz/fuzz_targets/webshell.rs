//! A page of unknown kind: the analysis ends, and what it says can be told.
#![no_main]

use vigie_webshell::{Tongue, analyze, lineage::cluster};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // The first byte chooses the kind of file.
    const NAMES: &[&str] = &["a.aspx", "a.asp", "a.ashx", "a.cshtml", "a.config", "a.asmx", "a.vb", "a.txt"];
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let analysis = analyze(name, rest);
    for finding in &analysis.findings {
        assert!(finding.line >= 1 || finding.sentence(Tongue::En).contains("line"));
        assert!(!finding.sentence(Tongue::Fr).is_empty());
    }
    assert!((0.0..=1.0).contains(&analysis.score));
    assert_eq!(cluster(&[analysis.sketch]).len(), 1);
});
