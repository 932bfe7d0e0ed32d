//! Lists in, organisations out: linking, hubs, levels, review, and lists that cannot be put together.

use crate::results::{assert_valid, quick};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use vigie_estimate::link::simulate::{World, make, pairwise};
use vigie_estimate::link::{Decisions, link, link_on};
use vigie_estimate::{Format, Input, Level, run};

const SCAN: &str = "# source: scan of port 443\ntimestamp,ip,hostname,geo\n\
2021-03-09 00:00:00,192.0.2.1,mail.firma.de,DE\n2021-03-09 00:00:00,192.0.2.2,owa.firma.de,DE\n\
2021-03-09 00:00:00,192.0.2.9,mail.adler.fr,FR\n2021-03-09 00:00:00,203.0.113.5,static-203-0-113-5.isp.net,FR\n";
const SHELLS: &str = "timestamp,url,geo\n2021-03-10 00:00:00,https://192.0.2.1/a.aspx,DE\n\
2021-03-10 00:00:00,https://192.0.2.1/b.aspx,DE\n2021-03-10 00:00:00,https://mail.nord.se/c.aspx,SE\n";
const NAMES: &str = "organisation,country\nFirma GmbH,DE\nHotel Adler S.A.R.L.,FR\n";

fn json(files: &[(&str, &str)], level: Level) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files.iter().map(|(name, text)| save(folder.path(), name, text)).collect();
    let mut options = quick(Input::Lists(paths));
    options.level = level;
    options.format = Format::Json;
    let mut out = Vec::new();
    run(&options, &mut out).unwrap();
    assert_valid(&String::from_utf8(out).unwrap())
}

fn save(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn levels_are_counted_apart() {
    let value = json(&[("scan.csv", SCAN), ("shells.csv", SHELLS)], Level::Organisation);
    assert_eq!(value["levels"]["url"], 3);
    assert_eq!(value["levels"]["address"], 4);
    assert_eq!(value["levels"]["organisation"], 3, "firma.de is one, at two addresses with two shells");
    assert_eq!(value["linkage"]["known_by_address_only"], 1, "nobody knows who is at 203.0.113.5");
    assert_eq!(value["n_seen"], 3);
    assert_eq!(value["unit"], "organisation");
    let addresses = json(&[("scan.csv", SCAN), ("shells.csv", SHELLS)], Level::Address);
    assert_eq!(addresses["n_seen"], 4);
}

#[test]
fn a_list_of_names_joins_a_scan_at_the_level_of_organisations() {
    let value = json(&[("scan.csv", SCAN), ("names.csv", NAMES)], Level::Organisation);
    assert_eq!(value["n_seen"], 2, "Firma GmbH is firma.de, and Hotel Adler is adler.fr");
    assert_eq!(value["linkage"]["links_by"]["likeness of names"], 2);
    assert!(value["sentence"].as_str().unwrap().starts_with("At least 2 organisations were seen"));
}

#[test]
fn lists_of_different_things_are_refused() {
    let value = json(&[("scan.csv", SCAN), ("names.csv", NAMES)], Level::Address);
    assert_eq!(value["refusal_code"], "mixed_units");
    assert_eq!(value["floor"], 4);
}

#[test]
fn a_derived_list_is_not_independent() {
    let copy = format!("# derived-from: scan\n{}", SCAN.split_once('\n').unwrap().1);
    let value = json(&[("scan.csv", SCAN), ("copy.csv", &copy)], Level::Organisation);
    assert_eq!(value["refusal_code"], "too_few_lists");
    assert_eq!(value["checks"][1]["status"], "flag");
}

#[test]
fn a_hosters_certificate_links_nobody() {
    let mut rows = String::from("ip,cert_sha256,fqdn\n");
    for i in 0..30 {
        writeln!(rows, "192.0.2.{i},aaaaaaaaaaaaaaaa,mail.firm{i}.de").unwrap();
    }
    let value = json(&[("scan.csv", &rows), ("shells.csv", SHELLS)], Level::Organisation);
    assert_eq!(value["linkage"]["hubs"][0]["owners"], 30);
    assert_eq!(value["n_seen"], 31, "firm1 is at 192.0.2.1, where the shells are");
}

#[test]
fn made_lists_are_linked_well_and_the_doubtful_pairs_can_be_decided() {
    let world = World { visibility: 0.5, heterogeneity: 0.3, noise: 0.05, ..World::plain(600, 3) };
    let made = make(&world);
    let linked = link(&made.lists, &Decisions::new());
    let (precision, recall) = pairwise(&linked.groups["organisation"], &made.owners);
    assert!(precision > 0.95 && recall > 0.85, "precision {precision}, recall {recall}");
    assert!(!linked.links.is_empty());
    let first = &linked.links[0];
    assert!(first.why.en.contains("name") || first.why.en.contains("domain"), "{}", first.why.en);
    let alone = link_on(1, &made.lists, &Decisions::new());
    assert_eq!((&alone.links, &alone.groups), (&linked.links, &linked.groups), "on one thread as on all");
    assert_eq!((alone.missed, alone.blocking_sample), (linked.missed, linked.blocking_sample));
    let key = vigie_estimate::link::fellegi::ordered(first.left.clone(), first.right.clone());
    let rejected = link(&made.lists, &Decisions::from([(key, false)]));
    assert!(rejected.links.iter().any(|l| l.decision.word() == "no"));
}

#[test]
fn review_file_can_be_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let paths = vec![save(folder.path(), "scan.csv", SCAN), save(folder.path(), "names.csv", NAMES)];
    let review = folder.path().join("review.csv");
    let mut options = quick(Input::Lists(paths));
    options.review = Some(review.clone());
    run(&options, &mut Vec::new()).unwrap();
    assert!(
        std::fs::read_to_string(&review)
            .unwrap()
            .starts_with("decision,left,right,chance,why,proposed,left_row,right_row")
    );
    // A spreadsheet saves it with semicolons, its columns moved about, and what a person filled in.
    let mut reader = csv::Reader::from_path(&review).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(!rows.is_empty());
    let mut lines = vec!["\u{feff}left;right;decision".to_owned()];
    lines.extend(rows.iter().map(|row| format!("{};{};no", &row[1], &row[2])));
    let text = lines.join("\n");
    std::fs::write(&review, text).unwrap();
    options.decisions = Some(review.clone());
    options.review = Some(folder.path().join("again.csv"));
    run(&options, &mut Vec::new()).unwrap();
    let again = std::fs::read_to_string(folder.path().join("again.csv")).unwrap();
    assert_eq!(again.lines().count(), rows.len() + 1, "{again}");
    assert!(again.lines().skip(1).all(|l| l.contains(",no,")), "{again}");
    std::fs::write(&review, "left,right\na,b\n").unwrap();
    let error = run(&options, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("no column is called `decision`"), "{error}");
    std::fs::write(&review, "decision,left,right\n").unwrap();
    options.decisions = Some(review);
    options.review = None;
    run(&options, &mut Vec::new()).unwrap();
}
