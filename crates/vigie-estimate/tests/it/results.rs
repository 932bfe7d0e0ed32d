//! What is written: JSON under the schema, text in two languages, a chart; hostile names have no force in any of them.

use std::path::Path;
use vigie_estimate::honesty::wording::{two_figures, whole};
use vigie_estimate::methods::latent::GibbsOptions;
use vigie_estimate::output::json::SCHEMA;
use vigie_estimate::{Format, Input, Language, Options, run};

const TABLE: &str = "\"A<b>\",B,C,stratum,count\n1,0,0,de,40\n0,1,0,de,30\n0,0,1,fr,20\n1,1,0,fr,26\n1,0,1,fr,9\n0,1,1,de,8\n1,1,1,de,5\n";

fn written(table: &str, format: Format, language: Language) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, table).unwrap();
    let mut options = quick(Input::Table(path));
    options.format = format;
    options.language = language;
    options.claims = vec![500.0];
    if format == Format::Svg {
        options.effort.gibbs = None;
    }
    let mut out = Vec::new();
    run(&options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn quick(input: Input) -> Options {
    let mut options = Options::new(input);
    options.effort.gibbs =
        Some(GibbsOptions { chains: 2, first_steps: 500, most_steps: 500, ..GibbsOptions::short() });
    options.effort.replicates = Some(20);
    options
}

pub(crate) fn assert_valid(json: &str) -> serde_json::Value {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    value
}

#[test]
fn json_follows_the_schema_with_and_without_an_answer() {
    let value = assert_valid(&written(TABLE, Format::Json, Language::English));
    assert_eq!(value["n_seen"], 138);
    assert_eq!(value["strata"].as_array().unwrap().len(), 2);
    assert!(value["estimates"].as_array().unwrap().iter().all(|e| e["estimate"].as_f64().unwrap() >= 138.0));
    let refused = assert_valid(&written("A,B,count\n1,0,3\n0,1,4\n", Format::Json, Language::French));
    assert_eq!(refused["refusal_code"], "no_overlap");
    assert!(refused["refused"].as_str().unwrap().starts_with("aucune unité"));
    assert!(refused["recommended"].is_null());
    assert_eq!(refused["floor"], 7);
}

#[test]
fn text_ends_with_the_sentence_in_both_languages() {
    let english = written(TABLE, Format::Text, Language::English);
    assert!(
        english.trim_end().lines().last().unwrap().starts_with("At least 138 units were seen"),
        "{english}"
    );
    let french = written(TABLE, Format::Text, Language::French);
    assert!(french.trim_end().lines().last().unwrap().starts_with("On a vu au moins 138 unités"), "{french}");
    assert!(french.contains("12. On a vu au moins"));
}

#[test]
fn chart_is_xml_and_names_are_only_text() {
    let svg = written(TABLE, Format::Svg, Language::English);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(
        svg.contains("font-size=\"14\">At least 138 units were seen"),
        "the sentence stands above the bars"
    );
    assert!(!svg.contains("<b>") && svg.contains(">claimed<") && svg.contains(">500<"));
}

#[test]
fn chart_has_a_bar_for_the_latent_classes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, TABLE).unwrap();
    for (language, label) in [
        (Language::English, ">latent classes (LCMCR)</text>"),
        (Language::French, ">classes latentes (LCMCR)</text>"),
    ] {
        let mut options = quick(Input::Table(path.clone()));
        (options.format, options.language) = (Format::Svg, language);
        let mut out = Vec::new();
        let analysis = run(&options, &mut out).unwrap().analysis;
        let svg = String::from_utf8(out).unwrap();
        assert_eq!(svg.matches(label).count(), 1, "{svg}");
        let told = whole(two_figures(analysis.latent.unwrap().median), language);
        let bar = svg.split_once(label).unwrap().1.lines().nth(3).unwrap();
        assert!(bar.contains(&format!(">{told} (")), "{bar}");
    }
}

/// Attribute of the root element, as a number.
fn pixels(svg: &str, name: &str) -> f64 {
    let at = svg.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    svg[at..].split('"').next().unwrap().parse().unwrap()
}

#[test]
fn a_chart_of_large_numbers_is_wide_enough_and_a_refused_one_is_gray() {
    let small = written(TABLE, Format::Svg, Language::English);
    assert!(small.contains("#36c") && small.contains("dot: middle"));
    let large = "A,B,C,count\n1,0,0,40000000000\n0,1,0,30000000000\n0,0,1,20000000000\n1,1,0,900\n1,0,1,800\n0,1,1,700\n";
    let wide = written(large, Format::Svg, Language::French);
    assert!(pixels(&wide, "width") > pixels(&small, "width"), "numbers beside the bars must fit");
    let refused = "A,B,count\n1,0,40\n0,1,30\n1,1,3\n";
    let gray = written(refused, Format::Svg, Language::French);
    assert!(!gray.contains("#36c") && gray.contains("rien n'est retenu"), "{gray}");
}

#[test]
fn names_that_turn_a_line_around_are_shown_not_obeyed() {
    let table = "A\u{202e}B,C,count\n1,0,40\n0,1,30\n1,1,30\n";
    for format in [Format::Svg, Format::Text] {
        assert!(!written(table, format, Language::English).contains('\u{202e}'));
    }
}

#[test]
fn trapping_data_with_more_occasions_than_lists_are_taken_by_how_often() {
    let mut table = (1..=18).map(|i| format!("night{i}")).collect::<Vec<_>>().join(",");
    table.push_str(",sex");
    for animal in 0..120_u32 {
        let row: Vec<&str> = (0..18_u32)
            .map(|night| if (animal * 7 + night * 11) % (9 + animal % 7) == 0 { "1" } else { "0" })
            .collect();
        table.push('\n');
        table.push_str(&row.join(","));
        table.push_str(if animal % 3 == 0 { ",female" } else { ",male" });
    }
    let text = written(&table, Format::Text, Language::English);
    assert!(text.contains("18 lists are more than 12: only how often each unit was seen"), "{text}");
    assert!(text.contains("Chao 1984"), "{text}");
    assert!(text.contains("strata not told apart") && text.contains("is used: sex"), "{text}");
}

#[test]
fn a_missing_file_and_wrong_options_are_errors() {
    let error = run(&quick(Input::Table("/nonexistent/t.csv".into())), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().starts_with("/nonexistent/t.csv"));
    let mut options = quick(Input::Table(Path::new("t.csv").into()));
    options.missed_links = Some(1.5);
    assert!(run(&options, &mut Vec::new()).unwrap_err().to_string().contains("missed links"));
}
