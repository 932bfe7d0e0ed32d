//! Many servers at once: one verdict each, one table over all.

use std::fs;
use std::io::BufWriter;

use serde_json::Value;

use crate::run::{assessment, verdict, vigie};

fn httpproxy(server: &str, client: &str) -> String {
    format!(
        "#Software: Microsoft Exchange Server\r\n#Version: 15.01.2176.002\r\n#Log-type: HttpProxy Logs\r\n\
#Date: 2021-03-01T00:00:00.000Z\r\n#Fields: DateTime,RequestId,Protocol,UrlStem,ClientIpAddress,ServerHostName,HttpStatus\r\n\
2021-03-01T00:00:00.000Z,6f1f7a44-0000-0000-0000-000000000001,Ecp,/ecp/,{client},{server},200\r\n"
    )
}

#[test]
fn two_servers_in_one_folder_give_two_assessments() {
    let folder = tempfile::tempdir().unwrap();
    for server in ["MAIL01", "MAIL02"] {
        let logs = folder.path().join(format!("evidence/{server}/Logging/HttpProxy/Ecp"));
        fs::create_dir_all(&logs).unwrap();
        fs::write(logs.join("HttpProxy_2021030100-1.LOG"), httpproxy(server, "203.0.113.8")).unwrap();
    }
    let ran = vigie(folder.path(), &["check", "evidence", "--output", "out"]);
    assert_eq!(ran.code, 20, "{}", ran.err);
    for server in ["MAIL01", "MAIL02"] {
        let assessment = assessment(&folder.path().join("out").join(server));
        assert_eq!(assessment["host"], server);
        assert_eq!(verdict(&assessment).0, "presumed compromised");
    }
    assert!(folder.path().join("out/summary.html").exists());
    let summary = vigie(folder.path(), &["summary", "out", "--format", "json"]);
    assert_eq!(summary.code, 0, "{}", summary.err);
    let summary: Value = serde_json::from_str(&summary.out).unwrap();
    assert_eq!(summary["servers"].as_array().unwrap().len(), 2);
}

#[test]
fn logs_of_two_servers_thrown_into_one_folder_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("all")).unwrap();
    fs::write(folder.path().join("all/a.LOG"), httpproxy("MAIL01", "203.0.113.8")).unwrap();
    fs::write(folder.path().join("all/b.LOG"), httpproxy("MAIL02.corp.example", "10.0.0.9")).unwrap();
    let ran = vigie(folder.path(), &["check", "all", "--json"]);
    let assessments: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let hosts: Vec<&str> =
        assessments.iter().map(|assessment| assessment["host"].as_str().unwrap()).collect();
    assert_eq!(hosts, ["MAIL01", "MAIL02"]);
    let one = vigie(folder.path(), &["check", "all", "--json", "--host", "MAIL09"]);
    let one: Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(one["host"], "MAIL09");
}

#[test]
fn every_server_of_a_generated_fleet_ends_as_its_truth_says() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = folder.path().join("fleet");
    fs::create_dir(&fleet).unwrap();
    let mut truths = Vec::new();
    // One server of each story.
    for member in vigie_example::scenario::fleet(7, 8) {
        let member = member.unwrap();
        let file = fs::File::create(fleet.join(format!("{}.zip", member.truth.host))).unwrap();
        vigie_example::archive::write(&member.files, BufWriter::new(file)).unwrap();
        truths.push(member.truth);
    }
    let ran = vigie(folder.path(), &["check", "fleet", "--output", "out"]);
    assert_eq!(ran.code, 20, "{}", ran.err);
    for truth in &truths {
        let assessment = assessment(&folder.path().join("out").join(&truth.host));
        let expected = (truth.story.verdict().word(), truth.story.stage().word());
        assert_eq!(verdict(&assessment), expected, "{truth:?}");
        let told = assessment["findings"].to_string();
        let page = truth.shell.as_ref().and_then(|path| path.rsplit('\\').next());
        for known in truth.address.as_deref().into_iter().chain(page) {
            assert!(told.contains(known), "{known} of {truth:?}");
        }
    }
}

fn healthchecker(server: &str) -> String {
    format!(
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><Obj RefId=\"0\"><Props>\
<Obj N=\"HealthCheckerExchangeServer\" RefId=\"1\"><Props><S N=\"ServerName\">{server}.corp.example</S>\
<DT N=\"GenerationTime\">2021-03-05T13:00:00.0000000+01:00</DT></Props></Obj>\
<Obj N=\"Build\" RefId=\"2\"><Props><S N=\"Name\">Build Number</S><S N=\"DetailValue\">15.01.2176.009</S></Props></Obj>\
</Props></Obj></Objs>"
    )
}

/// The one server that a check of the folder `in` tells of, with the codes about reports on others.
fn one_server(folder: &std::path::Path, more: &[&str]) -> (Value, usize) {
    let ran = vigie(folder, &[&["check", "in", "--json"], more].concat());
    let assessment: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(assessment.is_object(), "{}", ran.err);
    let others = crate::run::codes(&assessment).iter().filter(|code| **code == "V0503").count();
    (assessment, others)
}

#[test]
fn a_report_on_another_server_is_no_proof_of_this_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join("in").join(name), text).unwrap();
    write("a.LOG", &httpproxy("mail01.corp.example", "10.0.0.9"));
    write("HealthChecker-MAIL02-20210305120000.xml", &healthchecker("MAIL02"));
    let installed = "15.1.2176.9";
    let (split, others) = one_server(folder.path(), &[]);
    assert_eq!((&split["host"], others), (&"MAIL01".into(), 1));
    assert!(!split["patches"].to_string().contains(installed), "{}", split["patches"]);
    // The same where the name is given, even if nothing else names the server.
    fs::remove_file(folder.path().join("in/a.LOG")).unwrap();
    let (given, others) = one_server(folder.path(), &["--host", "mail01.corp.example"]);
    assert_eq!(others, 1);
    assert!(!given["patches"].to_string().contains(installed), "{}", given["patches"]);
    // Its own report is, by whichever form of its name.
    for host in ["mail02", "MAIL02.corp.example"] {
        let (own, others) = one_server(folder.path(), &["--host", host]);
        assert_eq!(others, 0);
        assert!(own["patches"].to_string().contains(installed), "{own}");
    }
    // Reports alone are told apart.
    write("HealthChecker-MAIL01-20210305120000.xml", &healthchecker("MAIL01"));
    let ran = vigie(folder.path(), &["check", "in", "--json"]);
    let both: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let hosts: Vec<&str> = both.iter().map(|one| one["host"].as_str().unwrap()).collect();
    assert_eq!(hosts, ["MAIL01", "MAIL02"]);
}

/// What Microsoft's script found in the logs of a server: a forged request.
const RESULTS: &str = "\"DateTime\",\"RequestId\",\"ClientIPAddress\",\"UrlHost\",\"UrlStem\",\"RoutingHint\",\"UserAgent\",\
\"AnchorMailbox\",\"HttpStatus\"\r\n\"2021-03-03T05:12:44.123Z\",\"11111111-2222-3333-4444-555555555555\",\"203.0.113.9\",\
\"mail.example\",\"/ecp/y.js\",\"X-BEResource-Cookie\",\"python-requests/2.25.1\",\
\"ServerInfo~a]@MAIL02.example:444/autodiscover/autodiscover.xml?#\",\"200\"\r\n";

#[test]
fn what_was_found_on_another_server_accuses_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join("in").join(name), text).unwrap();
    write("a.LOG", &httpproxy("MAIL01", "10.0.0.9"));
    write("MAIL02-Cve-2021-26855.csv", RESULTS);
    let (other, noted) = one_server(folder.path(), &[]);
    assert_eq!((&other["host"], noted), (&"MAIL01".into(), 1));
    assert_eq!(other["findings"], serde_json::json!([]), "{}", other["findings"]);
    fs::rename(
        folder.path().join("in/MAIL02-Cve-2021-26855.csv"),
        folder.path().join("in/MAIL01-Cve-2021-26855.csv"),
    )
    .unwrap();
    let (own, noted) = one_server(folder.path(), &[]);
    assert_eq!(noted, 0);
    assert_ne!(own["findings"], serde_json::json!([]), "its own results do");
}
