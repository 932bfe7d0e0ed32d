//! Rules, their metadata and their mistakes.

use vigie_model::rule::{Confidence, Level, Role, Stage};
use vigie_yara::{Mistake, Owner, RuleFile, compile};

use crate::{compiled, file, hits, loaded};

const PAGE: &str = "rule page : T1505_003 web {\n  meta:\n    description = \"A page\"\n    reference = \"https://example.org\"\n    \
score = 75\n  strings:\n    $a = \"Page Language\"\n    $b = { 25 3E }\n  condition:\n    $a and $b\n}\n";

#[test]
fn a_hit_says_where_and_what() {
    let rules = loaded(PAGE);
    let info = &rules.infos()[0];
    assert_eq!((info.id.as_str(), info.title.as_str(), info.level), ("yara:r.yar:page", "page", Level::High));
    assert_eq!(info.description, "A page. Reference: https://example.org");
    assert_eq!(info.attack, ["T1505.003"]);
    let found = hits(&rules, b"<%@ Page Language=\"x\" %>\x00");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].offset, found[0].tags.as_str()), (4, "T1505_003, web"));
    assert_eq!(found[0].strings, "$a at 0x4 \"Page Language\"; $b at 0x16 \"%>\"");
    assert_eq!(hits(&rules, b"Page Language"), []);
}

#[test]
fn private_rules_serve_and_global_rules_hold_back() {
    let text = "global rule small { condition: filesize < 10 }\n\
        private rule asp { strings: $a = \"<%\" condition: $a }\n\
        rule both { condition: asp and small }\n";
    let rules = loaded(text);
    let names: Vec<&str> = rules.infos().iter().map(|info| info.title.as_str()).collect();
    assert_eq!(names, ["small", "both"]);
    assert_eq!(hits(&rules, b"<% %>").len(), 2);
    assert_eq!(hits(&rules, b"<% too long for it %>"), []);
}

#[test]
fn levels_are_read_in_every_usual_spelling() {
    for (meta, level, confidence) in [
        ("level = \"critical\" status = \"stable\"", Level::Critical, Confidence::High),
        ("severity = \"Low\"", Level::Low, Confidence::Medium),
        ("severity = 100", Level::Critical, Confidence::Medium),
        ("score = 60", Level::Medium, Confidence::Medium),
        ("score = 5 confidence = \"low\"", Level::Informational, Confidence::Low),
        ("author = \"x\"", Level::Medium, Confidence::Medium),
    ] {
        let rules = loaded(&format!("rule a {{ meta: {meta} condition: true }}"));
        assert_eq!((rules.infos()[0].level, rules.infos()[0].confidence), (level, confidence), "{meta}");
    }
    assert_eq!(loaded("rule a : high { condition: true }").infos()[0].level, Level::High);
}

#[test]
fn a_pack_says_what_a_match_proves() {
    let of_pack = |meta: &str| {
        let text = format!("rule a {{ meta: {meta} condition: true }}");
        let owner = Owner::Pack("p".to_owned(), vec!["shell".to_owned()]);
        compile(&[RuleFile { path: "packs/p/yara/a.yar".to_owned(), text, owner }])
    };
    let good = of_pack("stage = \"foothold\" way = \"shell\" role = \"witness\"");
    assert_eq!(good.mistakes, []);
    let info = &good.rules.infos()[0];
    assert_eq!((info.id.as_str(), info.pack.as_deref()), ("p:yara:a", Some("p")));
    assert_eq!(
        (info.stage, info.role, info.way.as_deref()),
        (Some(Stage::Foothold), Role::Witness, Some("shell"))
    );
    assert_eq!(of_pack("role = \"scanner\"").mistakes, []);
    for (meta, message) in [
        ("author = \"x\"", "rule a: no stage"),
        ("stage = \"owned\"", "rule a: `owned` is no stage"),
        ("stage = \"foothold\" way = \"door\"", "rule a: the pack has no way in `door`"),
        ("stage = \"foothold\" role = \"hero\"", "rule a: `hero` is no role"),
    ] {
        assert_eq!(of_pack(meta).mistakes[0].message, message);
    }
}

#[test]
fn mistakes_have_a_line_a_column_and_a_hint() {
    let at = |text: &str| {
        let Mistake { line, column, message, source_line, hint, .. } = compiled(text).mistakes.remove(0);
        assert!(!hint.is_empty(), "{message}");
        assert_eq!(Some(source_line.as_str()), text.lines().nth(line as usize - 1));
        (line, column, message)
    };
    assert_eq!(
        at("rule a {\n  condition:\n    $x\n}"),
        (3, 5, "unknown pattern `$x`: this pattern is not declared in the `strings` section".to_owned())
    );
    let (line, column, message) = at("rule é {\n  condition: true\n}");
    assert_eq!((line, column), (1, 6), "{message}");
    let (line, column, message) = at("include \"other.yar\"\nrule a { condition: true }");
    assert_eq!((line, column), (1, 1), "{message}");
    assert!(message.contains("include"), "{message}");
    let (line, column, message) = at("rule a {\n condition: filename == \"x\"\n}");
    assert_eq!((line, column), (2, 13), "{message}");
}

#[test]
fn rules_that_need_a_module_that_is_not_there_are_named_and_the_others_run() {
    let text = "import \"pe\"\nimport \"hash\"\nrule native { condition: pe.is_dll() }\n\
        rule hashed { condition: hash.md5(0, filesize) == \"5d41402abc4b2a76b9719d911017c592\" }\n\
        rule after { condition: native }\n";
    let compiled = compiled(text);
    let told: Vec<(u32, &str)> =
        compiled.mistakes.iter().map(|mistake| (mistake.line, mistake.message.as_str())).collect();
    let expected = [
        (3, "rule native needs the module `pe`"),
        (5, "rule after needs the rule native, which did not load"),
    ];
    assert_eq!(told, expected);
    assert_eq!(hits(&compiled.rules, b"hello").len(), 1);
}

#[test]
fn files_do_not_disturb_each_other() {
    let good = "rule same { condition: true }";
    let compiled =
        compile(&[file("a.yar", good), file("b.yar", "rule broken { condition: }"), file("c.yar", good)]);
    assert_eq!(compiled.mistakes.len(), 1);
    assert_eq!(compiled.mistakes[0].path, "b.yar");
    let ids: Vec<&str> = compiled.rules.infos().iter().map(|info| info.id.as_str()).collect();
    assert_eq!(ids, ["yara:a.yar:same", "yara:c.yar:same"]);
    assert_eq!(hits(&compiled.rules, b"x").iter().map(|found| found.rule).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn one_scanner_serves_many_files() {
    let rules = loaded(PAGE);
    let mut scanner = rules.scanner();
    let first = scanner.scan(b"<%@ Page Language=\"x\" %>");
    let none = scanner.scan(b"nothing");
    assert_eq!(scanner.scan(b"<%@ Page Language=\"x\" %>"), first);
    assert_ne!(none, first);
}
