//! Managed availability: Exchange asks itself, every hour, whether each protocol answers. Most of any log is this.

use vigie_model::Time;
use vigie_model::time::Day;

use super::request::{Protocol, Request};
use super::server::Server;
use crate::clock::{HOUR, SECOND, later};
use crate::formats::ews;
use crate::rng::Rng;

/// Probes each protocol `per_day` times on a day, evenly spread; 24 is one an hour.
pub fn day(server: &mut Server, day: Day, per_day: u32) {
    let mut rng = Rng::new(server.host.seed).fork(&format!("probes {day}"));
    for turn in 0..i64::from(per_day) {
        let start = later(day.start(), turn * 24 * HOUR / i64::from(per_day.max(1)));
        for (place, protocol) in Protocol::ALL.iter().enumerate() {
            // The order of a round and its minute stay, its milliseconds do not.
            let place = i64::try_from(place).unwrap_or(0);
            let jitter = i64::try_from(rng.below(1000)).unwrap_or(0) * 1000;
            let time = later(start, (5 + place * 17) * SECOND + jitter);
            probe(server, *protocol, time);
        }
    }
}

fn mailbox(server: &Server) -> (String, String) {
    let id = server.host.guid("health mailbox").to_string().replace('-', "");
    let account = format!("{}\\HealthMailbox{}", server.host.netbios, &id[..7]);
    (account, format!("HealthMailbox{id}@{}", server.host.domain))
}

fn probe(server: &mut Server, protocol: Protocol, time: Time) {
    let (account, address) = mailbox(server);
    let fqdn = server.host.fqdn();
    let own = server.host.link_local();
    let sid = format!("Sid~{}", server.host.sid(1142));
    let guid = server.host.guid("health mailbox");
    let base = Request {
        host: "localhost".to_owned(),
        client: "::1".to_owned(),
        agent: "AMProbe/Local/ClientAccess".to_owned(),
        user: account,
        auth: "Negotiate",
        anchor: sid,
        ..Request::new(time, Some(protocol), "/")
    };
    let request = match protocol {
        Protocol::Autodiscover => {
            Request { stem: "/autodiscover/".to_owned(), ..base }.proxied("WindowsIdentity")
        }
        Protocol::Eas => Request { stem: "/Microsoft-Server-ActiveSync/exhealth.check".to_owned(), ..base }
            .proxied("WindowsIdentity"),
        Protocol::Ecp => Request {
            stem: "/ecp/RulesEditor/InboxRules.svc/GetList".to_owned(),
            query: format!("msExchEcpCanary={}", guid.to_string().replace('-', "")),
            method: "POST",
            ..base
        }
        .proxied("WindowsIdentity"),
        Protocol::Ews => {
            Request { stem: "/ews/exchange.asmx".to_owned(), method: "POST", sent: 1211, ..base }
                .proxied("WindowsIdentity")
        }
        Protocol::Mapi => Request {
            host: fqdn,
            stem: "/mapi/emsmdb/".to_owned(),
            query: format!("mailboxId={guid}@{}", server.host.domain),
            client: own,
            agent: "MapiHttpClient".to_owned(),
            anchor: format!("MailboxGuid~{guid}"),
            method: "POST",
            sent: 371,
            received: 443,
            ..base
        }
        .proxied("MailboxGuidWithDomain"),
        Protocol::Oab => {
            Request { stem: "/oab/exhealth.check".to_owned(), ..base }.proxied("WindowsIdentity")
        }
        Protocol::Owa => {
            Request { stem: "/owa/exhealth.check".to_owned(), ..base }.proxied("WindowsIdentity")
        }
        Protocol::PowerShell => Request {
            host: fqdn,
            stem: "/powershell".to_owned(),
            query: "clientApplication=ActiveMonitor;PSVersion=5.1.14393.4046".to_owned(),
            action: "New-PSSession:Receive".to_owned(),
            client: own,
            agent: "Microsoft WinRM Client".to_owned(),
            auth: "Kerberos",
            anchor: "ServerVersion~Version 15.1 (Build 2175.0)".to_owned(),
            method: "POST",
            sent: 2014,
            received: 934,
            ..base
        }
        .proxied("ExchClientVer-ServerCookie"),
        Protocol::RpcHttp => {
            Request { stem: "/rpc/exhealth.check".to_owned(), ..base }.proxied("WindowsIdentity")
        }
    };
    finish(server, protocol, &request, &address);
}

/// Serves the probe, and writes what the back end's own logs say of it.
fn finish(server: &mut Server, protocol: Protocol, request: &Request, address: &str) {
    let id = server.serve(request);
    match protocol {
        Protocol::Ecp => {
            let url = format!("{}?{}", request.stem, request.query);
            server.ecp(request.time, 13, "Get-InboxRule", &url);
        }
        Protocol::Ews => {
            let build = server.host.build_at(request.time);
            let agent = format!("Ews_AM_Probe/Local (ExchangeServicesClient/{})", build.padded());
            let (name, domain) = (server.host.name.clone(), server.host.domain.clone());
            server.ews(&ews::Row {
                time: request.time,
                id,
                build,
                user: address,
                organization: &domain,
                agent: &agent,
                client: "::1",
                server: &name,
                action: "GetFolder",
                status: 200,
                act_as: "",
                millis: 17,
            });
        }
        Protocol::Autodiscover
        | Protocol::Eas
        | Protocol::Mapi
        | Protocol::Oab
        | Protocol::Owa
        | Protocol::PowerShell
        | Protocol::RpcHttp => {}
    }
}
