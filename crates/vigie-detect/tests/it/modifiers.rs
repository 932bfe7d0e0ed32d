//! Each modifier and value type, as a table: what the field must be, a value that fits, a value that does not.

use crate::help::matches;

/// `(test on field F, values that fit, values that do not)`
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("F: Whoami", &["whoami", "WHOAMI"], &["whoami ", "xwhoami", ""]),
    ("F|cased: Whoami", &["Whoami"], &["whoami"]),
    ("F|contains: who", &["who", "a WHO b"], &["wh o", ""]),
    ("F|startswith: cmd", &["CMD.exe", "cmd"], &["xcmd", "cm"]),
    ("F|endswith: '\\cmd.exe'", &["C:\\CMD.EXE", "\\cmd.exe"], &["cmd.exe", "\\cmd.exe "]),
    ("F|contains|cased: Who", &["xWhox"], &["xwhox"]),
    ("F|contains: [a, b]", &["xa", "xb"], &["xc"]),
    ("F|contains|all: [a, b]", &["ab", "bxa"], &["a", "b"]),
    ("F|startswith|cased: A", &["Ab"], &["ab"]),
    // Wildcards and escapes, as pySigma reads them.
    ("F: 'a*c'", &["ac", "abc", "aXXc"], &["acb", "bac"]),
    ("F: 'a?c'", &["abc", "aéc"], &["ac", "abbc"]),
    ("F: 'a\\*c'", &["a*c"], &["abc"]),
    ("F: 'a\\?c'", &["a?c"], &["abc"]),
    ("F: 'a\\\\*c'", &["a\\c", "a\\bc"], &["a*c"]),
    ("F: 'C:\\Windows\\x'", &["c:\\windows\\X"], &["c:windowsx"]),
    ("F|contains: 'a*b?d'", &["xaYbcdx", "abcd"], &["abd", "acbd "]),
    ("F|endswith: 'a*z'", &["xaz", "a-z"], &["azx"]),
    ("F|startswith: 'a?b*c'", &["axbc", "axb_c!"], &["abc"]),
    ("F: '*x*'", &["x", "axb"], &["", "y"]),
    ("F: ''", &[""], &["a"]),
    ("F|contains: ''", &["", "a"], &[]),
    // Regular expressions.
    ("F|re: '^a.c$'", &["abc"], &["ABC", "xabc"]),
    ("F|re|i: '^a.c$'", &["ABC"], &["abbc"]),
    ("F|re|m: '^b$'", &["a\nb"], &["ab"]),
    ("F|re|s: 'a.b'", &["a\nb"], &["ab"]),
    ("F|re|ignorecase: '^a'", &["A"], &["b"]),
    ("F|re|multiline: '^b$'", &["a\nb"], &["ab"]),
    ("F|re|dotall: 'a.b'", &["a\nb"], &["ab"]),
    ("F|re|i|s: 'A.B'", &["a\nb"], &["ab"]),
    ("F|re: 'a.b'", &["acb"], &["a\nb"]),
    ("F|re: '(?i)power(shell|cat)\\.exe'", &["PowerCat.exe"], &["power.exe"]),
    // Numbers, addresses, truths.
    ("F: 42", &["42", "42.0"], &["420", "4", "x"]),
    ("F: '42'", &["42"], &["42.0"]),
    ("F|gt: 10", &["11", "10.5"], &["10", "9", "x", ""]),
    ("F|gte: 10", &["10"], &["9.9"]),
    ("F|lt: 10", &["-3"], &["10"]),
    ("F|lte: 10", &["10"], &["10.1"]),
    ("F|contains: 4", &["x4x"], &["5"]),
    ("F: true", &["true", "1", "Yes"], &["false", "x"]),
    ("F: false", &["FALSE", "0"], &["true"]),
    ("F|cidr: 10.0.0.0/8", &["10.1.2.3", "::ffff:10.9.9.9", "10.0.0.1:443"], &["11.0.0.1", "x", ""]),
    ("F|cidr: fe80::/10", &["fe80::1%4", "[fe80::2]"], &["fc00::1", "10.0.0.1"]),
    ("F|cidr: 192.168.1.7", &["192.168.1.7"], &["192.168.1.8"]),
    // Encodings.
    ("F|base64: whoami", &["d2hvYW1p"], &["whoami", "xd2hvYW1p"]),
    ("F|base64|contains: whoami", &["xd2hvYW1px"], &["whoami"]),
    // `whoami` behind no, one and two other bytes.
    ("F|base64offset|contains: whoami", &["d2hvYW1p", "IHdob2FtaSA=", "ICB3aG9hbWkg"], &["whoami"]),
    ("F|wide|base64offset|contains: 'Wh'", &["VwBoAA==", "IFcAaAA="], &["V2g="]),
    ("F|utf16be|base64: 'A'", &["AEE="], &["QQA="]),
    ("F|utf16le|base64: 'A'", &["QQA="], &["AEE="]),
    ("F|base64offset|contains: foobar", &["Zm9vYmFy", "eGZvb2Jhcg==", "eHhmb29iYXI="], &["Zm9vYmF6"]),
    ("F|utf16|base64: 'A'", &["//5BAA=="], &["QQA="]),
    (
        "F|windash|contains: ' -enc '",
        &["x -enc y", "x /enc y", "x \u{2013}enc y", "x \u{2015}enc y"],
        &["x enc y"],
    ),
    ("F|windash|contains: 'foo-bar'", &["foo-bar"], &["foo/bar"]),
    ("F|windash|contains|all: [' -a', ' -b']", &["x /a -b"], &["x /a"]),
    ("F|windash|contains: ' -a* -b'", &["x /a zz \u{2014}b"], &["x /a zz b"]),
    // Negation and times.
    ("F|neq: a", &["b", ""], &["a", "A"]),
    ("F|neq: [a, b]", &["c"], &["a", "b"]),
    ("F|hour: 5", &["2021-03-03T05:12:44Z"], &["2021-03-03T06:12:44Z", "x"]),
    ("F|minute: 12", &["2021-03-03 05:12:44"], &["2021-03-03T05:13:44Z"]),
    ("F|day: 3", &["2021-03-03T05:12:44Z"], &["2021-03-04T05:12:44Z"]),
    ("F|week: 53", &["2021-01-03T00:00:00Z"], &["2021-01-04T00:00:00Z"]),
    ("F|month: 3", &["2021-03-31T05:12:44Z"], &["2021-04-01T05:12:44Z"]),
    ("F|year: 2021", &["2021-12-31T23:59:59Z"], &["2022-01-01T00:00:00Z"]),
    // Beyond ASCII: case is folded there too, and an ASCII pattern finds its way through other letters.
    ("F|contains: ÉCOLE", &["l'école", "L'ÉCOLE"], &["ecole"]),
    ("F|endswith: '.EXE'", &["é.exe"], &["é.ex"]),
    ("F|contains: kb", &["\u{212A}B"], &["\u{212A}"]),
    ("F|contains: 'ΟΔΟΣ'", &["οδοσ", "οδοσα"], &["οδος"]),
];

#[test]
fn fits_what_it_says_and_nothing_else() {
    for (test, fitting, other) in TABLE {
        let detection = format!("s:\n  {test}\ncondition: s");
        for value in *fitting {
            assert!(matches(&detection, &[("F", Some(value))]), "{test} should fit {value:?}");
        }
        for value in *other {
            assert!(!matches(&detection, &[("F", Some(value))]), "{test} should not fit {value:?}");
        }
    }
}

#[test]
fn absent_and_empty_are_two_things() {
    let cases = [
        ("F: null", None, true),
        ("F: null", Some(""), false),
        ("F: ''", None, false),
        ("F|exists: true", Some(""), true),
        ("F|exists: true", None, false),
        ("F|exists: false", None, true),
        ("F|contains: ''", None, false),
        ("F|neq: a", None, true),
        ("F: [null, a]", None, true),
        ("F: [null, a]", Some("A"), true),
        ("F: [null, a]", Some("b"), false),
    ];
    for (test, value, expected) in cases {
        let detection = format!("s:\n  {test}\ncondition: s");
        assert_eq!(matches(&detection, &[("F", value)]), expected, "{test} on {value:?}");
    }
    // A field that no event of this kind has is absent, too.
    assert!(matches("s:\n  G: null\n  F: a\ncondition: s", &[("F", Some("a"))]));
    assert!(!matches("s:\n  G: a\ncondition: s", &[("F", Some("a"))]));
}

#[test]
fn compares_fields_of_one_event() {
    let two = |f: &'static str, g: &'static str| [("F", Some(f)), ("G", Some(g))];
    let on =
        |test: &str, fields: &[(&str, Option<&str>)]| matches(&format!("s:\n  {test}\ncondition: s"), fields);
    assert!(on("F|fieldref: G", &two("Alice", "alice")));
    assert!(!on("F|fieldref: G", &two("Alice", "bob")));
    assert!(!on("F|fieldref|cased: G", &two("Alice", "alice")));
    assert!(on("F|fieldref|contains: G", &two("xAlicex", "alice")));
    assert!(on("F|fieldref|startswith: G", &two("Alicex", "alice")));
    assert!(on("F|fieldref|endswith: G", &two("xAlice", "alice")));
    assert!(!on("F|fieldref: G", &[("F", Some("a")), ("G", None)]));
    let and_more = "s:\n  F|fieldref: G\n  H: x\ncondition: s";
    assert!(matches(and_more, &[("F", Some("a")), ("G", Some("a")), ("H", Some("X"))]));
    assert!(!matches(and_more, &[("F", Some("a")), ("G", Some("a")), ("H", Some("y"))]));
    assert!(matches("s:\n  F|fieldref: G\ncondition: not s", &two("a", "b")));
}

#[test]
fn conditions_select_detections() {
    let body = "a1:\n  F: a\na2:\n  G: b\nc:\n  H: c\n_hidden:\n  H: zzz\ncondition: ";
    let cases = [
        ("1 of a*", [true, false, true]),
        ("all of a*", [false, false, true]),
        ("1 of them", [true, true, true]),
        ("2 of them", [false, false, true]),
        ("all of them", [false, false, false]),
        ("a1 and not c", [true, false, true]),
        ("not a1 and not a2", [false, true, false]),
        ("a1 or a2 and c", [true, false, true]),
        ("(a1 or a2) and c", [false, false, false]),
        ("not 1 of a*", [false, true, false]),
    ];
    let events = [
        [("F", Some("a")), ("G", None), ("H", None)],
        [("F", None), ("G", None), ("H", Some("c"))],
        [("F", Some("a")), ("G", Some("b")), ("H", None)],
    ];
    for (condition, expected) in cases {
        for (event, expected) in events.iter().zip(expected) {
            assert_eq!(matches(&format!("{body}{condition}"), event), expected, "{condition} on {event:?}");
        }
    }
    // A list of conditions: one is enough.
    assert!(matches("a:\n  F: a\nb:\n  G: b\ncondition:\n  - a\n  - b", &events[0]));
}

#[test]
fn lists_and_keywords() {
    let maps = "s:\n  - F: a\n    G: b\n  - H: c\ncondition: s";
    assert!(matches(maps, &[("F", Some("a")), ("G", Some("b")), ("H", None)]));
    assert!(!matches(maps, &[("F", Some("a")), ("G", None), ("H", None)]));
    assert!(matches(maps, &[("F", None), ("G", None), ("H", Some("c"))]));
    let words = "k:\n  - 'Set-OabVirtualDirectory'\n  - 'evil*shell'\ncondition: k";
    assert!(matches(words, &[("F", Some("x")), ("G", Some("a set-oabvirtualdirectory b"))]));
    assert!(matches(words, &[("F", Some("an EVIL web SHELL here")), ("G", None)]));
    assert!(!matches(words, &[("F", Some("evil")), ("G", Some("shell"))]));
    let mixed = "k:\n  - one\n  - F: a\n    G: b\ncondition: k";
    assert!(matches(mixed, &[("F", Some("x one x")), ("G", None)]));
    assert!(matches(mixed, &[("F", Some("a")), ("G", Some("b"))]));
    assert!(!matches(mixed, &[("F", Some("a")), ("G", Some("c"))]));
    assert!(matches("k:\n  - 4711\ncondition: k", &[("F", Some("error 4711 in x")), ("G", None)]));
    let all = "k:\n  '|all':\n    - one\n    - two\ncondition: k";
    assert!(matches(all, &[("F", Some("one")), ("G", Some("two"))]));
    assert!(!matches(all, &[("F", Some("one")), ("G", None)]));
}
