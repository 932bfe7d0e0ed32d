//! Public web rules on the two logs that Exchange writes of a request.

use std::sync::Arc;

use vigie_model::Schema;

use crate::help::{event, hits, load, rule, schema};

fn web(detection: &str) -> String {
    rule(detection).replace("logsource: {}", "logsource: {category: webserver}")
}

fn iis() -> Schema {
    let fields = &["cs-method", "cs-uri-stem", "cs-uri-query", "cs(User-Agent)", "sc-status"];
    Schema { artifact: "iis.w3c".into(), stream: "W3SVC1".into(), ..schema(fields) }
}

fn proxy() -> Schema {
    let fields = &["Method", "UrlStem", "UrlQuery", "UserAgent", "HttpStatus"];
    Schema { artifact: "exchange.httpproxy".into(), stream: "Ecp".into(), ..schema(fields) }
}

#[test]
fn paths_in_the_query_field_are_found_in_the_stem() {
    let by_path = web(
        "s:\n  cs-method: POST\n  cs-uri-query|contains: '/autodiscover.json'\n  sc-status: 200\ncondition: s",
    );
    let rules = Arc::new(load(&[&by_path]).unwrap());
    let events = [
        event(&iis(), &["POST", "/Autodiscover/autodiscover.json", "a=b", "x", "200"]),
        event(&proxy(), &["POST", "/autodiscover/autodiscover.json", "?a=b", "x", "200"]),
        event(&iis(), &["POST", "/owa/", "x=/autodiscover.json", "x", "200"]),
        event(&iis(), &["POST", "/owa/", "-", "x", "200"]),
        event(&iis(), &["POST", "/Autodiscover/autodiscover.json", "-", "x", "401"]),
    ];
    let streams: Vec<String> = hits(&rules, &events).into_iter().map(|hit| hit.stream).collect();
    assert_eq!(streams, ["iis.w3c/W3SVC1", "exchange.httpproxy/Ecp", "iis.w3c/W3SVC1"]);
}

#[test]
fn stem_and_query_are_matched_joined() {
    for (test, stem, query, expected) in [
        ("cs-uri-query|contains: 'x.aspx?cmd='", "/a/x.aspx", "cmd=dir", true),
        ("cs-uri-query|contains: 'x.aspx?cmd='", "/a/x.aspx", "?cmd=dir", true),
        ("cs-uri-query|contains: 'x.aspx?cmd='", "/a/x.aspx", "y=1&cmd=dir", false),
        ("cs-uri-query|endswith: 'x.aspx'", "/a/x.aspx", "-", true),
        ("cs-uri-query|endswith: 'x.aspx'", "/a/x.aspx", "q", false),
        ("cs-uri-query|startswith: '/a/'", "/a/x.aspx", "q", true),
        ("cs-uri-query: '/a/x.aspx?q'", "/a/x.aspx", "q", true),
        ("cs-uri-query: 'q'", "/a/x.aspx", "q", true),
        ("cs-uri-query|re: 'x\\.aspx\\?cmd=[a-z]+'", "/a/x.aspx", "cmd=dir", true),
        ("cs-uri-query|contains: 'x.aspx*dir'", "/a/x.aspx", "cmd=dir", true),
        ("cs-uri|contains: 'x.aspx*dir'", "/a/x.aspx", "cmd=dir", true),
        ("cs-uri-stem|contains: 'dir'", "/a/x.aspx", "cmd=dir", false),
    ] {
        let rules = Arc::new(load(&[&web(&format!("s:\n  {test}\ncondition: s"))]).unwrap());
        let found = !hits(&rules, &[event(&iis(), &["GET", stem, query, "x", "200"])]).is_empty();
        assert_eq!(found, expected, "{test} on {stem} {query}");
    }
}

#[test]
fn a_hit_keeps_what_reports_need() {
    let rules = Arc::new(load(&[&web("s:\n  cs-uri-stem|endswith: '.aspx'\ncondition: s")]).unwrap());
    let found = hits(&rules, &[event(&iis(), &["POST", "/x.aspx", "-", "curl", "200"])]);
    let kept: Vec<(&str, &str)> = found[0].fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let expected =
        [("cs-method", "POST"), ("cs-uri-stem", "/x.aspx"), ("cs(User-Agent)", "curl"), ("sc-status", "200")];
    assert_eq!(kept, expected);
    assert_eq!(found[0].number, 1);
}
