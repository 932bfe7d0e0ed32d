//! The events that an Exchange server leaves in Windows logs, field by field as their providers define them.

use vigie_model::Time;

use crate::clock::spaced;
use crate::evtx_writer::{Data, Event, Provider, Value};
use crate::ident::{Guid, Sid};

const SYSMON: Guid = Guid::from_digits(0x5770_385f_c22a_43e0_bf4c_06f5_698f_fbd9);
const AUDITING: Guid = Guid::from_digits(0x5484_9625_5478_4994_a5ba_3e3b_0328_c30d);
const AUDIT_SUCCESS: u64 = 0x8020_0000_0000_0000;
const CLASSIC: u64 = 0x0080_0000_0000_0000;

/// The log that Exchange writes cmdlets to.
pub const MANAGEMENT: &str = "MSExchange Management";
/// Sysmon's log.
pub const SYSMON_OPERATIONAL: &str = "Microsoft-Windows-Sysmon/Operational";
/// The security log.
pub const SECURITY: &str = "Security";
/// The application log.
pub const APPLICATION: &str = "Application";

/// Where and when an event is written.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The computer's full name.
    pub computer: &'a str,
    /// When.
    pub time: Time,
}

/// A process, as Sysmon and the security log see it.
#[derive(Clone, Debug)]
pub struct Process {
    /// Sysmon's id of it.
    pub guid: Guid,
    /// Its number.
    pub pid: u32,
    /// Full path.
    pub image: String,
    /// The command line.
    pub command: String,
    /// `NT AUTHORITY\SYSTEM`.
    pub user: String,
}

fn text(name: &str, value: impl Into<String>) -> (String, Value) {
    (name.to_owned(), Value::Text(value.into()))
}

fn field(name: &str, value: Value) -> (String, Value) {
    (name.to_owned(), value)
}

fn sysmon(stamp: Stamp<'_>, id: u16, version: u8, fields: Vec<(String, Value)>) -> Event {
    Event {
        provider: Provider { name: "Microsoft-Windows-Sysmon".to_owned(), guid: Some(SYSMON) },
        channel: SYSMON_OPERATIONAL.to_owned(),
        computer: stamp.computer.to_owned(),
        time: stamp.time,
        id,
        qualifiers: None,
        version,
        level: 4,
        task: id,
        keywords: 0x8000_0000_0000_0000,
        process_id: 2104,
        thread_id: 3320,
        user: Some(Sid::local_system()),
        data: Data::Named(fields),
    }
}

/// Sysmon 1: a process was created.
pub fn process_created(stamp: Stamp<'_>, process: &Process, parent: &Process, folder: &str) -> Event {
    let file = process.image.rsplit('\\').next().unwrap_or_default();
    let fields = vec![
        text("RuleName", "-"),
        text("UtcTime", spaced(stamp.time)),
        field("ProcessGuid", Value::Guid(process.guid)),
        field("ProcessId", Value::U32(process.pid)),
        text("Image", &process.image),
        text("FileVersion", "10.0.14393.0 (rs1_release.160715-1616)"),
        text("Description", file),
        text("Product", "Microsoft® Windows® Operating System"),
        text("Company", "Microsoft Corporation"),
        text("OriginalFileName", file),
        text("CommandLine", &process.command),
        text("CurrentDirectory", folder),
        text("User", &process.user),
        field("LogonGuid", Value::Guid(Guid::from_digits(0x1f3a_6d20_0000_0000_0000_0000_e703_0000))),
        field("LogonId", Value::Hex64(0x3e7)),
        field("TerminalSessionId", Value::U32(0)),
        text("IntegrityLevel", "System"),
        text("Hashes", ""),
        field("ParentProcessGuid", Value::Guid(parent.guid)),
        field("ParentProcessId", Value::U32(parent.pid)),
        text("ParentImage", &parent.image),
        text("ParentCommandLine", &parent.command),
    ];
    sysmon(stamp, 1, 5, fields)
}

/// Sysmon 11: a file was created or overwritten.
pub fn file_created(stamp: Stamp<'_>, process: &Process, target: &str) -> Event {
    let fields = vec![
        text("RuleName", "-"),
        text("UtcTime", spaced(stamp.time)),
        field("ProcessGuid", Value::Guid(process.guid)),
        field("ProcessId", Value::U32(process.pid)),
        text("Image", &process.image),
        text("TargetFilename", target),
        text("CreationUtcTime", spaced(stamp.time)),
    ];
    sysmon(stamp, 11, 2, fields)
}

/// Sysmon 23: a file was deleted.
pub fn file_deleted(stamp: Stamp<'_>, process: &Process, target: &str) -> Event {
    let fields = vec![
        text("RuleName", "-"),
        text("UtcTime", spaced(stamp.time)),
        field("ProcessGuid", Value::Guid(process.guid)),
        field("ProcessId", Value::U32(process.pid)),
        text("User", &process.user),
        text("Image", &process.image),
        text("TargetFilename", target),
        text("Hashes", ""),
        field("IsExecutable", Value::Bool(false)),
        text("Archived", "false"),
    ];
    sysmon(stamp, 23, 5, fields)
}

fn audit(stamp: Stamp<'_>, id: u16, task: u16, fields: Vec<(String, Value)>) -> Event {
    Event {
        provider: Provider { name: "Microsoft-Windows-Security-Auditing".to_owned(), guid: Some(AUDITING) },
        channel: SECURITY.to_owned(),
        computer: stamp.computer.to_owned(),
        time: stamp.time,
        id,
        qualifiers: None,
        version: 2,
        level: 0,
        task,
        keywords: AUDIT_SUCCESS,
        process_id: 4,
        thread_id: 216,
        user: None,
        data: Data::Named(fields),
    }
}

/// Security 4688: a process was created, with its command line.
pub fn process_audited(stamp: Stamp<'_>, process: &Process, parent: &Process) -> Event {
    let (domain, user) = process.user.split_once('\\').unwrap_or(("", &process.user));
    let nobody = Sid { authority: 0, parts: vec![0] };
    let fields = vec![
        field("SubjectUserSid", Value::Sid(Sid::local_system())),
        text("SubjectUserName", user),
        text("SubjectDomainName", domain),
        field("SubjectLogonId", Value::Hex64(0x3e7)),
        field("NewProcessId", Value::Hex64(u64::from(process.pid))),
        text("NewProcessName", &process.image),
        text("TokenElevationType", "%%1936"),
        field("ProcessId", Value::Hex64(u64::from(parent.pid))),
        text("CommandLine", &process.command),
        field("TargetUserSid", Value::Sid(nobody)),
        text("TargetUserName", "-"),
        text("TargetDomainName", "-"),
        field("TargetLogonId", Value::Hex64(0)),
        text("ParentProcessName", &parent.image),
        field("MandatoryLabel", Value::Sid(Sid { authority: 16, parts: vec![16_384] })),
    ];
    audit(stamp, 4688, 13_312, fields)
}

/// Security 4624: a network logon of `DOMAIN\user` from an address.
pub fn logged_on(stamp: Stamp<'_>, user: &str, sid: &Sid, address: &str) -> Event {
    let (domain, name) = user.split_once('\\').unwrap_or(("", user));
    let fields = vec![
        field("SubjectUserSid", Value::Sid(Sid { authority: 0, parts: vec![0] })),
        text("SubjectUserName", "-"),
        text("SubjectDomainName", "-"),
        field("SubjectLogonId", Value::Hex64(0)),
        field("TargetUserSid", Value::Sid(sid.clone())),
        text("TargetUserName", name),
        text("TargetDomainName", domain),
        field("TargetLogonId", Value::Hex64(0x51_a2c3)),
        field("LogonType", Value::U32(3)),
        text("LogonProcessName", "Kerberos"),
        text("AuthenticationPackageName", "Kerberos"),
        text("WorkstationName", "-"),
        field("LogonGuid", Value::Guid(Guid::from_digits(0))),
        text("TransmittedServices", "-"),
        text("LmPackageName", "-"),
        field("KeyLength", Value::U32(0)),
        field("ProcessId", Value::Hex64(0)),
        text("ProcessName", "-"),
        text("IpAddress", address),
        text("IpPort", "0"),
        text("ImpersonationLevel", "%%1833"),
    ];
    audit(stamp, 4624, 12_544, fields)
}

/// A classic source: its name, its event's number and qualifiers, level and strings.
#[derive(Clone, Copy, Debug)]
pub struct Classic<'a> {
    /// The log.
    pub channel: &'a str,
    /// The source.
    pub source: &'a str,
    /// The event's number.
    pub id: u16,
    /// The high half of its id.
    pub qualifiers: u16,
    /// 2 error, 3 warning, 4 information.
    pub level: u8,
    /// Task category.
    pub task: u16,
}

/// An event of a classic source.
pub fn classic(stamp: Stamp<'_>, kind: Classic<'_>, strings: Vec<String>) -> Event {
    Event {
        provider: Provider { name: kind.source.to_owned(), guid: None },
        channel: kind.channel.to_owned(),
        computer: stamp.computer.to_owned(),
        time: stamp.time,
        id: kind.id,
        qualifiers: Some(kind.qualifiers),
        version: 0,
        level: kind.level,
        task: kind.task,
        keywords: CLASSIC,
        process_id: 0,
        thread_id: 0,
        user: None,
        data: Data::Positional(strings),
    }
}

/// A cmdlet that ran.
#[derive(Clone, Copy, Debug)]
pub struct Cmdlet<'a> {
    /// `Set-OabVirtualDirectory`.
    pub name: &'a str,
    /// `-Identity "..."`.
    pub parameters: &'a str,
    /// Canonical name of the user, `domain/Users/Administrator`.
    pub user: &'a str,
    /// The user's SID.
    pub sid: &'a Sid,
    /// `5124 w3wp#MSExchangeECPAppPool`.
    pub process: &'a str,
    /// The activity.
    pub activity: Guid,
}

/// Event 1 of `MSExchange Management`: a cmdlet succeeded; 27 strings without names.
pub fn cmdlet_succeeded(stamp: Stamp<'_>, cmdlet: &Cmdlet<'_>) -> Event {
    let sid = cmdlet.sid.to_string();
    let host = if cmdlet.process.contains("ECP") { "ServerRemoteHost-EMC" } else { "ServerRemoteHost" };
    let strings = [
        cmdlet.name,
        cmdlet.parameters,
        cmdlet.user,
        &sid,
        &sid,
        host,
        cmdlet.process,
        "",
        "48",
        "00:00:00.2187500",
        "View Entire Forest: 'False', Default Scope: 'domain', ",
        "",
        "",
        "",
        "",
        "",
        "",
        "False",
        "",
        "0 objects execution has been proxied to remote server.",
        "",
        "",
        "0",
        &format!("ActivityId: {}", cmdlet.activity),
        "ServicePlan:;IsAdmin:True;",
        "",
        "en-US",
    ];
    let kind = Classic {
        channel: MANAGEMENT,
        source: "MSExchange CmdletLogs",
        id: 1,
        qualifiers: 16_384,
        level: 4,
        task: 1,
    };
    classic(stamp, kind, strings.map(str::to_owned).to_vec())
}
