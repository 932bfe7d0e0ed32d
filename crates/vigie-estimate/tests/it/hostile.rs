//! Files that somebody wrote to hurt, or that went wrong on the way: an error with its place, never a panic or a full memory.

use crate::results::quick;
use std::io::Read;
use std::path::Path;
use vigie_estimate::lists::{Lists, read_list};
use vigie_estimate::table::{Counts, read_counts};
use vigie_estimate::{Input, run};

fn counts(text: &[u8]) -> Result<Counts, String> {
    read_counts(text, Path::new("t.csv")).map_err(|e| e.to_string())
}

fn list(input: impl Read) -> Result<Lists, String> {
    let mut lists = Lists::default();
    read_list(&mut lists, input, Path::new("l.csv")).map_err(|e| e.to_string())?;
    Ok(lists)
}

#[test]
fn tables_that_are_no_tables() {
    let many = (0..1_000_000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    for (text, expected) in [
        (many.as_bytes().to_vec(), "than"),
        (b"".to_vec(), "t.csv"),
        (b"A,B,count\n1,1,NaN\n".to_vec(), "is not a whole number"),
        (b"A,B,count\n1,1,inf\n".to_vec(), "is not a whole number"),
        (b"A,B,count\n1,1,99999999999999999999\n".to_vec(), "is not a whole number"),
        (b"A,B,count\n1,1,-1\n".to_vec(), "is not a whole number"),
        (b"A,A,count\n1,1,1\n".to_vec(), "two columns are called"),
        (b"A,B,count\n1,\x00,1\n".to_vec(), "holds only 0 and 1"),
        (b"A,B,count\n1,\xff,1\n".to_vec(), "t.csv"),
        (b"k,fk\n0,5\n".to_vec(), "whole numbers"),
        (b"k,fk\n1,0\n".to_vec(), "no units"),
        (b"source,count\nx,many\n".to_vec(), "no row states a number"),
    ] {
        let error = counts(&text).unwrap_err();
        assert!(error.contains(expected), "{expected}: {}", error.chars().take(200).collect::<String>());
    }
}

#[test]
fn counts_as_large_as_a_file_can_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let most = (1_u64 << 48) - 1;
    std::fs::write(
        &path,
        format!("A,B,C,count\n1,0,0,{most}\n0,1,0,{most}\n0,0,1,{most}\n1,1,0,{most}\n1,1,1,7\n"),
    )
    .unwrap();
    let mut out = Vec::new();
    let outcome = run(&quick(Input::Table(path)), &mut out).unwrap();
    assert!(outcome.analysis.table.seen() > most);
    assert!(!out.is_empty());
}

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let endless = |head: &'static str| head.as_bytes().chain(std::io::repeat(b'x').take(64 << 20));
    let error = list(endless("organisation,country\n\"Firma")).unwrap_err();
    assert!(error.contains("is a quote left open?"), "{error}");
    let error = list(endless("ip,")).unwrap_err();
    assert!(error.contains("longer than"), "{error}");
    let error = read_counts(endless("A,B,count\n\""), Path::new("t.csv")).unwrap_err().to_string();
    assert!(error.contains("is a quote left open?"), "{error}");
    let error = list(endless("{\"ip\":\"")).unwrap_err();
    assert!(error.contains("longer than"), "{error}");
}

#[test]
fn lists_of_odd_bytes_are_read_as_far_as_they_go() {
    let lists =
        list(&b"organisation,ip,ip\nFirma\x00GmbH,192.0.2.1,192.0.2.2\n\xff\xfe,not-an-address,\n,,\n"[..])
            .unwrap();
    assert_eq!(lists.metas[0].rows, 3);
    assert_eq!(lists.records[0].keys.len(), 3, "two address columns are two addresses");
    let semicolons = list(&b"fqdn;ip\nmail.firma.de;192.0.2.1\n"[..]).unwrap();
    assert_eq!(semicolons.records[0].keys.len(), 3, "host, domain and address");
    assert!(list(&b"\xff\xfef\x00"[..]).unwrap_err().contains("UTF-16"));
    assert!(!list(&b"a\x1b[31m,b\n1,2\n"[..]).unwrap_err().contains('\u{1b}'), "a terminal is not steered");
    assert!(!counts(b"A\x1b[31m,B,count\n2,1,3\n").unwrap_err().contains('\u{1b}'));
    let deep = format!("{}1{}\n", "{\"a\":".repeat(500), "}".repeat(500));
    assert!(list(deep.as_bytes()).unwrap_err().contains("recursion limit"));
    let long = format!("organisation\n{}\n", "ä".repeat(100_000));
    assert_eq!(list(long.as_bytes()).unwrap().records.len(), 1);
    let commas = format!("ip,{}\n192.0.2.1\n", ",".repeat(1_000_000));
    assert_eq!(list(commas.as_bytes()).unwrap().records.len(), 1);
}
