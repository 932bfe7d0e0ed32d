//! The three hotels: small, whole, the same on every run, and true to themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use sha2::{Digest, Sha256};
use vigie_example::scenario::Protocol;
use vigie_example::{EXAMPLES, Example, File};

use crate::text::{Row, between, exchange_rows, iis_rows};

const LARGEST_BYTES: usize = 5_000_000;

fn zip(name: &str) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    vigie_example::write(Example::named(name).unwrap(), &mut out).unwrap();
    out.into_inner()
}

fn small_whole_and_the_same_twice(name: &str) {
    let first = zip(name);
    assert!(first.len() < LARGEST_BYTES, "{} bytes", first.len());
    assert_eq!(Sha256::digest(&first), Sha256::digest(zip(name)));
    let mut archive = zip::ZipArchive::new(Cursor::new(first)).unwrap();
    let mut paths = BTreeSet::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).unwrap();
        let path = entry.name().unwrap().into_owned();
        assert!(entry.size() > 0, "{path} is empty");
        assert!(paths.insert(path));
    }
    assert!(paths.len() > 100);
}

#[test]
fn compromised_is_small_whole_and_the_same_twice() {
    small_whole_and_the_same_twice("hotel-compromised");
}

#[test]
fn patched_is_small_whole_and_the_same_twice() {
    small_whole_and_the_same_twice("hotel-patched");
}

#[test]
fn late_logs_is_small_whole_and_the_same_twice() {
    small_whole_and_the_same_twice("hotel-late-logs");
}

#[test]
fn every_example_has_a_name_of_its_own() {
    let names: BTreeSet<_> = EXAMPLES.iter().map(|example| example.name).collect();
    assert_eq!(names.len(), EXAMPLES.len());
    assert!(Example::named("hotel-unknown").is_none());
}

fn files(name: &str) -> Vec<File> {
    Example::named(name).unwrap().files().unwrap()
}

fn below<'a>(files: &'a [File], part: &str) -> impl Iterator<Item = &'a File> {
    files.iter().filter(move |file| file.path.contains(part))
}

fn proxy_rows(files: &[File]) -> Vec<Row> {
    below(files, "/Logging/HttpProxy/").flat_map(|file| exchange_rows(&file.bytes)).collect()
}

fn site_rows(files: &[File], site: &str) -> Vec<Row> {
    below(files, &format!("/LogFiles/{site}/")).flat_map(|file| iis_rows(&file.bytes)).collect()
}

#[test]
fn each_request_stands_in_both_front_end_logs() {
    let files = files("hotel-compromised");
    let proxy: BTreeSet<String> =
        proxy_rows(&files).into_iter().map(|row| row["RequestId"].clone()).collect();
    let front = site_rows(&files, "W3SVC1");
    let joined: BTreeSet<String> = front
        .iter()
        .filter(|row| row["date"].as_str() >= "2021-01-28")
        .filter_map(|row| between(&row["cs-uri-query"], "cafeReqId=", ";").map(str::to_owned))
        .collect();
    assert!(proxy.len() > 8_000, "{}", proxy.len());
    assert_eq!(proxy, joined);
    assert_eq!(front.first().unwrap()["date"], "2020-12-20");
    assert_eq!(front.last().unwrap()["date"], "2021-03-05");
}

#[test]
fn the_chain_of_the_break_in_is_whole() {
    let files = files("hotel-compromised");
    let rows = proxy_rows(&files);
    let forged: Vec<&Row> =
        rows.iter().filter(|row| row["AnchorMailbox"].starts_with("ServerInfo~a]@")).collect();
    let step =
        |part: &str| forged.iter().filter(|row| row["AnchorMailbox"].contains(part)).collect::<Vec<_>>();
    assert!(step("proxyLogon.ecp").iter().all(|row| row["HttpStatus"] == "241"));
    let resets = step("schema=ResetOABVirtualDirectory#");
    assert_eq!((step("proxyLogon.ecp").len(), resets.len(), step("emsmdb").len()), (2, 2, 2));
    assert!(
        resets.iter().all(|row| row["HttpStatus"] == "200" && row["RoutingHint"] == "X-BEResource-Cookie")
    );

    let behind = site_rows(&files, "W3SVC2");
    let ecp: Vec<Row> = below(&files, "/ECP/Server/").flat_map(|file| exchange_rows(&file.bytes)).collect();
    for reset in resets {
        let canary = between(&reset["AnchorMailbox"], "msExchEcpCanary=", "&").unwrap();
        let of_site =
            |row: &&Row| row["cs-uri-query"].contains(canary) && row["cs-username"].ends_with("MAIL01$");
        assert_eq!(behind.iter().filter(of_site).count(), 4);
        let logged: Vec<&str> =
            ecp.iter().map(|row| row["EventData"].as_str()).filter(|data| data.contains(canary)).collect();
        assert_eq!(logged.len(), 4);
        assert!(
            logged
                .iter()
                .any(|data| data.contains("'S:CMD=Set-OabVirtualDirectory.ExternalUrl=''http://f/<scr"))
        );
    }
}

#[test]
fn the_shells_are_where_the_story_says() {
    let files = files("hotel-compromised");
    let shell = below(&files, "wwwroot/aspnet_client/discover.aspx").next().unwrap();
    let text = String::from_utf8(shell.bytes.clone()).unwrap();
    assert!(text.contains("ExternalUrl") && text.contains("runat="));
    assert!(files.iter().all(|file| !file.path.ends_with("/k7fqhw.aspx")), "the second one was removed");
    assert!(files.iter().any(|file| file.path.contains("/k7fqhw.aspx.") && file.has_extension("compiled")));
    let front = site_rows(&files, "W3SVC1");
    let on_shell =
        |row: &&Row| row["cs-uri-stem"] == "/aspnet_client/discover.aspx" && row["sc-status"] == "200";
    let by: BTreeMap<(String, String), usize> =
        front.iter().filter(on_shell).fold(BTreeMap::new(), |mut by, row| {
            *by.entry((row["c-ip"].clone(), row["cs-method"].clone())).or_default() += 1;
            by
        });
    let count =
        |client: &str, method: &str| by.get(&(client.to_owned(), method.to_owned())).copied().unwrap_or(0);
    assert_eq!(count("198.51.100.77", "POST"), 5);
    assert_eq!(count("203.0.113.140", "POST"), 1);
    assert_eq!(count("203.0.113.66", "GET"), 1);
}

#[test]
fn nothing_of_a_break_in_is_in_the_quiet_examples() {
    for name in ["hotel-patched", "hotel-late-logs"] {
        for file in files(name) {
            let text = String::from_utf8_lossy(&file.bytes);
            for trace in ["ServerInfo~", "DDIService", "X-BEResource", "discover.aspx", "JScript"] {
                assert!(!text.contains(trace), "{trace} in {}", file.path);
            }
        }
    }
}

#[test]
fn the_patched_hotel_writes_every_hour_and_changes_its_build_once() {
    let files = files("hotel-patched");
    for protocol in Protocol::ALL {
        let mut hours = BTreeSet::new();
        let mut builds = Vec::new();
        for file in below(&files, &format!("/HttpProxy/{}/", protocol.name())) {
            for row in exchange_rows(&file.bytes) {
                hours.insert(row["DateTime"][..13].to_owned());
            }
            let text = String::from_utf8_lossy(&file.bytes);
            builds.push(between(&text, "#Version: ", "\r\n").unwrap().to_owned());
        }
        assert_eq!(hours.len(), 75 * 24, "{}", protocol.name());
        builds.dedup();
        assert_eq!(builds, ["15.01.2176.002", "15.01.2176.009"], "{}", protocol.name());
    }
}

#[test]
fn logs_of_the_late_hotel_begin_after_the_window() {
    let files = files("hotel-late-logs");
    let first = site_rows(&files, "W3SVC1").into_iter().map(|row| row["date"].clone()).min();
    assert_eq!(first.unwrap(), "2021-03-08");
    let setup = below(&files, "ExchangeSetup.log").next().unwrap();
    let text = String::from_utf8_lossy(&setup.bytes);
    assert!(text.contains("[12/29/2020") && text.contains("Setup version: 15.1.2176.2."));
    assert!(text.contains("[03/10/2021") && text.contains("Setup version: 15.1.2176.9."));
}

#[test]
fn addresses_are_private_or_kept_for_documents() {
    let files = files("hotel-compromised");
    let clients: BTreeSet<String> =
        site_rows(&files, "W3SVC1").into_iter().map(|row| row["c-ip"].clone()).collect();
    let allowed = ["192.0.2.", "198.51.100.", "203.0.113.", "10.", "127.", "::1", "fe80:"];
    assert!(
        clients.iter().all(|client| allowed.iter().any(|start| client.starts_with(start))),
        "{clients:?}"
    );
    assert!(clients.len() > 50);
}

#[test]
fn event_logs_are_read_by_others() {
    for file in files("hotel-compromised").into_iter().filter(|file| file.has_extension("evtx")) {
        let mut parser = ::evtx::EvtxParser::from_buffer(file.bytes).unwrap();
        let records: Vec<_> = parser.records_json_value().map(|record| record.unwrap()).collect();
        assert!(records.len() > 100, "{}", file.path);
        assert!(records.is_sorted_by_key(|record| record.timestamp), "{}", file.path);
    }
}
