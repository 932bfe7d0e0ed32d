//! The second writing of what values mean, against texts worked out elsewhere.

use vigie_differential::reference;
use vigie_differential::rule::{Item, Scalar};

fn item(modifiers: &[&'static str], value: &str) -> Item {
    Item { field: "F".into(), modifiers: modifiers.to_vec(), values: vec![Scalar::Text(value.into())] }
}

fn texts(item: &Item) -> Vec<&str> {
    item.values.iter().filter_map(Scalar::text).collect()
}

#[test]
fn base64_is_that_of_its_standard() {
    // The test vectors of RFC 4648.
    for (text, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
    {
        assert_eq!(reference::base64(text.as_bytes()), encoded);
    }
}

#[test]
fn offsets_are_those_of_pysigma() {
    let mut foobar = item(&["base64offset", "contains"], "foobar");
    reference::base64offset(&mut foobar);
    // As pySigma 2.0.1 gives them.
    assert_eq!(texts(&foobar), ["Zm9vYmFy", "Zvb2Jhc", "mb29iYX"]);
    assert_eq!(foobar.modifiers, ["contains"]);
}

#[test]
fn dashes_are_found_where_options_begin() {
    assert_eq!(reference::dashes("-a foo-bar /b -- x/ *-c"), [0, 11, 21]);
    let mut option = item(&["windash", "contains"], " -a");
    reference::windash(&mut option);
    assert_eq!(texts(&option), [" -a", " /a", " \u{2013}a", " \u{2014}a", " \u{2015}a"]);
}

#[test]
fn wildcards_stand_for_modifiers() {
    for (modifier, value, expected) in
        [("startswith", "a?b\\", "a?b\\\\*"), ("endswith", "a*b", "*a*b"), ("contains", "ab", "ab")]
    {
        let mut item = item(&[modifier], value);
        reference::wildcards_with_modifiers(&mut item);
        assert_eq!(texts(&item), [expected], "{modifier} {value}");
    }
}
