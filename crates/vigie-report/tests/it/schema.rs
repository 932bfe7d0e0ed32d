//! The JSON Schema that ships says exactly what `assessment.json` holds.

use serde_json::{Value, json};
use vigie_report::ASSESSMENT_SCHEMA;

use crate::sample;

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(ASSESSMENT_SCHEMA).unwrap();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is one");
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn every_sample_fits() {
    let validator = validator();
    for name in sample::NAMES {
        let written = serde_json::to_value(sample::assessment(name)).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&written)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn what_is_broken_does_not_fit() {
    let validator = validator();
    let whole = sample::json("compromised-hotel");
    let breakages: [(&str, Value); 6] = [
        ("/verdicts/0/verdict", json!("clean")),
        ("/findings/0/time", json!("2021-03-03")),
        ("/findings/0/proofs/0/evidence/sha256", Value::Null),
        ("/manifest/0/size", json!(-1)),
        ("/schema", json!("vigie-assessment/0")),
        ("/timeline", json!({})),
    ];
    for (place, value) in breakages {
        let mut broken = whole.clone();
        *broken.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&broken), "{place}");
    }
}

#[test]
fn no_object_takes_or_lacks_a_field_in_silence() {
    let validator = validator();
    let whole = sample::json("compromised-hotel");
    let objects = [
        "",
        "/tool",
        "/verdicts/0",
        "/verdicts/0/exposure",
        "/findings/1/proofs/0",
        "/manifest/0",
        "/rules/0",
    ];
    for place in objects {
        let mut more = whole.clone();
        more.pointer_mut(place).unwrap().as_object_mut().unwrap().insert("extra".to_owned(), json!(1));
        assert!(!validator.is_valid(&more), "{place} takes an unknown field");
        let fields: Vec<String> =
            whole.pointer(place).unwrap().as_object().unwrap().keys().cloned().collect();
        for field in fields {
            let mut less = whole.clone();
            less.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(&field);
            assert!(!validator.is_valid(&less), "{place} may lack {field}");
        }
    }
}

/// The names that `cli.md` promises to users.
#[test]
fn the_promised_names_are_there() {
    let whole = sample::json("compromised-hotel");
    let promised = [
        "/host",
        "/coverage",
        "/diagnostics",
        "/rules",
        "/packs",
        "/tool",
        "/verdicts/0/pack",
        "/verdicts/0/verdict",
        "/verdicts/0/stage",
        "/verdicts/0/coverage",
        "/verdicts/0/exposure",
        "/findings/0/id",
        "/findings/0/title",
        "/findings/0/level",
        "/findings/0/confidence",
        "/findings/0/attack",
        "/findings/0/time",
        "/findings/0/proofs/0/rule_id",
        "/findings/0/proofs/0/evidence/path",
        "/findings/0/proofs/0/evidence/place",
        "/findings/0/proofs/0/evidence/sha256",
        "/manifest/0/path",
        "/manifest/0/size",
        "/manifest/0/sha256",
        "/manifest/0/artifact",
        "/manifest/5/unread",
        "/manifest/0/parsed_bytes",
        "/manifest/0/rejected_bytes",
    ];
    let written = serde_json::to_value(sample::assessment("compromised-hotel")).unwrap();
    for place in promised {
        assert!(written.pointer(place).is_some_and(|value| !value.is_null()), "{place}");
        assert!(whole.pointer(place).is_some(), "{place}");
    }
}
