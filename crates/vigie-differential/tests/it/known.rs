//! The list of known differences is true, example by example.

use serde_json::Value;
use vigie_differential::judges;
use vigie_differential::known::KNOWN;

#[test]
fn every_known_difference_is_one() {
    let mut wrong = Vec::new();
    for known in KNOWN {
        let document = format!(
            "title: T\nid: t\nlogsource: {{}}\ndetection: {{\"s\": {}, \"condition\": \"s\"}}\n",
            known.selection
        );
        let event: Value = serde_json::from_str(known.event).unwrap();
        let fields = event.as_object().unwrap();
        let columns: Vec<&str> = fields.keys().map(String::as_str).collect();
        let row = fields.values().map(|value| value.as_str().map(str::to_owned)).collect();
        let folder = tempfile::tempdir().unwrap();
        let ours = judges::ours(folder.path(), std::slice::from_ref(&document));
        let ours = ours.ok().map(|rules| judges::we_say(&rules, &judges::batch(&columns, &[row]))[0][0]);
        let theirs = judges::their_rule(&document).ok().map(|rule| judges::they_say(&rule, &event));
        if (ours, theirs) != (known.ours, known.theirs) || ours == theirs {
            wrong.push(format!("{}: we say {ours:?}, they say {theirs:?}", known.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
