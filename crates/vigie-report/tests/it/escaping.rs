//! Whatever the evidence holds, it is text: in a browser, a terminal, a spreadsheet and a ticket.

use proptest::prelude::*;
use serde_json::{Map, Value};
use vigie_model::Assessment;
use vigie_report::{Lang, Role};

use crate::{page, sample};

/// Fields of closed sets, times and days: a hostile assessment with others would not load.
const CLOSED: &[&str] = &[
    "schema",
    "verdict",
    "stage",
    "state",
    "reachable",
    "level",
    "confidence",
    "role",
    "kind",
    "code",
    "time",
    "last",
    "first",
    "from",
    "to",
    "modified",
    "patched_at",
    "density",
    "version",
    "seen_last",
    "supported_until",
    "knowledge",
    "fix_published",
    "listed",
    "due",
];

/// The assessment with every free text replaced.
fn poisoned(name: &str, text: &str) -> Assessment {
    let mut value = sample::json(name);
    poison(&mut value, "", text);
    serde_json::from_value(value).unwrap()
}

fn poison(value: &mut Value, key: &str, text: &str) {
    match value {
        // Texts of packs are ours and may name an address to go to; here they would hide what evidence does.
        Value::String(_) if (key == "en" || key == "fr") && text.contains("://") => {}
        Value::String(held) if !CLOSED.contains(&key) => text.clone_into(held),
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key, text)),
        Value::Object(fields) if key == "args" || key == "fields" => {
            *fields = Map::from_iter([(text.to_owned(), Value::String(text.to_owned()))]);
        }
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| poison(field, name, text)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The names of elements and of their attributes, in order: all the force that a page has.
fn force(html: &str) -> Vec<(String, Vec<String>)> {
    let (elements, _) = page::read(html);
    elements.into_iter().map(|one| (one.tag, one.attributes.into_keys().collect())).collect()
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<script>",
        "</script>",
        "</style>",
        "<!--",
        "-->",
        "]]>",
        "<img src=x onerror=alert(1)>",
        "\"",
        "'",
        "`",
        "```",
        "&",
        "&lt;",
        "<",
        ">",
        "\u{1b}[2J",
        "\u{1b}]8;;http://a.example\u{7}",
        "\u{202e}",
        "\u{2066}",
        "\u{0}",
        "\u{9b}",
        "\r\n",
        "\n",
        "\t",
        "=1+1",
        "@SUM(A1)",
        "+",
        "-",
        "|",
        "[x](javascript:alert(1))",
        "![i](http://a.example/p)",
        "http://evil.example/x.aspx",
        "203.0.113.9",
        "2001:db8::1",
        "{",
        "}",
        "{when}",
        ",",
        ";",
        "\u{feff}",
        "é",
        "日本",
        "a",
        "0",
        " ",
        "<svg onload=x>",
        "@everyone",
        "#12",
        "\\",
        "../",
    ]);
    (prop::collection::vec(pieces, 1..10), any::<String>())
        .prop_map(|(pieces, other)| format!("x{}{other}x", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_changes_what_a_page_is_made_of(text in hostile()) {
        for role in [Role::Owner, Role::Responder] {
            let harmless = sample::render(&poisoned("compromised-hotel", "harmless"), "html", Lang::En, role);
            let html = sample::render(&poisoned("compromised-hotel", &text), "html", Lang::En, role);
            prop_assert_eq!(force(&harmless), force(&html));
        }
    }

    #[test]
    fn no_text_acts_on_a_terminal(text in hostile()) {
        let out = sample::render(&poisoned("compromised-hotel", &text), "text", Lang::Fr, Role::Owner);
        let acts = |char: char| (char.is_control() && char != '\n') || ('\u{202a}'..='\u{202e}').contains(&char)
            || ('\u{2066}'..='\u{2069}').contains(&char);
        prop_assert!(!out.chars().any(acts), "{:?}", out);
        prop_assert!(!out.contains("http://evil"));
    }

    #[test]
    fn no_text_adds_a_line_or_a_formula_to_a_spreadsheet(text in hostile()) {
        let assessment = poisoned("compromised-hotel", &text);
        let out = sample::render(&assessment, "csv", Lang::En, Role::Owner);
        prop_assert_eq!(out.lines().count(), assessment.timeline.len() + 1);
        prop_assert!(!out.contains('\r'));
    }
}

#[test]
fn a_formula_in_any_cell_is_only_text() {
    for text in ["=cmd|' /c calc'!A1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"] {
        let out = sample::render(&poisoned("compromised-hotel", text), "csv", Lang::En, Role::Owner);
        for line in out.lines().skip(1) {
            for cell in line.split(',') {
                assert!(
                    !cell.trim_start_matches('"').starts_with(['=', '+', '-', '@', '\t', '\r']),
                    "{cell}"
                );
            }
        }
    }
}

/// A line of Markdown without its code spans, by its standard: a run of backticks ends at one of its length.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        if before.ends_with('\\') {
            rest = &from[1..];
            continue;
        }
        let fence = from.chars().take_while(|char| *char == '`').count();
        let mut end = fence;
        loop {
            let Some(next) = from[end..].find('`') else { panic!("a code span that does not end: {line}") };
            let run = from[end + next..].chars().take_while(|char| *char == '`').count();
            end += next + run;
            if run == fence {
                break;
            }
        }
        rest = &from[end..];
    }
    out + rest
}

#[test]
fn the_hostile_sample_is_shown_and_has_no_force() {
    let assessment = sample::assessment("hostile-text");
    for lang in Lang::ALL {
        for role in Role::ALL {
            let html = sample::render(&assessment, "html", *lang, *role);
            assert_eq!(force(&html).iter().filter(|(tag, _)| tag == "script").count(), 1);
            assert!(!html.contains("<img") && html.contains("&lt;img src=x onerror=alert(2)&gt;"));
            assert!(html.contains("\\u{202e}") && !html.contains('\u{202e}') && html.contains("␛"));
            assert!(!html.contains("http://evil") && html.contains("hxxp://evil[.]example"));
        }
        let markdown = sample::render(&assessment, "markdown", *lang, Role::Owner);
        let outside_code: String = markdown.lines().map(without_code).collect::<Vec<_>>().join("\n");
        assert!(!outside_code.contains("<img") && !markdown.contains("http://evil"));
        assert!(!outside_code.contains("](javascript") && !outside_code.contains("@everyone"));
        assert!(!markdown.lines().any(|line| line.starts_with("=cmd")));
    }
}
