//! Rules and files made to cost: bounded, and what was not done is said.

use vigie_yara::Scanned;

use crate::{compiled, hits, loaded};

#[test]
fn expressions_that_explode_elsewhere_do_not_here() {
    let rules = loaded("rule a { strings: $a = /x(a|a)*(a|aa)+$/ condition: $a }");
    let bytes = [b"x".as_slice(), &vec![b'a'; 200_000], b"!"].concat();
    assert_eq!(hits(&rules, &bytes), []);
}

#[test]
fn a_string_that_is_everywhere_is_counted_up_to_a_limit_that_is_said() {
    let rules = loaded("rule many { strings: $a = \"abcd\" condition: #a % 2 == 0 }");
    let bytes = b"abcd".repeat(30_000);
    match rules.scanner().scan(&bytes) {
        Scanned::Whole(found, capped) => {
            assert_eq!(found.len(), 1);
            assert_eq!(capped, ["many $a: 20000 matches"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rule_that_the_limit_keeps_silent_is_named() {
    let rules = loaded("rule more { strings: $a = \"abcd\" condition: #a > 25000 }");
    match rules.scanner().scan(&b"abcd".repeat(30_000)) {
        Scanned::Whole(found, capped) => assert_eq!((found.len(), capped.len()), (0, 1)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rules_that_are_no_rules_are_mistakes() {
    for text in [
        "\u{0}",
        "rule",
        "rule a {",
        "{{{{",
        "rule a { strings: $a = /[/ condition: $a }",
        "import \"nosuch\"",
    ] {
        assert!(!compiled(text).mistakes.is_empty(), "{text:?}");
    }
}

#[test]
fn conditions_without_bottom_are_refused() {
    let brackets = format!("{}true{}", "(".repeat(20_000), ")".repeat(20_000));
    let negations = "not ".repeat(20_000) + "true";
    let signs = format!("{}1 == 1", "-".repeat(20_000));
    for deep in [brackets, negations, signs] {
        let compiled =
            compiled(&format!("rule fine {{ condition: true }}\nrule a {{\n condition: {deep}\n}}"));
        assert_eq!(compiled.rules.infos().len(), 0, "nothing of such a file is taken");
        assert!(compiled.mistakes[0].message.contains("at most 200"), "{:?}", compiled.mistakes[0].message);
        assert_eq!(compiled.mistakes[0].line, 3);
    }
    let many = format!(
        "rule a {{ strings: $a = \"{}\" condition: {} }}",
        "-(".repeat(300),
        vec!["($a)"; 5_000].join(" or ")
    );
    assert_eq!(compiled(&many).mistakes, []);
}

#[test]
fn what_matched_is_told_without_its_control_characters() {
    let rules = loaded("rule a { strings: $a = { 1b 5b 33 31 6d } $b = /<%[^%]{3}/ condition: any of them }");
    let found = hits(&rules, b"<%\r\n\"%> \x1b[31m");
    assert_eq!(found[0].strings, "$a at 0x8 { 1b 5b 33 31 6d }; $b at 0x0 \"<%\\r\\n\\\"\"");
}
