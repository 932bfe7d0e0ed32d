//! The people of the house: phones, Outlook, the web client, and the administrator's evenings.

use vigie_model::Time;
use vigie_model::time::Day;

use super::request::{Protocol, Request};
use super::server::Server;
use crate::clock::{MINUTE, SECOND, later, weekday};
use crate::formats::evtx::{self, Cmdlet, Stamp};
use crate::rng::Rng;

/// Given names that make accounts: `hotel\amandine`.
const NAMES: &[&str] = &[
    "amandine", "baptiste", "chloe", "damien", "elodie", "fabien", "gaelle", "hugo", "ines", "julien",
    "karine", "loic", "manon", "nicolas",
];

const PHONES: &[&str] = &[
    "Apple-iPhone12C1/1802.53",
    "Apple-iPhone11C8/1803.96",
    "Apple-iPhone9C3/1801.393",
    "Android-SAMSUNG-SM-A515F/101.100000",
    "Outlook-iOS-Android/1.0",
];

const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.182 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:85.0) Gecko/20100101 Firefox/85.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.0.3 Safari/605.1.15",
];

const OUTLOOK: &str = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.13628; Pro)";

/// A day of `people` at work: at most as many as there are names.
pub fn day(server: &mut Server, day: Day, people: usize) {
    let mut rng = Rng::new(server.host.seed).fork(&format!("staff {day}"));
    let weekend = weekday(day) >= 5;
    for (number, name) in NAMES.iter().take(people).enumerate() {
        if weekend && !rng.chance(400) {
            continue;
        }
        let person = Person::of(server, name, number);
        person.phone(server, &mut rng, day);
        match number % 4 {
            0 | 1 => person.outlook(server, &mut rng, day),
            2 => person.web_client(server, &mut rng, day),
            _ => person.mac(server, &mut rng, day),
        }
    }
    administrator(server, &mut rng, day);
}

struct Person {
    account: String,
    anchor: String,
    number: usize,
    /// Where the phone is: a mobile carrier's address, from the ranges that documents use for the internet.
    outside: String,
    inside: String,
}

impl Person {
    fn of(server: &Server, name: &str, number: usize) -> Person {
        let sid = server.host.sid(1200 + u32::try_from(number).unwrap_or(0));
        Person {
            account: format!("{}\\{name}", server.host.netbios),
            anchor: format!("Sid~{sid}"),
            number,
            outside: format!("203.0.113.{}", 10 + number),
            inside: format!("10.20.1.{}", 30 + number),
        }
    }

    fn request(&self, time: Time, protocol: Protocol, stem: &str) -> Request {
        Request {
            client: self.outside.clone(),
            user: self.account.clone(),
            anchor: self.anchor.clone(),
            ..Request::new(time, Some(protocol), stem)
        }
    }

    /// Synchronises now and then through the waking hours.
    fn phone(&self, server: &mut Server, rng: &mut Rng, day: Day) {
        let agent = PHONES[self.number % PHONES.len()].to_owned();
        let device =
            Rng::new(server.host.seed).fork(&self.account).guid().to_string().replace('-', "").to_uppercase();
        let kind = if agent.starts_with("Apple") { "iPhone" } else { "Android" };
        let user = self.account.replace('\\', "%5C");
        for _ in 0..rng.within(3, 7) {
            let time = moment(rng, day, 6, 21);
            let command = *rng.pick(&["Sync", "Sync", "Ping", "FolderSync"]);
            let request = Request {
                method: "POST",
                query: format!("Cmd={command}&User={user}&DeviceId={device}&DeviceType={kind}"),
                agent: agent.clone(),
                auth: "Basic",
                millis: if command == "Ping" { 480_000 } else { small(rng, 20, 400) },
                sent: small(rng, 10, 400),
                received: small(rng, 0, 9000),
                ..self.request(time, Protocol::Eas, "/Microsoft-Server-ActiveSync/default.eas")
            };
            server.serve(&request.proxied("WindowsIdentity"));
        }
    }

    /// Starts in the morning, asks where the mailbox is, reads mail, fetches the address book.
    fn outlook(&self, server: &mut Server, rng: &mut Rng, day: Day) {
        let start = moment(rng, day, 6, 9);
        let office = Request {
            client: self.inside.clone(),
            agent: OUTLOOK.to_owned(),
            auth: "Negotiate",
            ..self.request(start, Protocol::Autodiscover, "/autodiscover/autodiscover.xml")
        };
        let first = Request { method: "POST", sent: 402, received: 3810, millis: 35, ..office.clone() };
        server.serve(&first.proxied("WindowsIdentity"));
        let book = server.host.guid("address book");
        let fetch = Request {
            time: later(start, 50 * SECOND),
            protocol: Some(Protocol::Oab),
            stem: format!("/OAB/{book}/oab.xml"),
            received: 2210,
            ..office.clone()
        };
        server.serve(&fetch.proxied("WindowsIdentity"));
        let mailbox = Rng::new(server.host.seed).fork(&self.account).guid();
        for _ in 0..rng.within(3, 6) {
            let request = Request {
                time: moment(rng, day, 9, 18),
                protocol: Some(Protocol::Mapi),
                method: "POST",
                stem: "/mapi/emsmdb/".to_owned(),
                query: format!("MailboxId={mailbox}@{}", server.host.domain),
                anchor: format!("MailboxGuid~{mailbox}"),
                sent: small(rng, 100, 2000),
                received: small(rng, 100, 20_000),
                millis: small(rng, 8, 300),
                ..office.clone()
            };
            server.serve(&request.proxied("MailboxGuidWithDomain"));
        }
    }

    /// Logs on with the form, reads, logs off.
    fn web_client(&self, server: &mut Server, rng: &mut Rng, day: Day) {
        let start = moment(rng, day, 7, 19);
        let base = Request {
            agent: BROWSERS[self.number % BROWSERS.len()].to_owned(),
            millis: small(rng, 10, 200),
            ..self.request(start, Protocol::Owa, "/owa/auth/logon.aspx")
        };
        let stranger = Request { user: String::new(), anchor: String::new(), ..base.clone() };
        let site = server.host.site();
        server.serve(&Request {
            query: format!("url=https%3a%2f%2f{site}%2fowa%2f&reason=0"),
            ..stranger.clone()
        });
        let form = Request {
            time: later(start, 9 * SECOND),
            method: "POST",
            stem: "/owa/auth.owa".to_owned(),
            status: 302,
            ..stranger
        };
        server.serve(&form);
        let open = Request { time: later(start, 10 * SECOND), stem: "/owa/".to_owned(), ..base.clone() };
        server.serve(&open.proxied("WindowsIdentity"));
        for turn in 0..i64::try_from(rng.within(2, 4)).unwrap_or(2) {
            let action = *rng.pick(&["FindConversation", "GetConversationItems", "FindItem", "UpdateItem"]);
            let request = Request {
                time: later(start, (30 + turn * 47) * SECOND),
                method: "POST",
                stem: "/owa/service.svc".to_owned(),
                query: format!("action={action}&EP=1&ID=-{}&AC=1", turn + 5),
                action: action.to_owned(),
                ..base.clone()
            };
            server.serve(&request.proxied("WindowsIdentity"));
        }
    }

    /// Apple Mail speaks EWS.
    fn mac(&self, server: &mut Server, rng: &mut Rng, day: Day) {
        for _ in 0..rng.within(3, 6) {
            let request = Request {
                client: self.inside.clone(),
                method: "POST",
                agent: "Mac OS X/10.15.7 (19H15) ExchangeWebServices/817".to_owned(),
                auth: "NTLM",
                millis: small(rng, 15, 200),
                sent: small(rng, 900, 2200),
                received: small(rng, 700, 9000),
                ..self.request(moment(rng, day, 7, 18), Protocol::Ews, "/EWS/Exchange.asmx")
            };
            server.serve(&request.proxied("WindowsIdentity"));
        }
    }
}

/// Two or three cmdlets on a working day, through remote PowerShell.
fn administrator(server: &mut Server, rng: &mut Rng, day: Day) {
    let turns = if weekday(day) >= 5 { 1 } else { rng.within(2, 3) };
    for _ in 0..turns {
        let time = moment(rng, day, 8, 17);
        let name = *rng.pick(NAMES);
        let (cmdlet, parameters) = match rng.below(5) {
            0 => ("Set-Mailbox", format!("-Identity \"{name}\" -IssueWarningQuota \"4.5 GB\"")),
            1 => (
                "Add-MailboxPermission",
                format!("-Identity \"reception\" -User \"{name}\" -AccessRights \"FullAccess\""),
            ),
            2 => ("Set-CASMailbox", format!("-Identity \"{name}\" -ActiveSyncEnabled \"True\"")),
            3 => ("Update-DistributionGroupMember", format!("-Identity \"equipe\" -Members \"{name}\"")),
            _ => (
                "Set-MailboxAutoReplyConfiguration",
                format!("-Identity \"{name}\" -AutoReplyState \"Scheduled\""),
            ),
        };
        let fqdn = server.host.fqdn();
        let request = Request {
            host: fqdn.clone(),
            client: "10.20.1.20".to_owned(),
            method: "POST",
            agent: "Microsoft WinRM Client".to_owned(),
            user: format!("{}\\administrateur", server.host.netbios),
            auth: "Kerberos",
            action: format!("{cmdlet}:Command"),
            query: "PSVersion=5.1.19041.610".to_owned(),
            anchor: "ServerVersion~Version 15.1 (Build 2175.0)".to_owned(),
            sent: small(rng, 3000, 6000),
            millis: small(rng, 30, 500),
            ..Request::new(time, Some(Protocol::PowerShell), "/powershell")
        };
        server.serve(&request.proxied("ExchClientVer-ServerCookie"));
        let sid = server.host.sid(500);
        let user = format!("{}/Users/administrateur", server.host.domain);
        let event = Cmdlet {
            name: cmdlet,
            parameters: &parameters,
            user: &user,
            sid: &sid,
            process: "8372 w3wp#MSExchangePowerShellAppPool",
            activity: rng.guid(),
        };
        server.event(evtx::cmdlet_succeeded(Stamp { computer: &fqdn, time }, &event));
    }
}

/// A moment of a day between two hours of UTC.
pub(super) fn moment(rng: &mut Rng, day: Day, from: u32, to: u32) -> Time {
    let minutes = rng.within(u64::from(from) * 60, u64::from(to) * 60 - 1);
    let micros = i64::try_from(rng.below(60_000)).unwrap_or(0) * 1000;
    later(later(day.start(), i64::try_from(minutes).unwrap_or(0) * MINUTE), micros)
}

pub(super) fn small(rng: &mut Rng, low: u64, high: u64) -> u32 {
    u32::try_from(rng.within(low, high)).unwrap_or(0)
}
