//! Where each exporter puts what a Windows event says: the dotted paths of its JSON to the record's fields.
//!
//! Shapes, each from its own documentation or output: winlogbeat 7 and later (`winlog.*`), winlogbeat 6 and HELK's
//! older sets (`event_data.*`, `log_name`), `NXLog` and the newer Mordor sets (flat), `evtx_dump` and Velociraptor
//! (`Event.System.*`, `System.*`), `Get-WinEvent | ConvertTo-Json` (`LogName`, `Id`, `Properties`).

use vigie_model::Time;

use super::windows_event::{Record, System};
use super::windows_jsonl_scan::Leaves;

/// Longest name of a field, in bytes: keys are the exporter's, and short.
const NAME_MAX: usize = 256;

/// An event on its way from JSON leaves to a record.
#[derive(Debug, Default)]
pub(super) struct Event {
    /// What it became so far.
    pub(super) record: Record,
    /// How much the key that gave the time is to be trusted, the lower the more.
    time_rank: Option<u8>,
    /// A time stood there and could not be read.
    pub(super) time_unreadable: bool,
}

impl Event {
    /// Empties it for the next object.
    pub(super) fn clear(&mut self) {
        self.record.clear();
        self.time_rank = None;
        self.time_unreadable = false;
    }

    /// Whether it can be a Windows event: it names its id, and its channel or provider.
    pub(super) fn is_event(&self) -> bool {
        self.record.event_id().is_some()
            && (self.record.get(System::Channel).is_some() || self.record.get(System::Provider).is_some())
    }

    /// Settles what only the whole object tells.
    pub(super) fn finish(&mut self) {
        self.fall_back(System::EventId, "Id");
        self.fall_back(System::Computer, "host.name");
        let is_exchange = self.record.get(System::Channel) == Some("MSExchange Management");
        if is_exchange && !self.record.is_positional() {
            let cmdlet = self.record.field("Message").and_then(cmdlet_of);
            if let Some((cmdlet, parameters)) = cmdlet.map(|(c, p)| (c.to_owned(), p.to_owned())) {
                self.record.push_at(0, &cmdlet);
                self.record.push_at(1, &parameters);
            }
        }
    }

    /// The driver's own UTC clock, in events of Sysmon.
    pub(super) fn utc_time(&self) -> Option<Time> {
        if self.record.get(System::Provider) != Some("Microsoft-Windows-Sysmon") {
            return None;
        }
        Time::parse(self.record.field("UtcTime")?.as_bytes())
    }

    fn fall_back(&mut self, field: System, name: &str) {
        if self.record.get(field).is_none()
            && let Some(value) = self.record.field(name).map(str::to_owned)
        {
            self.record.set(field, &value);
        }
    }

    fn time(&mut self, rank: u8, value: &str) {
        if self.time_rank.is_some_and(|known| known <= rank) {
            return;
        }
        match parse_time(value) {
            Some(time) => {
                self.record.time = Some(time);
                self.time_rank = Some(rank);
            }
            None => self.time_unreadable = true,
        }
    }

    fn own(&mut self, name: &str, value: &str) {
        if name.len() <= NAME_MAX {
            self.record.append(name, value);
        } else {
            self.record.dropped = self.record.dropped.saturating_add(1);
        }
    }
}

/// What a path stands for.
enum Place<'p> {
    System(System),
    /// A time, with its rank.
    Time(u8),
    /// The event's own field.
    Own(&'p str),
    /// A value without a name.
    Positional,
    /// A value without a name at a position, which winlogbeat calls `param1`.
    Param(usize),
    /// The exporter's own business.
    Nothing,
}

impl Leaves for Event {
    fn leaf(&mut self, path: &str, value: &str) {
        match place(path) {
            Place::System(field) => self.record.set(field, value),
            Place::Time(rank) => self.time(rank, value),
            Place::Own(name) => self.own(name, value),
            Place::Positional => self.record.push_positional(value),
            Place::Param(position) => {
                self.own(last_segment(path), value);
                self.record.push_at(position, value);
            }
            Place::Nothing => {}
        }
    }
}

fn place(path: &str) -> Place<'_> {
    let inner = path.strip_prefix("Event.").unwrap_or(path);
    if let Some(rest) = inner.strip_prefix("System.") {
        return system(rest);
    }
    for prefix in
        ["winlog.event_data.", "event_data.", "EventData.", "winlog.user_data.", "user_data.", "UserData."]
    {
        if let Some(rest) = inner.strip_prefix(prefix) {
            return own_data(rest, prefix);
        }
    }
    match path {
        "EventData" | "Properties.Value" | "EventData.Data" => Place::Positional,
        "winlog.channel" | "Channel" | "log_name" | "LogName" => Place::System(System::Channel),
        "winlog.provider_name"
        | "SourceName"
        | "source_name"
        | "Provider"
        | "ProviderName"
        | "Provider_Name"
        | "Provider.Name" => Place::System(System::Provider),
        "winlog.event_id" | "EventID" | "EventId" | "event_id" | "event.code" | "EventID.Value" => {
            Place::System(System::EventId)
        }
        "winlog.computer_name"
        | "Computer"
        | "ComputerName"
        | "computer_name"
        | "Hostname"
        | "MachineName" => Place::System(System::Computer),
        "winlog.level" | "Level" | "level" | "log.level" => Place::System(System::Level),
        "winlog.task" | "Task" | "task" => Place::System(System::Task),
        "winlog.opcode" | "Opcode" | "opcode" => Place::System(System::Opcode),
        "winlog.keywords" | "Keywords" | "keywords" => Place::System(System::Keywords),
        "winlog.record_id" | "RecordNumber" | "EventRecordID" | "record_number" | "RecordId" => {
            Place::System(System::RecordId)
        }
        "winlog.user.identifier" | "UserID" | "user.identifier" => Place::System(System::UserId),
        "winlog.process.pid" | "ExecutionProcessID" | "process_id" => Place::System(System::ProcessId),
        "winlog.process.thread.id" | "ExecutionThreadID" | "thread_id" => Place::System(System::ThreadId),
        "TimeCreated" | "winlog.time_created" | "time_created" => Place::Time(1),
        "@timestamp" | "Timestamp" => Place::Time(2),
        "EventTime" => Place::Time(3),
        "EventReceivedTime" | "event.created" => Place::Time(4),
        "message" | "Message" => Place::Own("Message"),
        "tags" | "@version" => Place::Nothing,
        _ if inner.starts_with("#attributes.") => Place::Nothing,
        _ if ["agent.", "ecs.", "input.", "@metadata.", "beat."]
            .iter()
            .any(|prefix| path.starts_with(prefix)) =>
        {
            Place::Nothing
        }
        _ => Place::Own(path),
    }
}

/// Below `System`, as the XML has it; attributes stand under `#attributes`, `_attributes` or `@`.
fn system(rest: &str) -> Place<'_> {
    let (element, attribute) = rest.split_once(['.', '_']).unwrap_or((rest, ""));
    let attribute = attribute
        .trim_start_matches("#attributes.")
        .trim_start_matches("attributes.")
        .trim_start_matches('@');
    let field = match (element, attribute) {
        ("EventID", "" | "#text" | "Value") => System::EventId,
        ("Provider", "Name") => System::Provider,
        ("Channel", "") => System::Channel,
        ("Computer", "") => System::Computer,
        ("Level", "") => System::Level,
        ("Task", "") => System::Task,
        ("Opcode", "") => System::Opcode,
        ("Keywords", "") => System::Keywords,
        ("EventRecordID", "") => System::RecordId,
        ("Security", "UserID") => System::UserId,
        ("Execution", "ProcessID") => System::ProcessId,
        ("Execution", "ThreadID") => System::ThreadId,
        ("TimeCreated", "" | "SystemTime") => return Place::Time(0),
        _ => return Place::Nothing,
    };
    Place::System(field)
}

/// Below `EventData` or `UserData`.
fn own_data<'p>(rest: &'p str, prefix: &str) -> Place<'p> {
    let rest = rest.strip_suffix(".#text").unwrap_or(rest);
    let name = last_segment(rest);
    if rest.contains("#attributes") || name.starts_with("xmlns") {
        return Place::Nothing;
    }
    if name == "Data" || name == "#text" {
        return Place::Positional;
    }
    let number = name.strip_prefix("param").and_then(|number| number.parse::<usize>().ok());
    match number.and_then(|number| number.checked_sub(1)) {
        Some(position) if prefix.ends_with("event_data.") => Place::Param(position),
        _ => Place::Own(name),
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// ISO 8601, seconds to microseconds since 1970, or .NET's `/Date(ms)/`.
fn parse_time(text: &str) -> Option<Time> {
    let text = text.trim();
    if let Some(time) = Time::parse(text.as_bytes()) {
        return Some(time);
    }
    if let Some(rest) = text.strip_prefix("/Date(") {
        let digits = rest.split([')', '+']).next()?;
        return Time::from_micros(digits.parse::<i64>().ok()?.checked_mul(1_000)?);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().ok()?;
    // Ten digits are seconds until 2286, thirteen milliseconds, sixteen microseconds.
    let micros = match whole.trim_start_matches('-').len() {
        ..=11 => {
            let decimals: String = fraction.chars().chain("000000".chars()).take(6).collect();
            number.checked_mul(1_000_000)?.checked_add(decimals.parse().ok()?)?
        }
        12..=14 => number.checked_mul(1_000)?,
        _ => number,
    };
    Time::from_micros(micros)
}

/// Cmdlet and parameters of the message that Exchange renders in English, with Microsoft's own spelling
/// (`Cmdlet suceeded. Cmdlet X, parameters Y.`): the positional values are not in such an export.
fn cmdlet_of(message: &str) -> Option<(&str, &str)> {
    let rest = message.strip_prefix("Cmdlet ")?;
    let (_, rest) = rest.split_once(". Cmdlet ")?;
    let (cmdlet, parameters) = rest.split_once(", parameters ")?;
    let parameters = parameters.trim_end();
    Some((cmdlet, parameters.strip_suffix('.').unwrap_or(parameters)))
}

#[cfg(test)]
mod tests {
    use super::super::windows_jsonl_scan::object;
    use super::*;

    fn event(text: &str) -> Event {
        let mut event = Event::default();
        object(text, 0, &mut event).unwrap();
        event.finish();
        event
    }

    #[test]
    fn every_shape_says_the_same() {
        for text in [
            r#"{"@timestamp":"2021-03-03T05:12:44Z","host":{"name":"collector"},"winlog":{"channel":"Security","event_id":4624,
                "provider_name":"P","computer_name":"MAIL01","event_data":{"LogonType":"3"}},"agent":{"id":"x"}}"#,
            r#"{"@timestamp":"2021-03-03T05:12:44Z","log_name":"Security","event_id":4624,"source_name":"P",
                "computer_name":"MAIL01","event_data":{"LogonType":"3"}}"#,
            r#"{"EventTime":"2021-03-03 05:12:44","Channel":"Security","EventID":4624,"SourceName":"P","Hostname":"MAIL01","LogonType":"3"}"#,
            r##"{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"P"}},"EventID":{"#attributes":{"Qualifiers":0},"#text":4624},
                "TimeCreated":{"#attributes":{"SystemTime":"2021-03-03T05:12:44Z"}},"Channel":"Security","Computer":"MAIL01"},"EventData":{"LogonType":3}}}"##,
            r#"{"System":{"Provider":{"Name":"P"},"EventID":{"Value":4624},"TimeCreated":{"SystemTime":1614748364.0},"Channel":"Security","Computer":"MAIL01"},"EventData":{"LogonType":3}}"#,
            r#"{"TimeCreated":"\/Date(1614748364000)\/","Id":4624,"LogName":"Security","ProviderName":"P","MachineName":"MAIL01","LogonType":"3"}"#,
        ] {
            let event = event(text);
            assert!(event.is_event(), "{text}");
            assert_eq!(event.record.event_id(), Some(4624), "{text}");
            assert_eq!(event.record.get(System::Channel), Some("Security"), "{text}");
            assert_eq!(event.record.get(System::Provider), Some("P"), "{text}");
            assert_eq!(event.record.get(System::Computer), Some("MAIL01"), "{text}");
            assert_eq!(event.record.field("LogonType"), Some("3"), "{text}");
            assert_eq!(event.record.time.unwrap().to_string(), "2021-03-03T05:12:44.000000Z", "{text}");
        }
    }

    #[test]
    fn the_message_of_exchange_stands_for_its_missing_values() {
        let message = r#"Cmdlet suceeded. Cmdlet Set-OabVirtualDirectory, parameters -ExternalUrl \"http://f/\" -Identity \"OAB\"."#;
        let text = format!(r#"{{"Channel":"MSExchange Management","EventID":1,"Message":"{message}"}}"#);
        let event = event(&text);
        assert!(event.record.is_positional());
        assert_eq!(
            cmdlet_of(event.record.field("Message").unwrap()),
            Some(("Set-OabVirtualDirectory", "-ExternalUrl \"http://f/\" -Identity \"OAB\""))
        );
    }

    #[test]
    fn repeated_keys_and_lists_keep_every_value() {
        let mut event =
            event(r#"{"Channel":"Security","EventID":1,"A":"1","A":"2","B":["x","y"],"EventID":2}"#);
        event.record.settle();
        assert_eq!(event.record.event_id(), Some(1));
        assert_eq!(event.record.field("A"), Some("1\n2"));
        assert_eq!(event.record.field("B"), Some("x\ny"));
    }

    #[test]
    fn times_in_numbers() {
        for text in
            ["1614748364", "1614748364.0", "1614748364000", "1614748364000000", "/Date(1614748364000)/"]
        {
            assert_eq!(parse_time(text).unwrap().to_string(), "2021-03-03T05:12:44.000000Z", "{text}");
        }
        assert_eq!(parse_time("yesterday"), None);
    }
}
