//! Values, lists and names too long to be kept whole: their beginnings stay, and the file says once that it was cut.

use vigie_model::diagnostic::Code;
use vigie_parse::parsers::defender_mplog::DefenderLog;
use vigie_parse::parsers::defender_scanner::DefenderScanner;
use vigie_parse::parsers::exchange_agents::TransportAgents;
use vigie_parse::parsers::exchange_eomt::Eomt;
use vigie_parse::parsers::exchange_healthchecker::HealthChecker;
use vigie_parse::parsers::exchange_setup::ExchangeSetup;
use vigie_parse::parsers::iis_config::IisConfig;
use vigie_parse::parsers::powershell_history::PowerShellHistory;
use vigie_parse::parsers::powershell_transcript::PowerShellTranscript;
use vigie_parse::parsers::windows_task::ScheduledTask;
use vigie_parse::parsers::windows_wer::ErrorReport;
use vigie_parse::{Parser, parse_bytes};

use crate::recorder::Recorder;

/// More than any value may have.
const LONG: usize = 300 * 1024;
/// Bytes that are kept of what stands in many events.
const CONTEXT: usize = 4 * 1024;

/// Reads a file that is cut: every byte of it counts as read, and it says so once.
fn read_cut(parser: &dyn Parser, text: &str) -> Recorder {
    let mut recorder = Recorder::default();
    let account = parse_bytes(parser, "x", text.as_bytes(), &mut recorder);
    assert_eq!((account.parsed_bytes, account.rejected_bytes), (text.len() as u64, 0));
    let said = recorder.diagnostics.iter().filter(|(code, _, _)| *code == Code::LimitReached);
    assert_eq!(said.count(), 1, "{}: {:?}", parser.artifact().name, recorder.diagnostics);
    recorder
}

/// The values of a column, one by one.
fn values<'r>(recorder: &'r Recorder, field: &str) -> Vec<&'r str> {
    let prefix = format!("    {field}: ");
    recorder.text.lines().filter_map(|line| line.strip_prefix(&prefix)).collect()
}

/// The only value of a column.
fn value<'r>(recorder: &'r Recorder, field: &str) -> &'r str {
    let all = values(recorder, field);
    assert_eq!(all.len(), 1, "{field}");
    all[0]
}

#[test]
fn a_long_command_that_was_typed_keeps_its_beginning() {
    let text = format!("whoami\npowershell -enc {}\nhostname\n", "A".repeat(LONG));
    let recorder = read_cut(&PowerShellHistory, &text);
    let [first, long, last] = values(&recorder, "CommandLine")[..] else { panic!("three commands") };
    assert_eq!((first, last, long.len()), ("whoami", "hostname", 256 * 1024));
    assert!(long.starts_with("powershell -enc AAAA"));
}

#[test]
fn a_command_of_endless_lines_is_bounded() {
    let recorder = read_cut(&PowerShellHistory, &"`\n".repeat(LONG));
    // A line end is written as two characters.
    assert_eq!(value(&recorder, "CommandLine").len(), 2 * 256 * 1024);
}

#[test]
fn a_task_with_long_arguments_keeps_their_beginning() {
    let action =
        format!("<Exec><Command>powershell</Command><Arguments>-enc {}</Arguments></Exec>", "A".repeat(LONG));
    let task = format!("<Task><Actions>{action}</Actions></Task>");
    let recorder = read_cut(&ScheduledTask, &task);
    assert_eq!(value(&recorder, "Arguments").len(), 64 * 1024);
    assert!(value(&recorder, "CommandLine").starts_with("powershell -enc AAAA"));
}

#[test]
fn what_is_said_of_a_task_does_not_grow_with_its_actions() {
    let author = format!("<RegistrationInfo><Author>{}</Author></RegistrationInfo>", "a".repeat(LONG));
    let actions = "<Exec><Command>cmd</Command></Exec>".repeat(300);
    let recorder = read_cut(&ScheduledTask, &format!("<Task>{author}<Actions>{actions}</Actions></Task>"));
    assert_eq!(recorder.events, 256);
    assert!(values(&recorder, "Author").iter().all(|author| author.len() == CONTEXT));
}

#[test]
fn a_report_of_health_keeps_the_beginning_of_values_and_names() {
    let deep = format!("<Obj N=\"{}\">", "n".repeat(LONG)).repeat(20);
    let text = format!("<Objs><S N=\"Long\">{}</S>{deep}<S N=\"Own\">v</S></Objs>", "é".repeat(LONG));
    let recorder = read_cut(&HealthChecker, &text);
    assert_eq!(values(&recorder, "Value"), ["é".repeat(8 * 1024).as_str(), "v"]);
    assert_eq!(values(&recorder, "Path").last().map(|path| path.len()), Some(CONTEXT));
}

#[test]
fn the_name_of_a_server_does_not_grow_with_its_flaws() {
    let flaws = vec!["\"CVE-2021-26855\""; 100].join(",");
    let server = format!("{{\"Name\":\"{}\",\"Vulnerabilities\":[{flaws}]}}", "s".repeat(LONG));
    let recorder = read_cut(&HealthChecker, &format!("{{\"VersionReport\":1,\"Servers\":[{server}]}}"));
    assert_eq!(recorder.events, 100);
    assert!(values(&recorder, "Server").iter().all(|server| server.len() == 1024));
}

#[test]
fn a_huge_report_on_all_servers_is_given_up_whole() {
    let text = format!("{{\"VersionReport\":[{}0],\"Servers\":[]}}", "0,".repeat(3 << 20));
    let mut recorder = Recorder::default();
    let account = parse_bytes(&HealthChecker, "x", text.as_bytes(), &mut recorder);
    let bytes = text.len() as u64;
    assert_eq!((account.parsed_bytes, account.rejected_bytes), (0, bytes));
    assert_eq!(recorder.diagnostics, [(Code::LimitReached, "line 1".to_owned(), bytes)]);
}

#[test]
fn what_follows_a_line_of_a_log_is_kept_up_to_a_limit() {
    let long = "m".repeat(LONG);
    let recorder = read_cut(&DefenderLog, &format!("2021-03-03T05:12:44.123Z DETECTION_ADD x\n{long}\n"));
    assert_eq!(value(&recorder, "Message").len(), 64 * 1024 + 1);
    let recorder = read_cut(&ExchangeSetup, &format!("[03/13/2021 00:10:25.0820] [0] x\n{long}\n"));
    assert_eq!(value(&recorder, "Message").len(), 64 * 1024 + 1);
}

#[test]
fn a_transcript_keeps_the_beginning_of_output_and_header() {
    let stars = "*".repeat(22);
    let header = format!("{stars}\nWindows PowerShell transcript start\nUsername: H\\{}\n", "u".repeat(LONG));
    let commands = "PS C:\\> whoami\n".repeat(50);
    let text = format!("{header}{stars}\n{commands}{}\n", "o".repeat(LONG));
    let recorder = read_cut(&PowerShellTranscript, &text);
    assert_eq!(recorder.events, 50);
    assert!(values(&recorder, "User").iter().all(|user| user.len() == CONTEXT + 1), "a slash is escaped");
    assert_eq!(value(&recorder, "Output").len(), 64 * 1024);
}

#[test]
fn a_transcript_keeps_the_whole_command_of_its_program() {
    let stars = "*".repeat(22);
    let text = format!("{stars}\nx\nHost Application: p.exe -enc {}\n{stars}\n", "A".repeat(LONG));
    let recorder = read_cut(&PowerShellTranscript, &text);
    assert_eq!(value(&recorder, "CommandLine").len(), LONG + "p.exe -enc ".len());
    assert_eq!(value(&recorder, "HostApplication").len(), CONTEXT);
}

#[test]
fn a_crash_report_is_bounded() {
    let modules = "LoadedModule[0]=m.dll\n".repeat(2_001);
    let recorder = read_cut(&ErrorReport, &format!("AppPath={}\n{modules}", "p".repeat(LONG)));
    assert_eq!(recorder.events, 2_001);
    assert!(values(&recorder, "AppPath").iter().all(|path| path.len() == CONTEXT));
}

#[test]
fn scans_and_runs_beyond_a_limit_are_said() {
    let scan = "Microsoft Safety Scanner v1.333, (build 1.333.600.0)\nResults Summary:\n";
    let recorder = read_cut(&DefenderScanner, &format!("{scan}{}", "found\n".repeat(201)));
    assert_eq!(value(&recorder, "Result").matches("found").count(), 200);
    let recorder = read_cut(&Eomt, &"EOMT mitigation summary\n".repeat(102));
    assert_eq!(recorder.facts.len(), 100);
}

#[test]
fn what_is_said_of_a_place_does_not_grow_with_what_is_set_there() {
    let modules = "<modules>".to_owned() + &"<add name=\"m\"/>".repeat(100) + "</modules>";
    let text = format!(
        "<configuration><location path=\"{}\">{modules}</location></configuration>",
        "p".repeat(LONG)
    );
    let recorder = read_cut(&IisConfig, &text);
    assert_eq!(recorder.events, 100);
    assert!(values(&recorder, "Location").iter().all(|location| location.len() == CONTEXT));
    let long = "s".repeat(LONG);
    let application = format!(
        "<application path=\"/{long}\" applicationPool=\"{long}\">{}</application>",
        "<virtualDirectory path=\"/\" physicalPath=\"C:\\x\"/>".repeat(100)
    );
    let recorder = read_cut(
        &IisConfig,
        &format!("<configuration><site name=\"{long}\">{application}</site></configuration>"),
    );
    assert_eq!(recorder.events, 100);
    for field in ["Site", "Url", "ApplicationPool"] {
        assert!(values(&recorder, field).iter().all(|value| value.len() == CONTEXT), "{field}");
    }
}

#[test]
fn a_rewrite_rule_is_bounded_in_its_row_and_its_fact() {
    let condition = format!("<add input=\"{{REQUEST_URI}}\" pattern=\"{}\"/>", "c".repeat(LONG));
    let rule = format!(
        "<rule name=\"{}\"><match url=\"{}\"/><conditions>{condition}</conditions><action type=\"AbortRequest\"/></rule>",
        "n".repeat(LONG),
        "u".repeat(LONG)
    );
    let recorder = read_cut(&IisConfig, &format!("<configuration><rules>{rule}</rules></configuration>"));
    assert_eq!((value(&recorder, "Name").len(), value(&recorder, "MatchUrl").len()), (CONTEXT, 64 * 1024));
    let [fact] = recorder.facts.as_slice() else { panic!("one fact") };
    assert!((3 * 64 * 1024 / 2..3 * 64 * 1024).contains(&fact.value.len()), "{}", fact.value.len());
    // A token that is checked is a fact of its own, with its place.
    let checking =
        format!("<windowsAuthentication><extendedProtection tokenChecking=\"{}\"/>", "t".repeat(LONG));
    let recorder = read_cut(&IisConfig, &checking);
    assert_eq!((recorder.facts.len(), value(&recorder, "TokenChecking").len()), (1, CONTEXT));
}

#[test]
fn conditions_and_attributes_beyond_a_limit_are_said() {
    let conditions = "<add input=\"{URL}\" pattern=\"x\"/>".repeat(65);
    let rule = format!("<rule name=\"r\"><conditions>{conditions}</conditions></rule>");
    let recorder = read_cut(&IisConfig, &format!("<configuration><rules>{rule}</rules></configuration>"));
    assert_eq!(value(&recorder, "Conditions").matches("{URL} ~ x").count(), 64);
    let attributes = " a=\"\"".repeat(200);
    let module = format!("<modules><add name=\"m\"{attributes} type=\"Hidden\"/></modules>");
    let recorder = read_cut(&IisConfig, &format!("<configuration>{module}</configuration>"));
    assert_eq!((value(&recorder, "Name"), values(&recorder, "Type").len()), ("m", 0));
}

#[test]
fn attributes_that_are_malformed_are_said() {
    let text = "<configuration>\n<modules><add name=\"m\" type=Hidden image/></modules></configuration>";
    let mut recorder = Recorder::default();
    parse_bytes(&IisConfig, "x", text.as_bytes(), &mut recorder);
    assert_eq!(recorder.diagnostics, [(Code::BadRecord, "line 2".to_owned(), 0)]);
    assert_eq!(value(&recorder, "Name"), "m");
}

#[test]
fn an_agent_keeps_the_beginning_of_its_name() {
    let text = format!(
        "<configuration><agentList><agent name=\"{}\"/></agentList></configuration>",
        "a".repeat(LONG)
    );
    assert_eq!(value(&read_cut(&TransportAgents, &text), "Name").len(), CONTEXT);
}
