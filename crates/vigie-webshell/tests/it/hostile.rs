//! Damaged and hostile bytes: an analysis always ends, within its bounds, and says what it did not follow.

use vigie_example::webshell::shapes;
use vigie_webshell::{Verdict, analyze};

#[test]
fn cut_and_flipped_pages_never_panic() {
    for shape in shapes() {
        let page = shape.page().into_bytes();
        for cut in (0..page.len()).step_by(37) {
            analyze(shape.file, &page[..cut]);
            let mut flipped = page.clone();
            flipped[cut] ^= 0x15;
            analyze(shape.file, &flipped);
        }
    }
}

#[test]
fn deep_nesting_ends_and_is_said() {
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        ("[", "]"),
        ("a(", ")"),
        ("if(a){", "}"),
        ("x=>", ""),
        ("!", ""),
        ("a?b:", ""),
    ] {
        let deep =
            format!("<%@ Page Language=\"C#\" %><% {}1{} %>", open.repeat(20_000), close.repeat(20_000));
        analyze("deep.aspx", deep.as_bytes());
        let script = format!("<% x = {}1{} %>", open.repeat(20_000), close.repeat(20_000));
        analyze("deep.asp", script.as_bytes());
    }
    let deep = format!("<%@ Page Language=\"C#\" %><% f({}1{}); %>", "(".repeat(20_000), ")".repeat(20_000));
    assert!(!analyze("deep.aspx", deep.as_bytes()).not_analyzed.is_empty());
}

#[test]
fn endless_programs_end() {
    for page in [
        "<% while 1 = 1\n x = x & \"aaaaaaaaaaaaaaaa\"\nwend %>",
        "<% function f(a)\n f = f(a & a)\nend function\nf \"xxxxxxxx\" %>",
        "<% execute \"execute \"\"execute 1\"\"\" %>",
        "<%@ language=jscript %><% var s = 'a'; for (;;) { s += s; } %>",
        "<%@ language=jscript %><% function f(x) { return eval('f(\"' + x + 'a\")'); } f('b'); %>",
        "<% for i = 1 to 100000000\n a(i) = i\nnext %>",
    ] {
        analyze("endless.asp", page.as_bytes());
    }
}

#[test]
fn code_after_a_long_wait_is_still_followed() {
    let page =
        "<%\nfor i = 1 to 1000000000\n x = i\nnext\n%>\n<%\nsub later()\n ev¦al requ¦est(\"a\")\nend sub\n%>"
            .replace('¦', "");
    assert_eq!(analyze("wait.asp", page.as_bytes()).verdict, Verdict::WebShell);
}

#[test]
fn other_languages_and_binaries_do_no_harm() {
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for name in ["a.aspx", "a.asp", "a.php", "a.jsp", "a.config", "a.cshtml", "a.bin"] {
        assert_eq!(analyze(name, &all).verdict, Verdict::NotSeen);
        analyze(name, b"<?php eval($_POST['a']); ?>");
        analyze(name, b"<%@ page import=\"java.util.*\" %><% Runtime.getRuntime().exec(request.getParameter(\"c\")); %>");
        analyze(name, b"");
    }
}

#[test]
fn the_rest_of_a_large_file_is_named() {
    let large = vec![b' '; vigie_webshell::MAX_BYTES + 10];
    assert_eq!(analyze("large.asp", &large).not_analyzed, ["the rest of a large file"]);
}
