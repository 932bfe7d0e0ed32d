//! What people read, word by word, in both languages.

use vigie_report::{Color, Lang, RENDERERS, Role, Style, renderer};

use crate::sample;

#[test]
fn text_markdown_and_csv_are_as_reviewed() {
    for name in sample::NAMES {
        for lang in Lang::ALL {
            for (format, end) in [("text", "txt"), ("markdown", "md"), ("csv", "csv")] {
                let assessment = sample::assessment(name);
                let out = sample::render(&assessment, format, *lang, Role::Owner);
                sample::expect(&format!("{name}.{}.{end}", lang.code()), &out);
            }
        }
    }
}

#[test]
fn text_keeps_the_width_with_and_without_color() {
    for name in sample::NAMES {
        let assessment = sample::assessment(name);
        for width in [40, 80, 120] {
            let mut plain = Vec::new();
            let mut colored = Vec::new();
            let style = Style { width, ..Style::default() };
            let text = renderer("text").unwrap();
            text.render(&assessment, &style, &mut plain).unwrap();
            text.render(&assessment, &Style { color: Color::Always, ..style }, &mut colored).unwrap();
            let plain = String::from_utf8(plain).unwrap();
            for line in plain.lines() {
                assert!(line.chars().count() <= width, "{name} at {width}: {line}");
            }
            let colored = String::from_utf8(colored).unwrap();
            assert_ne!(plain, colored);
            assert_eq!(plain, without_color(&colored), "{name}: color changes the words");
        }
    }
}

/// Takes out `ESC [ ... m`.
fn without_color(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or("").to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

/// A real break-in has dozens of findings: its beginning must not drown in what came after.
#[test]
fn the_story_tells_how_each_step_was_first_taken_and_repeats_nothing() {
    let mut assessment = sample::assessment("compromised-hotel");
    let last = assessment.findings.iter().find(|finding| finding.id == "F5").unwrap().clone();
    for number in 7..60 {
        let mut again = last.clone();
        again.id = format!("F{number}");
        assessment.findings.push(again);
    }
    for number in 60..90 {
        let mut other = last.clone();
        other.id = format!("F{number}");
        other.title = format!("Another use {number}");
        assessment.findings.push(other);
    }
    let wrapped = sample::render(&assessment, "text", Lang::En, Role::Owner);
    let text = wrapped.split_whitespace().collect::<Vec<_>>().join(" ");
    for first in
        ["A scanner asked", "A forged request passed", "settings were changed to hold a", "[used; F5 and 53"]
    {
        assert!(text.contains(first), "{first}\n{text}");
    }
    assert_eq!(text.matches("Commands were sent to the web shell").count(), 1);
    assert!(text.contains("26 more findings are in the report."), "{text}");
}

#[test]
fn json_is_the_assessment_again() {
    for name in sample::NAMES {
        let assessment = sample::assessment(name);
        let out = sample::render(&assessment, "json", Lang::En, Role::Owner);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap(), sample::json(name), "{name}");
    }
}

#[test]
fn every_renderer_has_its_own_name_and_file_and_gives_the_same_bytes_twice() {
    let mut names: Vec<&str> = RENDERERS.iter().flat_map(|one| [one.name(), one.file_name()]).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    let assessment = sample::assessment("compromised-hotel");
    for one in RENDERERS {
        let first = sample::render(&assessment, one.name(), Lang::Fr, Role::Responder);
        assert_eq!(first, sample::render(&assessment, one.name(), Lang::Fr, Role::Responder));
        assert!(!first.is_empty());
    }
    assert!(renderer("docx").is_none());
}
