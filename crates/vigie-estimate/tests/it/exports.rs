//! Lists as others export them: what is taken from each header, what the list says of itself, what must not link.

use crate::results::{assert_valid, quick};
use std::path::{Path, PathBuf};
use vigie_estimate::honesty::Status;
use vigie_estimate::lists::{KeyKind, Lists, read_list, read_lists};
use vigie_estimate::methods::leavers::{Timing, timing};
use vigie_estimate::{Format, Input, Level, run};

fn read(name: &str, text: &str) -> Lists {
    let mut lists = Lists::default();
    read_list(&mut lists, text.as_bytes(), Path::new(name)).unwrap();
    lists
}

/// Keys of a record as `kind value`.
fn keys(lists: &Lists, record: usize) -> Vec<String> {
    lists.records[record]
        .keys
        .iter()
        .map(|(kind, id)| format!("{} {}", kind.word(), lists.text(*id)))
        .collect()
}

fn save(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn shadowserver_scan_exchange() {
    let lists = read(
        "scan_exchange.csv",
        "# source: Shadowserver\n# claims: vulnerable\n\
\"timestamp\",\"severity\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\",\"geo\",\"region\",\"city\",\"naics\",\"hostname_source\",\"sector\",\"version\",\"servername\",\"url\"\n\
\"2021-03-09 02:11:07\",\"high\",\"192.0.2.1\",\"tcp\",443,\"p5b0d7e21.dip0.example.de\",\"exchange;CVE-2021-26855\",64496,\"DE\",\"\",\"\",0,\"ptr\",\"\",\"15.1.2106.2\",\"EX01.firma.de\",\"/owa/\"\n\
\"2021-03-10 02:11:07\",\"high\",\"192.0.2.9\",\"tcp\",443,\"static-192-0-2-9.example.net\",\"exchange\",64496,\"FR\",\"\",\"\",0,\"ptr\",\"\",\"15.1.2106.2\",\"\",\"/owa/\"\n",
    );
    assert_eq!(
        keys(&lists, 0),
        ["address 192.0.2.1", "host name ex01.firma.de", "registrable domain firma.de"]
    );
    assert_eq!(
        keys(&lists, 1),
        ["address 192.0.2.9"],
        "a provider's reverse name and a bare path link nobody"
    );
    assert_eq!(
        (lists.metas[0].source.as_deref(), lists.metas[0].claims.as_deref()),
        (Some("Shadowserver"), Some("vulnerable"))
    );
    assert_eq!(lists.metas[0].days, Some((18_695, 18_696)));
    assert_eq!(lists.records[0].country, Some(*b"DE"));
}

#[test]
fn shadowserver_compromised_website() {
    let lists = read(
        "compromised_website.csv",
        "\"timestamp\",\"severity\",\"ip\",\"port\",\"hostname\",\"tag\",\"application\",\"asn\",\"geo\",\"region\",\"city\",\"url\",\"http_host\",\"category\",\"system\",\"detected_since\",\"server\",\"redirect_target\",\"naics\",\"hostname_source\",\"sector\",\"cc_url\",\"family\"\n\
\"2021-03-12 00:00:00\",\"critical\",\"192.0.2.1\",443,\"\",\"exchange-webshell\",\"https\",64496,\"DE\",\"\",\"\",\"https://192.0.2.1/aspnet_client/x.aspx\",\"mail.firma.de\",\"webshell\",\"Windows\",\"2021-03-03\",\"IIS\",\"\",0,\"\",\"\",\"\",\"\"\n\
\"2021-03-12 00:00:00\",\"critical\",\"192.0.2.7\",443,\"\",\"exchange-webshell\",\"https\",64496,\"DE\",\"\",\"\",\"https://[2001:db8::7]:444/owa/auth/y.aspx?z=1\",\"\",\"webshell\",\"Windows\",\"\",\"IIS\",\"\",0,\"\",\"\",\"\",\"\"\n",
    );
    assert_eq!(
        keys(&lists, 0),
        [
            "url https://192.0.2.1/aspnet_client/x.aspx",
            "address 192.0.2.1",
            "host name mail.firma.de",
            "registrable domain firma.de"
        ]
    );
    let second = keys(&lists, 1);
    assert!(second.contains(&"address 2001:db8::7".to_owned()), "{second:?}");
    assert!(second.contains(&"url https://[2001:db8::7]:444/owa/auth/y.aspx".to_owned()), "{second:?}");
}

#[test]
fn shodan_and_censys_lines() {
    let shodan = read(
        "shodan.jsonl",
        "{\"ip\":3221225985,\"ip_str\":\"192.0.2.1\",\"port\":443,\"timestamp\":\"2021-03-09T10:00:00.1\",\"hostnames\":[\"mail.firma.de\"],\"domains\":[\"t-ipconnect.de\"],\"org\":\"Deutsche Telekom\",\"location\":{\"country_code\":\"DE\"},\"ssl\":{\"cert\":{\"subject\":{\"CN\":\"autodiscover.firma.de\"},\"fingerprint\":{\"sha256\":\"AA:BB:CC:DD:EE:FF:00:11\"}}}}\n",
    );
    let found = keys(&shodan, 0);
    for key in ["address 192.0.2.1", "certificate aabbccddeeff0011", "registrable domain firma.de"] {
        assert!(found.contains(&key.to_owned()), "{found:?}");
    }
    assert!(!found.iter().any(|k| k.contains("telekom") || k.contains("t-ipconnect")), "{found:?}");
    let censys = read(
        "censys.jsonl",
        "{\"ip\":\"192.0.2.1\",\"last_updated_at\":\"2021-03-10T00:00:00Z\",\"location\":{\"country_code\":\"DE\"},\"services\":[{\"port\":443,\"tls\":{\"certificates\":{\"leaf_fp_sha_256\":\"aabbccddeeff0011\",\"leaf_data\":{\"names\":[\"mail.firma.de\",\"*.firma.com\"]}}}}],\"dns\":{\"reverse_dns\":{\"names\":[\"host-192-0-2-1.example.net\"]}}}\n",
    );
    let found = keys(&censys, 0);
    for key in ["certificate aabbccddeeff0011", "registrable domain firma.com", "registrable domain firma.de"]
    {
        assert!(found.contains(&key.to_owned()), "{found:?}");
    }
    assert_eq!(censys.records[0].day, Some(18_696));
    assert!(!found.iter().any(|k| k.contains("example.net")), "{found:?}");
}

#[test]
fn a_fleet_register_counts_its_victims_only() {
    let csv = "host,ip,customer,country,verdict\nex01.firma.de,192.0.2.1,Firma GmbH,DE,compromised\n\
ex02.adler.fr,192.0.2.2,Hotel Adler,FR,no evidence of compromise\nex03.nord.se,,Nord AB,SE,presumed_compromised\n";
    let lists = read("register.csv", csv);
    assert_eq!((lists.metas[0].rows, lists.metas[0].not_victims, lists.records.len()), (3, 1, 2));
    let found = keys(&lists, 0);
    assert!(found.contains(&"name and country firma|DE".to_owned()), "{found:?}");
    let lines = "{\"host\":\"ex01.firma.de\",\"verdict\":\"compromised\"}\n{\"host\":\"ex02.adler.fr\",\"verdict\":\"attempted\"}\n";
    assert_eq!(read("register.jsonl", lines).records.len(), 1);
}

#[test]
fn a_folder_of_assessments_is_one_list() {
    let folder = tempfile::tempdir().unwrap();
    let assessment = |host: &str, verdict: &str| {
        format!(
            "{{\n  \"schema\": \"x\",\n  \"host\": \"{host}\",\n  \"verdicts\": [{{\"pack\": \"a\", \"verdict\": \"not exposed\"}}, {{\"pack\": \"b\", \"verdict\": \"{verdict}\"}}]\n}}\n"
        )
    };
    let at = folder.path().join("fleet");
    save(&at, "a/assessment.json", &assessment("ex01.firma.de", "compromised"));
    save(&at, "b/deep/assessment.json", &assessment("ex02.adler.fr", "attempted"));
    save(&at, "c/report.html", "<html>");
    let single =
        save(folder.path(), "one/assessment.json", &assessment("ex09.nord.se", "presumed compromised"));
    let lists = read_lists(&[at, single]).unwrap();
    let names: Vec<&str> = lists.metas.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["fleet", "assessment"]);
    assert_eq!((lists.metas[0].rows, lists.metas[0].not_victims), (2, 1));
    assert_eq!(
        (lists.metas[0].source.as_deref(), lists.metas[0].claims.as_deref()),
        (Some("vigie"), Some("compromised"))
    );
    assert_eq!(lists.records.len(), 2);
    let empty = tempfile::tempdir().unwrap();
    let error = read_lists(&[empty.path().to_owned()]).unwrap_err().to_string();
    assert!(error.contains("no assessment.json"), "{error}");
}

#[test]
fn a_derived_list_is_not_independent() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |range: std::ops::Range<usize>| -> String {
        range
            .map(|i| format!("mail.{}-firma{i}.de,192.0.2.{i}", ["nord", "sued", "ost"][i % 3]))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let scan = save(folder.path(), "scan.csv", &format!("# window: 2021-03-09\nfqdn,ip\n{}", rows(1..60)));
    let feed = save(folder.path(), "feed.csv", &format!("# derived-from: scan\nfqdn,ip\n{}", rows(1..40)));
    let other = save(folder.path(), "other.csv", &format!("fqdn,ip\n{}", rows(30..90)));
    let mut options = quick(Input::Lists(vec![scan, feed, other]));
    options.format = Format::Json;
    options.level = Level::Address;
    let mut out = Vec::new();
    run(&options, &mut out).unwrap();
    let value = assert_valid(&String::from_utf8(out).unwrap());
    let names: Vec<&str> =
        value["lists"].as_array().unwrap().iter().filter_map(|l| l["name"].as_str()).collect();
    assert_eq!(names, ["scan", "other"]);
    assert_eq!(value["checks"][1]["status"], "flag");
    assert!(value["checks"][1]["text"].as_str().unwrap().contains("feed <- scan"));
    assert!(value["checks"][0]["text"].as_str().unwrap().contains("scan 2021-03-09"));
    assert_eq!(value["unit"], "address");
}

#[test]
fn windows_that_lists_state_are_held_against_how_fast_units_leave() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |step: usize| -> String {
        (1..240)
            .filter(|i| i % step != 0)
            .map(|i| format!("192.0.{}.{}", i / 60, i % 60))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let list = |name: &str, window: &str, step| {
        save(folder.path(), name, &format!("# window: {window}\nip\n{}", rows(step)))
    };
    let run_with = |days: [&str; 3], half_life| {
        let paths = vec![list("a.csv", days[0], 2), list("b.csv", days[1], 3), list("c.csv", days[2], 5)];
        let mut options = quick(Input::Lists(paths));
        options.level = Level::Address;
        options.half_life = half_life;
        options.effort.gibbs = None;
        run(&options, &mut Vec::new()).unwrap().analysis
    };
    // A week and a half: even at the slowest rate measured too many are gone.
    let apart = run_with(["2021-03-01..2021-03-03", "2021-03-02", "2021-03-12"], None);
    let refusal = apart.refused.as_ref().unwrap();
    assert_eq!(refusal.code(), "not_closed");
    assert!(
        refusal.text().en.contains("10.0 days apart") && refusal.text().en.contains("measured in March 2021")
    );
    // The user knows better: these units stay for years.
    assert!(run_with(["2021-03-02", "2021-03-02", "2021-03-12"], Some(1_000.0)).refused.is_none());
    let near = run_with(["2021-03-02", "2021-03-05", "2021-03-05"], None);
    let closure = &near.checks[10].text;
    assert!(near.refused.is_none() && closure.en.contains("windows 3.0 days apart"), "{closure:?}");
    // One list without a date: the other two are too far apart all the same.
    let undated = run_with(["?", "2021-03-05", "2021-04-05"], None);
    assert_eq!(undated.refused.as_ref().unwrap().code(), "not_closed");
    let closure = &undated.checks[10];
    assert!(closure.status == Status::Flag, "{closure:?}");
    assert!(closure.text.en.starts_with("not every list has a date (those with one are 31.0 days apart)"));
    let near = run_with(["?", "2021-03-05", "2021-03-06"], None);
    assert!(near.refused.is_none() && near.checks[10].status == Status::Unknown);
    assert!(near.checks[10].text.en.starts_with("not every list has a date (those with one are 1.0 days"));
}

#[test]
fn lists_taken_as_one_keep_their_dates() {
    let folder = tempfile::tempdir().unwrap();
    let list = |name: &str, day: &str, step: usize| {
        let rows = (1..240).filter(|i| i % step != 0).map(|i| format!("192.0.{}.{}", i / 60, i % 60));
        let rows = rows.collect::<Vec<_>>().join("\n");
        save(folder.path(), name, &format!("# window: {day}\nip\n{rows}"))
    };
    let run_with = |days: [&str; 4]| {
        let names = ["a.csv", "b.csv", "c.csv", "d.csv"];
        let paths = (0..4).map(|i| list(names[i], days[i], i + 2)).collect();
        let mut options = quick(Input::Lists(paths));
        options.level = Level::Address;
        options.merge = vec!["a + b".to_owned()];
        options.effort.gibbs = None;
        let outcome = run(&options, &mut Vec::new()).unwrap();
        assert_eq!(outcome.analysis.table.lists(), ["a+b", "c", "d"]);
        timing(&outcome.analysis.table, &outcome.context.dates)
    };
    assert_eq!(run_with(["2021-03-02", "2021-03-02", "2021-03-02", "2021-03-03"]), Timing::Together);
    assert_eq!(run_with(["2021-03-02", "2021-03-02", "2021-03-04", "2021-03-05"]), Timing::Apart);
    // The parts themselves were days apart: one list, yet not of one day.
    assert_eq!(run_with(["2021-03-02", "2021-03-05", "2021-03-02", "2021-03-02"]), Timing::Apart);
    assert_eq!(run_with(["2021-03-02", "?", "2021-03-02", "2021-03-02"]), Timing::Unknown);
}

#[test]
fn a_providers_domain_on_hundreds_of_addresses_links_nobody() {
    let rows = (1..200).map(|i| format!("192.0.2.{i},mail{i}x.provider.de")).collect::<Vec<_>>().join("\n");
    let lists = read("scan.csv", &format!("ip,hostname\n{rows}"));
    let linked = vigie_estimate::link::link(&lists, &vigie_estimate::link::Decisions::new());
    assert!(
        linked
            .hubs
            .iter()
            .any(|(kind, key, owners)| *kind == KeyKind::Domain && key == "provider.de" && *owners > 60)
    );
    assert!(linked.counts["host"] > 190);
}
