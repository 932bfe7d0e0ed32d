//! The server's side: each request becomes rows in every log that Windows, IIS and Exchange write of it, joined by the
//! same ids; then the rows become files.

use std::collections::BTreeMap;
use std::io;

use vigie_model::Time;
use vigie_model::time::Day;

use super::host::Host;
use super::request::{Protocol, Request};
use crate::archive::File;
use crate::clock::{compact, later};
use crate::evtx_writer::{self, Event};
use crate::formats::{ecp, ews, httpproxy, iis, oabgenerator};
use crate::ident::Guid;
use crate::rng::Rng;

/// From when on each kind of log is left, and when they were collected.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// IIS logs, which nothing deletes by itself.
    pub iis: Time,
    /// Everything under `Logging`: about 30 days.
    pub logging: Time,
    /// Windows event logs, bound by size.
    pub events: Time,
    /// When the evidence was collected.
    pub until: Time,
}

/// A text log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Log {
    IisFront,
    IisBack,
    Proxy(Protocol),
    Ecp,
    Ews,
    Oab,
}

/// A server that writes its logs.
#[derive(Debug)]
pub struct Server {
    /// Which server.
    pub host: Host,
    /// What is left of its logs.
    pub retention: Retention,
    /// Files that are no logs: the web root, setup.
    pub files: Vec<File>,
    ids: Rng,
    rows: BTreeMap<Log, Vec<(Time, String)>>,
    events: BTreeMap<String, Vec<Event>>,
}

impl Server {
    /// A server with empty logs.
    pub fn new(host: Host, retention: Retention) -> Server {
        let ids = Rng::new(host.seed).fork("request ids");
        Server { host, retention, files: Vec::new(), ids, rows: BTreeMap::new(), events: BTreeMap::new() }
    }

    /// Answers a request: writes its rows, and tells the id that joins them.
    pub fn serve(&mut self, request: &Request) -> Guid {
        let id = self.ids.guid();
        let site = self.host.site();
        let host = if request.host.is_empty() { site.as_str() } else { &request.host };
        let inside =
            matches!(request.client.as_str(), "::1" | "127.0.0.1") || request.client.starts_with("fe80");
        let own = if inside { request.client.clone() } else { self.host.address.clone() };
        let query = match (request.protocol, request.query.as_str()) {
            (None, query) => query.to_owned(),
            (Some(_), query) => format!("{query}&CorrelationID=<empty>;&cafeReqId={id};"),
        };
        let mut row = String::new();
        iis::row(
            &mut row,
            &iis::Row {
                time: request.time,
                server: &own,
                method: request.method,
                stem: &request.stem,
                query: &query,
                port: 443,
                user: &request.user,
                client: &request.client,
                agent: &request.agent,
                status: request.status,
                substatus: u16::from(request.status == 401),
                win32: if request.status == 404 { 2 } else { 0 },
                millis: request.millis,
            },
        );
        self.write(Log::IisFront, request.time, row);
        if let Some(protocol) = request.protocol {
            self.proxy_row(id, protocol, host, request);
        }
        self.back_row(request);
        id
    }

    fn proxy_row(&mut self, id: Guid, protocol: Protocol, host: &str, request: &Request) {
        let fqdn = self.host.fqdn();
        let (database, cookie) = self.routing(request);
        let back_end = request.back_end.as_ref().map(|back| httpproxy::BackEnd {
            status: back.status,
            target: &fqdn,
            hint: back.hint,
            cookie: &cookie,
            database: &database,
        });
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let mut row = String::with_capacity(1000);
        httpproxy::row(
            &mut row,
            &httpproxy::Row {
                time: request.time,
                id,
                build: self.host.build_at(request.time),
                client_request: "",
                protocol: protocol.name(),
                host,
                stem: &request.stem,
                action: &request.action,
                auth: request.auth,
                user: &request.user,
                anchor: &request.anchor,
                agent: &request.agent,
                client: &request.client,
                server: &self.host.name,
                status: request.status,
                method: request.method,
                back_end,
                request_bytes: request.sent,
                response_bytes: request.received,
                millis: request.millis,
                query: &query,
                errors: &request.errors,
            },
        );
        self.write(Log::Proxy(protocol), request.time, row);
    }

    /// The database that a mailbox's request is routed to, and the cookie that says so.
    fn routing(&self, request: &Request) -> (String, String) {
        let to_mailbox = request.anchor.starts_with("Sid~") || request.anchor.starts_with("MailboxGuid~");
        if !to_mailbox {
            return (String::new(), String::new());
        }
        let database = self.host.guid("mailbox database").to_string();
        let day = Day(request.time.day().0 + 30);
        let cookie = format!("Database~{database}~~{day}T00:00:00");
        (database, cookie)
    }

    /// The row of the site behind, for what reached it.
    fn back_row(&mut self, request: &Request) {
        let Some((back, status)) = request.back_end.as_ref().and_then(|back| Some((back, back.status?)))
        else {
            return;
        };
        let own = self.host.link_local();
        let mut row = String::new();
        iis::row(
            &mut row,
            &iis::Row {
                time: request.time,
                server: &own,
                method: request.method,
                stem: &back.stem,
                query: &back.query,
                port: 444,
                user: &back.user,
                client: &own,
                agent: &request.agent,
                status,
                substatus: 0,
                win32: 0,
                millis: request.millis.saturating_sub(2),
            },
        );
        self.write(Log::IisBack, request.time, row);
    }

    /// Writes a row of the ECP Server log.
    pub fn ecp(&mut self, time: Time, millis: u32, command: &str, url: &str) {
        let (session, activity) = (self.ids.guid(), self.ids.guid());
        let build = self.host.build_at(time);
        let mut row = String::new();
        let server = &self.host.name;
        ecp::row(&mut row, &ecp::Row { time, server, millis, session, command, url, activity, build });
        self.write(Log::Ecp, time, row);
    }

    /// Writes a row of the EWS log; the caller fills in what differs from a probe.
    pub fn ews(&mut self, row: &ews::Row<'_>) {
        let mut text = String::new();
        ews::row(&mut text, row);
        self.write(Log::Ews, row.time, text);
    }

    /// Writes a row of the OAB generator's log.
    pub fn oab_generator(&mut self, time: Time, message: &str) {
        let mut row = String::new();
        oabgenerator::row(&mut row, time, 37, message);
        self.write(Log::Oab, time, row);
    }

    /// Writes an event to its log.
    pub fn event(&mut self, event: Event) {
        if (self.retention.events..=self.retention.until).contains(&event.time) {
            self.events.entry(event.channel.clone()).or_default().push(event);
        }
    }

    /// Puts a file on the disk.
    pub fn file(&mut self, path: &str, modified: Time, text: &str) {
        let path = Host::collected(path);
        self.files.push(File { path, modified, bytes: text.as_bytes().to_vec() });
    }

    fn write(&mut self, log: Log, time: Time, row: String) {
        let from = match log {
            Log::IisFront | Log::IisBack => self.retention.iis,
            Log::Proxy(_) | Log::Ecp | Log::Ews | Log::Oab => self.retention.logging,
        };
        if (from..=self.retention.until).contains(&time) {
            self.rows.entry(log).or_default().push((time, row));
        }
    }

    /// Everything that a collector would find, ordered by path.
    pub fn collect(mut self) -> io::Result<Vec<File>> {
        let mut files = std::mem::take(&mut self.files);
        for (log, mut rows) in std::mem::take(&mut self.rows) {
            // A stable sort: rows of one moment stay in the order of their causes.
            rows.sort_by_key(|(time, _)| *time);
            let parts = rows.chunk_by(|(a, _), (b, _)| self.file_key(log, *a) == self.file_key(log, *b));
            let mut previous = None;
            for part in parts {
                files.extend(self.log_file(log, part, &mut previous));
            }
        }
        for (channel, mut events) in std::mem::take(&mut self.events) {
            events.sort_by_key(|event| event.time);
            files.push(event_file(&self.host, &channel, &events)?);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Rows of one key go to one file: a day, and within Exchange's logs a build, since an update restarts them.
    fn file_key(&self, log: Log, time: Time) -> (Day, Option<crate::formats::Build>) {
        match log {
            Log::IisFront | Log::IisBack => (time.day(), None),
            Log::Proxy(_) | Log::Ecp | Log::Ews | Log::Oab => (time.day(), Some(self.host.build_at(time))),
        }
    }

    fn log_file(&self, log: Log, rows: &[(Time, String)], previous: &mut Option<(Day, u32)>) -> Option<File> {
        let ((first, _), (last, _)) = (rows.first()?, rows.last()?);
        let day = first.day();
        let number = previous.filter(|(before, _)| *before == day).map_or(1, |(_, number)| number + 1);
        *previous = Some((day, number));
        let mut text = String::new();
        let build = self.host.build_at(*first);
        match log {
            Log::IisFront | Log::IisBack => iis::header(&mut text, *first),
            Log::Proxy(_) => httpproxy::header(&mut text, build, *first),
            Log::Ecp => ecp::header(&mut text, *first),
            Log::Ews => ews::header(&mut text, build, *first),
            Log::Oab => oabgenerator::header(&mut text, build, *first),
        }
        let mut restarted = false;
        for (time, row) in rows {
            // Windows updates restart IIS early on Wednesdays, and IIS then repeats its comment block.
            let restarts = crate::clock::weekday(day) == 2 && time.hour() >= 3;
            if matches!(log, Log::IisFront | Log::IisBack) && restarts && !restarted {
                iis::header(&mut text, *time);
                restarted = true;
            }
            text.push_str(row);
        }
        let path = Host::collected(&self.log_path(log, day, number));
        Some(File { path, modified: later(*last, crate::clock::SECOND), bytes: text.into_bytes() })
    }

    fn log_path(&self, log: Log, day: Day, number: u32) -> String {
        let (install, stamp) = (self.host.install(), compact(day));
        let short = &stamp[2..];
        match log {
            Log::IisFront => format!("C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex{short}.log"),
            Log::IisBack => format!("C:\\inetpub\\logs\\LogFiles\\W3SVC2\\u_ex{short}.log"),
            Log::Proxy(protocol) => {
                let name = protocol.name();
                format!("{install}\\Logging\\HttpProxy\\{name}\\HttpProxy_{stamp}00-{number}.LOG")
            }
            Log::Ecp => format!("{install}\\Logging\\ECP\\Server\\ECPServer{stamp}-{number}.LOG"),
            Log::Ews => format!("{install}\\Logging\\Ews\\Ews_{stamp}00-{number}.LOG"),
            Log::Oab => format!("{install}\\Logging\\OABGeneratorLog\\OABGenerator_{stamp}-{number}.LOG"),
        }
    }
}

/// A log of Windows; it wrapped long ago, so record numbers begin high.
fn event_file(host: &Host, channel: &str, events: &[Event]) -> io::Result<File> {
    let first = Rng::new(host.seed).fork(channel).within(20_000, 900_000);
    let bytes = evtx_writer::to_bytes(events, first)?;
    let name = channel.replace('/', "%4");
    let modified = events.last().map_or(Time::MIN, |event| event.time);
    Ok(File { path: format!("C/Windows/System32/winevt/Logs/{name}.evtx"), modified, bytes })
}
