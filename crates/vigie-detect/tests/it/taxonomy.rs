//! Rules meet the events that they speak of, whichever log told them and whatever it called the fields.

use std::sync::Arc;

use vigie_model::{EventBatch, Schema};

use crate::help::{batch, hits, load, rule, windows};

const SECURITY: (&str, &str) = ("Security", "Microsoft-Windows-Security-Auditing");
const SYSMON: (&str, &str) = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon");
const DEFENDER: (&str, &str) =
    ("Microsoft-Windows-Windows Defender/Operational", "Microsoft-Windows-Windows Defender");

/// A Windows event: its channel and provider, its id, its fields.
fn event((channel, provider): (&str, &str), id: u32, fields: &[(&str, &str)]) -> EventBatch {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let values = fields.iter().map(|(_, value)| Some((*value).to_owned())).collect();
    batch(&windows(channel, provider, id, &names), &[values])
}

fn with_source(source: &str, test: &str) -> String {
    let detection = format!("s:\n  {test}\ncondition: s");
    rule(&detection).replace("logsource: {}", &format!("logsource: {{{source}}}"))
}

/// Whether a rule with one test matches, by the engine and by the plain evaluator.
fn meets(source: &str, test: &str, event: &EventBatch) -> bool {
    let rules = Arc::new(load(&[&with_source(source, test)]).unwrap());
    let by_engine = !hits(&rules, std::slice::from_ref(event)).is_empty();
    assert_eq!(by_engine, vigie_detect::naive::matches(&rules.compiled()[0], event, 0), "{source}: {test}");
    by_engine
}

#[test]
fn a_process_of_the_security_log_meets_rules_for_sysmon() {
    let event = event(
        SECURITY,
        4688,
        &[
            ("SubjectUserName", "EXCH01$"),
            ("SubjectDomainName", "HOTEL"),
            ("NewProcessName", r"C:\Windows\System32\cmd.exe"),
            ("ParentProcessName", r"C:\Windows\System32\inetsrv\w3wp.exe"),
            ("CommandLine", "cmd /c whoami"),
        ],
    );
    let process = "category: process_creation, product: windows";
    for (test, expected) in [
        (r"Image|endswith: '\cmd.exe'", true),
        (r"ParentImage|endswith: '\w3wp.exe'", true),
        ("CommandLine|contains: whoami", true),
        (r"User: 'HOTEL\EXCH01$'", true),
        ("User: EXCH01$", true),
        (r"Image|endswith: '\powershell.exe'", false),
        ("OriginalFileName: Cmd.Exe", false),
    ] {
        assert_eq!(meets(process, test, &event), expected, "{test}");
    }
}

#[test]
fn the_security_log_is_met_under_old_names() {
    let event = event(SECURITY, 4688, &[("NewProcessName", r"C:\a\x.exe"), ("CommandLine", "x -enc")]);
    let security = "product: windows, service: security";
    for (test, expected) in [
        (r"NewProcessName|endswith: '\x.exe'", true),
        (r"ProcessName|endswith: '\x.exe'", true),
        (r"Image|endswith: '\x.exe'", true),
        ("ProcessCommandLine|contains: enc", true),
        ("EventID: 4688", true),
        ("EventID: 4689", false),
    ] {
        assert_eq!(meets(security, test, &event), expected, "{test}");
    }
}

#[test]
fn a_connection_of_the_filtering_platform_meets_rules_for_sysmon() {
    let event = event(
        SECURITY,
        5156,
        &[
            ("Application", r"\device\harddiskvolume2\windows\system32\rundll32.exe"),
            ("Direction", "%%14593"),
            ("SourceAddress", "10.0.0.5"),
            ("DestAddress", "203.0.113.9"),
            ("DestPort", "443"),
            ("Protocol", "6"),
        ],
    );
    let network = "category: network_connection, product: windows";
    for (test, expected) in [
        (r"Image|endswith: '\rundll32.exe'", true),
        ("Initiated: 'true'", true),
        ("Initiated: true", true),
        ("Initiated: 'false'", false),
        ("Protocol: tcp", true),
        ("Protocol: udp", false),
        ("DestinationPort: 443", true),
        ("DestinationIp|cidr: 203.0.113.0/24", true),
    ] {
        assert_eq!(meets(network, test, &event), expected, "{test}");
    }
}

#[test]
fn the_registry_is_met_by_the_kernels_paths() {
    let set = |kind: &str| {
        event(
            SECURITY,
            4657,
            &[
                ("ObjectName", r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\Evil"),
                ("ObjectValueName", "ImagePath"),
                ("OperationType", kind),
                ("NewValue", "1"),
                ("ProcessName", r"C:\Windows\regedit.exe"),
            ],
        )
    };
    let of = |category: &str| format!("category: {category}, product: windows");
    let (new, deleted) = (set("%%1904"), set("%%1906"));
    for (test, expected) in [
        (r"TargetObject|startswith: 'HKLM\System\CurrentControlSet\Services\'", true),
        (r"TargetObject|contains: '\CurrentControlSet\Services\'", true),
        (r"TargetObject|endswith: '\Services\Evil\ImagePath'", true),
        (r"TargetObject: 'HKLM\System\CurrentControlSet\Services\\*\ImagePath'", true),
        (r"TargetObject|startswith: 'HKU\'", false),
        ("Details: 'DWORD (0x00000001)'", true),
        ("Details: 'DWORD (0x00000002)'", false),
        (r"Image|endswith: '\regedit.exe'", true),
        ("EventType: SetValue", true),
    ] {
        assert_eq!(meets(&of("registry_set"), test, &new), expected, "{test}");
        assert_eq!(meets(&of("registry_event"), test, &new), expected, "{test}");
        assert!(!meets(&of("registry_set"), test, &deleted), "{test}");
        assert!(!meets(&of("registry_delete"), test, &new), "{test}");
    }
    let path = r"TargetObject|startswith: 'HKLM\'";
    assert!(meets(&of("registry_delete"), path, &deleted));
    let user = event(
        SECURITY,
        4657,
        &[
            (
                "ObjectName",
                r"\REGISTRY\USER\S-1-5-21-1-2-3-500\Software\Microsoft\Windows\CurrentVersion\Run",
            ),
            ("ObjectValueName", "x"),
        ],
    );
    assert!(meets(&of("registry_set"), r"TargetObject|startswith: 'HKCU\Software\'", &user));
    assert!(meets(&of("registry_set"), r"TargetObject|startswith: 'HKU\S-1-5-21'", &user));
    let class = event(
        SECURITY,
        4657,
        &[("ObjectName", r"\REGISTRY\MACHINE\SOFTWARE\Classes\ms-msdt"), ("ObjectValueName", "")],
    );
    assert!(meets(&of("registry_set"), r"TargetObject|startswith: 'HKCR\ms-msdt'", &class));
}

#[test]
fn the_words_of_the_security_log_change_nothing_for_sysmon() {
    let of = |details: &str| {
        let path = r"HKLM\System\CurrentControlSet\Services\Evil\Start";
        event(SYSMON, 13, &[("EventType", "SetValue"), ("TargetObject", path), ("Details", details)])
    };
    let set = "category: registry_set, product: windows";
    for (test, expected) in [
        (r"TargetObject|startswith: 'HKLM\System\CurrentControlSet\'", true),
        ("Details: 'DWORD (0x00000001)'", true),
        ("EventType: SetValue", true),
        ("EventType: DeleteValue", false),
    ] {
        assert_eq!(meets(set, test, &of("DWORD (0x00000001)")), expected, "{test}");
    }
    assert!(!meets(set, "Details: 'DWORD (0x00000001)'", &of("1")));
    let deleted = event(SYSMON, 12, &[("EventType", "DeleteValue"), ("TargetObject", r"HKLM\x")]);
    let delete = "category: registry_delete, product: windows";
    assert!(meets(delete, "EventType: DeleteValue", &deleted));
}

#[test]
fn antivirus_is_windows_defender() {
    let fields = [
        ("Threat Name", "Backdoor:ASP/Chopper.A"),
        ("Path", r"file:_C:\inetpub\wwwroot\aspnet_client\x.aspx"),
        ("Action Name", "Quarantine"),
    ];
    for id in [1006, 1015, 1116, 1117] {
        let found = event(DEFENDER, id, &fields);
        assert!(meets("category: antivirus", "Signature|contains: 'ASP/Chopper'", &found));
        assert!(meets("category: antivirus", "Filename|endswith: .aspx", &found));
    }
    assert!(!meets("category: antivirus", "Signature|contains: ASP", &event(DEFENDER, 5001, &fields)));
    let forwarded = event(("ForwardedEvents", DEFENDER.1), 1116, &fields);
    assert!(meets("category: antivirus", "Signature|contains: ASP", &forwarded));
}

#[test]
fn names_with_blanks_are_met_in_either_spelling() {
    let event = event(DEFENDER, 3002, &[("Feature Name", "%%886"), ("Error Code", "0x80004005")]);
    let defender = "product: windows, service: windefend";
    for test in ["Feature_Name: '%%886'", "FeatureName: '%%886'", "ErrorCode: '0x80004005'"] {
        assert!(meets(defender, test, &event), "{test}");
    }
}

#[test]
fn the_exchange_management_log_is_met_by_position_and_by_word() {
    let event = event(
        ("MSExchange Management", "MSExchange CmdletLogs"),
        1,
        &[
            ("Data", "Set-OabVirtualDirectory\n-ExternalUrl \"http://f/<script>\""),
            ("Data0", "Set-OabVirtualDirectory"),
            ("Data1", "-ExternalUrl \"http://f/<script>\""),
        ],
    );
    let log = "product: windows, service: msexchange-management";
    assert!(meets(log, "Data|contains|all: [Set-OabVirtualDirectory, ExternalUrl]", &event));
    assert!(meets(log, "Data0: Set-OabVirtualDirectory", &event));
    assert!(meets(log, "'|all': [Set-OabVirtualDirectory, ExternalUrl]", &event));
    assert!(!meets("product: windows, service: application", "Data0: Set-OabVirtualDirectory", &event));
}

#[test]
fn services_are_found_in_forwarded_events_by_their_provider() {
    let forwarded = |provider: &str, id: u32, field: &str| {
        event(("ForwardedEvents", provider), id, &[(field, "x"), ("EventID", "1")])
    };
    for (source, provider, id, field) in [
        ("product: windows, service: security", SECURITY.1, 4624, "LogonType"),
        ("category: process_creation, product: windows", SECURITY.1, 4688, "NewProcessName"),
        ("category: process_creation, product: windows", SYSMON.1, 1, "Image"),
        ("product: windows, service: system", "Service Control Manager", 7045, "ServiceName"),
        ("product: windows, service: powershell", "Microsoft-Windows-PowerShell", 4104, "ScriptBlockText"),
        ("product: windows, service: windefend", DEFENDER.1, 1116, "Path"),
        ("product: windows, service: msexchange-management", "MSExchange CmdletLogs", 1, "Data"),
        ("product: windows, service: taskscheduler", "Microsoft-Windows-TaskScheduler", 106, "TaskName"),
    ] {
        let asked = if field == "NewProcessName" && source.starts_with("category") { "Image" } else { field };
        assert!(meets(source, &format!("{asked}: x"), &forwarded(provider, id, field)), "{source}");
    }
    // An application's event is not one of the security log, wherever it was forwarded to.
    let other = forwarded("MsiInstaller", 4624, "LogonType");
    assert!(!meets("product: windows, service: security", "LogonType: x", &other));
}

#[test]
fn rules_without_a_source_meet_every_artifact() {
    let schema = Schema { artifact: "exchange.ecp".into(), ..crate::help::schema(&["F"]) };
    let events = batch(&schema, &[vec![Some("x".to_owned())]]);
    let rules = Arc::new(load(&[&rule("s:\n  F: x\ncondition: s")]).unwrap());
    assert_eq!(hits(&rules, &[events]).len(), 1);
}
