//! Strangers who mean no harm to this server in particular: bots, surveys of the internet, vulnerability scanners,
//! and those who ask for shells that others are known to have planted.

use vigie_model::Time;
use vigie_model::time::Day;

use super::request::{BackEnd, Protocol, Request};
use super::server::Server;
use super::staff::{moment, small};
use crate::clock::{SECOND, later};
use crate::rng::Rng;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.88 Safari/537.36";
const ZGRAB: &str = "Mozilla/5.0 zgrab/0.x";
const NMAP: &str = "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)";
const NESSUS: &str = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)";

/// What any address on the internet hears on an ordinary day; nothing of it concerns Exchange's flaws.
pub fn day(server: &mut Server, day: Day) {
    let mut rng = Rng::new(server.host.seed).fork(&format!("internet {day}"));
    for _ in 0..rng.within(4, 9) {
        let time = moment(&mut rng, day, 0, 24);
        let client = format!("198.51.100.{}", rng.within(120, 250));
        let (protocol, stem, status, agent) = *rng.pick(&[
            (None, "/", 302, ZGRAB),
            (None, "/", 302, CHROME),
            (
                None,
                "/robots.txt",
                404,
                "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            ),
            (None, "/.env", 404, "python-requests/2.18.4"),
            (None, "/wp-login.php", 404, CHROME),
            (None, "/favicon.ico", 404, CHROME),
            (Some(Protocol::Owa), "/owa/", 302, CHROME),
            (Some(Protocol::Owa), "/owa/auth/logon.aspx", 200, ZGRAB),
            (Some(Protocol::RpcHttp), "/rpc", 401, CHROME),
            (Some(Protocol::Autodiscover), "/autodiscover/autodiscover.xml", 401, "Go-http-client/1.1"),
        ]);
        let auth = if matches!(protocol, Some(Protocol::Owa)) { "FBA" } else { "NTLM" };
        let host = server.host.site();
        let millis = small(&mut rng, 0, 30);
        let stranger = Request {
            client,
            status,
            agent: agent.to_owned(),
            auth,
            host,
            millis,
            ..Request::new(time, protocol, stem)
        };
        server.serve(&stranger);
    }
}

/// A survey that asks for the version: the file whose path names the build.
pub fn survey(server: &mut Server, time: Time, client: &str) {
    let request = Request {
        client: client.to_owned(),
        agent: ZGRAB.to_owned(),
        anchor: "ServerVersion~Version 15.0 (Build 0.0)".to_owned(),
        received: 10_112,
        millis: 29,
        ..Request::new(
            time,
            Some(Protocol::Ecp),
            "/ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application",
        )
    };
    server.serve(&request.proxied("EDiscoveryExportTool-ServerVersion"));
}

/// The check that Microsoft published: it asks the server to reach itself, by the name `localhost`, and looks at a
/// header of the refusal. The anchor tells it apart from an attacker, who must name the real server.
pub fn published_check(server: &mut Server, time: Time, client: &str) {
    check(server, time, client, NMAP);
}

/// A scanner of an audit firm: many questions in few minutes, the same harmless anchor among them.
pub fn audit(server: &mut Server, time: Time, client: &str) {
    let stems = [
        "/",
        "/robots.txt",
        "/aspnet_client/",
        "/iisstart.htm",
        "/trace.axd",
        "/elmah.axd",
        "/web.config",
        "/owa/",
        "/ecp/",
        "/cgi-bin/",
        "/phpinfo.php",
        "/server-status",
        "/.git/HEAD",
        "/nessus_is_probing_you_",
        "/WebResource.axd",
    ];
    for (stem, step) in stems.iter().zip(0_i64..) {
        let protocol = match *stem {
            "/owa/" => Some(Protocol::Owa),
            "/ecp/" => Some(Protocol::Ecp),
            _ => None,
        };
        let status = match *stem {
            "/" | "/owa/" | "/ecp/" => 302,
            "/iisstart.htm" => 200,
            "/aspnet_client/" => 403,
            _ => 404,
        };
        let request = Request {
            client: client.to_owned(),
            agent: NESSUS.to_owned(),
            status,
            ..Request::new(later(time, step * SECOND), protocol, stem)
        };
        server.serve(&request);
    }
    check(server, later(time, 40 * SECOND), client, NESSUS);
}

fn check(server: &mut Server, time: Time, client: &str, agent: &str) {
    let request = Request {
        client: client.to_owned(),
        agent: agent.to_owned(),
        anchor: "ServerInfo~localhost/owa/auth/logon.aspx?".to_owned(),
        status: 500,
        millis: 11,
        errors: "System.Net.WebException: The remote name could not be used: 'localhost'.".to_owned(),
        back_end: Some(BackEnd {
            status: None,
            stem: String::new(),
            query: String::new(),
            user: String::new(),
            hint: "X-BEResource-Cookie",
        }),
        ..Request::new(time, Some(Protocol::Owa), "/owa/auth/x.js")
    };
    server.serve(&request);
}

/// Somebody asks, by name, for shells found on other servers. None of them is here: IIS says 404, and the web client's
/// folder sends strangers to its logon page.
pub fn prober(server: &mut Server, time: Time, client: &str) {
    let names = [
        "/aspnet_client/shell.aspx",
        "/aspnet_client/supp0rt.aspx",
        "/aspnet_client/errorcheck.aspx",
        "/aspnet_client/OutlookEN.aspx",
        "/aspnet_client/system_web/log.aspx",
        "/owa/auth/OutlookZH.aspx",
        "/owa/auth/RedirSuiteServerProxy.aspx",
        "/owa/auth/8Lw7tAhF9i1pJnRo.aspx",
        "/owa/auth/fatal-erro.aspx",
    ];
    for (stem, step) in names.iter().zip(0_i64..) {
        let owa = stem.starts_with("/owa/");
        let request = Request {
            client: client.to_owned(),
            agent: "python-requests/2.22.0".to_owned(),
            status: if owa { 302 } else { 404 },
            ..Request::new(later(time, step * 2 * SECOND), owa.then_some(Protocol::Owa), stem)
        };
        server.serve(&request);
    }
}
