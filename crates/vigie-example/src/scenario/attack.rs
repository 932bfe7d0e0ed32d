//! The break-in of evidence.md 3.1, step by step, as it was seen in victims' logs: each step leaves every trace that it
//! would leave, joined by the same ids. Nothing here can be sent; only the traces are written.

use vigie_model::Time;

use super::machine::{process, trace, worker};
use super::request::{BackEnd, Protocol, Request};
use super::server::Server;
use crate::clock::{MINUTE, SECOND, later};
use crate::formats::evtx::{self, Cmdlet, Process, Stamp};
use crate::formats::{oabgenerator, webroot};
use crate::pieces::assemble;
use crate::rng::Rng;

const PYTHON: &str = "python-requests/2.25.1";
const SERVICE: &str = "/ecp/DDI/DDIService.svc";

/// Who attacks, and with what.
#[derive(Clone, Debug)]
pub struct Attacker {
    /// The address it comes from.
    pub address: String,
    /// The path behind which the first flaw is used: `/ecp/y.js`.
    pub entry: String,
    /// The one letter that stands for a host in the written address.
    pub letter: char,
    /// The request parameter that carries commands.
    pub parameter: String,
}

/// A shell on the server.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Its folder on the host, with backslashes.
    pub folder: String,
    /// Its folder in URLs, with slashes at both ends.
    pub url: String,
    /// Its file name.
    pub name: String,
    /// The application pool that runs it.
    pub pool: &'static str,
    /// The protocol whose front end holds it; `None` outside of Exchange's own folders.
    pub protocol: Option<Protocol>,
}

impl Shell {
    /// A shell under `wwwroot\aspnet_client`.
    pub fn in_aspnet_client(name: &str) -> Shell {
        Shell {
            folder: "C:\\inetpub\\wwwroot\\aspnet_client\\".to_owned(),
            url: "/aspnet_client/".to_owned(),
            name: name.to_owned(),
            pool: "DefaultAppPool",
            protocol: None,
        }
    }

    /// A shell beside the logon page of the web client.
    pub fn in_owa_auth(server: &Server, name: &str) -> Shell {
        Shell {
            folder: format!("{}\\FrontEnd\\HttpProxy\\owa\\auth\\", server.host.install()),
            url: "/owa/auth/".to_owned(),
            name: name.to_owned(),
            pool: "MSExchangeOWAAppPool",
            protocol: Some(Protocol::Owa),
        }
    }

    /// Its full path on the host.
    pub fn path(&self) -> String {
        format!("{}{}", self.folder, self.name)
    }

    fn virtual_path(&self) -> String {
        format!("{}{}", self.url, self.name)
    }
}

/// A request that the flaw carries to the back end, as the machine itself.
fn forged(server: &Server, attacker: &Attacker, time: Time, target: &str, status: u16) -> Request {
    let (stem, query) = target.split_once('?').unwrap_or((target, ""));
    let behind = query.trim_end_matches('#').to_owned();
    Request {
        method: "POST",
        host: server.host.site(),
        client: attacker.address.clone(),
        agent: PYTHON.to_owned(),
        anchor: format!("ServerInfo~a]@{}:444{target}", server.host.fqdn()),
        status,
        millis: 64,
        sent: 1_342,
        received: 2_210,
        back_end: Some(BackEnd {
            status: Some(status),
            stem: stem.to_owned(),
            query: behind,
            user: server.host.machine_account(),
            hint: "X-BEResource-Cookie",
        }),
        ..Request::new(time, Some(Protocol::Ecp), &attacker.entry)
    }
}

/// The same request against a server that refuses it: nothing reaches the back end.
pub fn refused(server: &mut Server, attacker: &Attacker, time: Time) {
    let mut request = forged(server, attacker, time, "/autodiscover/autodiscover.xml?#", 500);
    if let Some(back) = &mut request.back_end {
        back.status = None;
    }
    request.errors.push_str("Microsoft.Exchange.HttpProxy.HttpProxyException: The cookie names no server.");
    server.serve(&request);
}

/// Steps 1 and 2: the flaw answers, and the attacker learns a mailbox's name and identifier.
pub fn reach(server: &mut Server, attacker: &Attacker, time: Time) {
    let first = forged(server, attacker, time, "/autodiscover/autodiscover.xml?#", 200);
    server.serve(&Request { agent: "ExchangeServicesClient/0.0.0.0".to_owned(), ..first });
    let second = forged(server, attacker, later(time, 2 * SECOND), "/mapi/emsmdb/?#", 200);
    server.serve(&second);
}

/// Steps 3 to 7: a session of the admin center, the address with a script, the file, the clean-up.
pub fn plant(server: &mut Server, attacker: &Attacker, time: Time, shell: &Shell) {
    let canary = canary(server, time);
    // Nobody's steps fall on whole seconds.
    let step = |seconds: i64| later(time, seconds * SECOND + seconds * 83_000 % 500_000);
    let login = forged(server, attacker, step(0), "/ecp/proxyLogon.ecp?#", 241);
    server.serve(&login);
    let call =
        |verb: &str, schema: &str| format!("{SERVICE}/{verb}?msExchEcpCanary={canary}&schema={schema}#");
    let logged = |verb: &str, schema: &str| call(verb, schema).trim_end_matches('#').to_owned();
    let identity = server.host.guid("oab virtual directory");
    let payload = webroot::shell_url(attacker.letter, &attacker.parameter);

    let get = call("GetObject", "OABVirtualDirectory");
    server.serve(&forged(server, attacker, step(2), &get, 200));
    server.ecp(step(2), 210, "Get-OabVirtualDirectory", &logged("GetObject", "OABVirtualDirectory"));

    let set = call("SetObject", "OABVirtualDirectory");
    server.serve(&forged(server, attacker, step(5), &set, 200));
    let command = format!("Set-OabVirtualDirectory.ExternalUrl='{payload}'.Identity='{identity}'");
    server.ecp(step(5), 388, &command, &logged("SetObject", "OABVirtualDirectory"));
    cmdlet(
        server,
        step(5),
        "Set-OabVirtualDirectory",
        &format!("-ExternalUrl \"{payload}\" -Identity \"{identity}\""),
    );

    let reset = call("SetObject", "ResetOABVirtualDirectory");
    server.serve(&forged(server, attacker, step(9), &reset, 200));
    let (name, fqdn, install) = (server.host.name.clone(), server.host.fqdn(), server.host.install());
    let unc = format!("\\\\127.0.0.1\\{}", shell.path().replacen(':', "$", 1));
    let command = format!(
        "Remove-OabVirtualDirectory.FilePathName='{unc}'.Identity='{identity}';New-OABVirtualDirectory"
    );
    server.ecp(step(9), 2_950, &command, &logged("SetObject", "ResetOABVirtualDirectory"));
    let remove = format!("-Force \"True\" -Identity \"{name}\\OAB (Default Web Site)\"");
    cmdlet(server, step(8), "Remove-OabVirtualDirectory", &remove);
    let again = format!(
        "-WebSiteName \"Default Web Site\" -Server \"{name}\" -Role \"ClientAccess\" -InternalUrl \"https://{}/OAB\" \
         -Path \"{install}\\FrontEnd\\HttpProxy\\OAB\"",
        fqdn.to_lowercase()
    );
    cmdlet(server, step(9), "New-OabVirtualDirectory", &again);
    let writer = worker(server, "MSExchangeECPAppPool");
    server.event(evtx::file_created(Stamp { computer: &fqdn, time: step(8) }, &writer, &shell.path()));
    write_shell(server, step(8), shell, &payload);

    let identity = server.host.guid("oab virtual directory, new");
    server.serve(&forged(server, attacker, step(14), &set, 200));
    let command = format!("Set-OabVirtualDirectory.ExternalUrl=$null.Identity='{identity}'");
    server.ecp(step(14), 170, &command, &logged("SetObject", "OABVirtualDirectory"));
    cmdlet(
        server,
        step(14),
        "Set-OabVirtualDirectory",
        &format!("-ExternalUrl $null -Identity \"{identity}\""),
    );
}

fn canary(server: &Server, time: Time) -> String {
    let mut rng = Rng::new(server.host.seed).fork(&format!("canary {time}"));
    format!("{}.{}Eauw.", rng.name(40), rng.name(6))
}

fn cmdlet(server: &mut Server, time: Time, name: &str, parameters: &str) {
    let fqdn = server.host.fqdn();
    let (sid, user) = (server.host.sid(500), format!("{}/Users/administrateur", server.host.domain));
    let activity = server.host.guid(&format!("{name} {time}"));
    let process = "9216 w3wp#MSExchangeECPAppPool";
    let cmdlet = Cmdlet { name, parameters, user: &user, sid: &sid, process, activity };
    server.event(evtx::cmdlet_succeeded(Stamp { computer: &fqdn, time }, &cmdlet));
}

fn write_shell(server: &mut Server, time: Time, shell: &Shell, payload: &str) {
    let host = server.host.clone();
    let dump = webroot::oab_dump(&webroot::OabDump {
        server: &host.name,
        install: &host.install(),
        site: &host.site(),
        build: host.build_at(time),
        external_url: payload,
        guid: host.guid("oab virtual directory"),
    });
    server.file(&shell.path(), time, &dump);
}

/// A command sent to the shell: the request, and the processes that it starts. The page is compiled at its first use.
pub fn command(server: &mut Server, from: &str, time: Time, shell: &Shell, line: &str) {
    let application = if shell.protocol.is_some() { "owa" } else { "root" };
    trace_once(server, application, shell, time);
    let request = Request {
        method: "POST",
        client: from.to_owned(),
        agent: "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"
            .to_owned(),
        millis: 412,
        received: 1_900,
        ..Request::new(time, shell.protocol, &shell.virtual_path())
    };
    server.serve(&request);
    let parent = worker(server, shell.pool);
    let shell_line =
        format!("\"cmd\" /c cd /d \"{}\"&{line}&echo [S]&cd&echo [E]", shell.folder.trim_end_matches('\\'));
    let system = "NT AUTHORITY\\SYSTEM";
    let child = process(server, "C:\\Windows\\System32\\cmd.exe", &shell_line, system);
    started(server, time, &child, &parent);
    let word = line.split(' ').next().unwrap_or_default().to_owned();
    let grandchild = process(server, &format!("C:\\Windows\\System32\\{word}.exe"), line, system);
    started(server, later(time, 90_000), &grandchild, &child);
}

fn trace_once(server: &mut Server, application: &str, shell: &Shell, time: Time) {
    let page = format!("/{}.", shell.name);
    let known = server.files.iter().any(|file| file.path.contains(&page) && file.has_extension("compiled"));
    if !known {
        trace(server, application, &shell.virtual_path(), time);
    }
}

fn started(server: &mut Server, time: Time, child: &Process, parent: &Process) {
    let fqdn = server.host.fqdn();
    let stamp = Stamp { computer: &fqdn, time };
    server.event(evtx::process_created(stamp, child, parent, "c:\\windows\\system32\\inetsrv\\"));
    server.event(evtx::process_audited(stamp, child, parent));
}

/// The memory of the logon process is written where the web server hands it out, packed, fetched, and removed.
pub fn dump_credentials(server: &mut Server, from: &str, time: Time, shell: &Shell) {
    let target = "C:\\inetpub\\wwwroot\\aspnet_client\\supp.dmp";
    let packed = format!("{target}.zip");
    let pieces = ["Dump 716 ", "ini", " M", "cs.dll", "m32\\comsv", "dows\\syste", "ndll32 C:\\win", "ru"];
    let line = format!("{}{target} full", assemble(&pieces));
    command(server, from, time, shell, &line);
    written(server, later(time, 2 * SECOND), "rundll32", &line, target);
    let pack = format!("makecab {target} {packed}");
    command(server, from, later(time, MINUTE), shell, &pack);
    written(server, later(time, MINUTE + SECOND), "makecab", &pack, &packed);
    let fetch = Request {
        client: from.to_owned(),
        agent: PYTHON.to_owned(),
        millis: 41_830,
        ..Request::new(later(time, 2 * MINUTE), None, "/aspnet_client/supp.dmp.zip")
    };
    server.serve(&fetch);
    let fqdn = server.host.fqdn();
    let eraser = worker(server, shell.pool);
    for (path, second) in [(target, 0), (packed.as_str(), 1)] {
        let stamp = Stamp { computer: &fqdn, time: later(time, 3 * MINUTE + second * SECOND) };
        server.event(evtx::file_deleted(stamp, &eraser, path));
    }
}

fn written(server: &mut Server, time: Time, program: &str, line: &str, target: &str) {
    let fqdn = server.host.fqdn();
    let image = format!("C:\\Windows\\System32\\{program}.exe");
    let writer = process(server, &image, line, "NT AUTHORITY\\SYSTEM");
    server.event(evtx::file_created(Stamp { computer: &fqdn, time }, &writer, target));
}

/// The attacker removes a shell; what ASP.NET compiled of it stays.
pub fn remove(server: &mut Server, from: &str, time: Time, shell: &Shell) {
    command(server, from, time, shell, &format!("attrib -h -s -r {}", shell.name));
    let fqdn = server.host.fqdn();
    let eraser = worker(server, shell.pool);
    let stamp = Stamp { computer: &fqdn, time: later(time, SECOND) };
    server.event(evtx::file_deleted(stamp, &eraser, &shell.path()));
    let path = super::Host::collected(&shell.path());
    server.files.retain(|file| file.path != path);
}

/// Somebody else finds the shell and looks at it, without sending a command.
pub fn visit(server: &mut Server, from: &str, time: Time, shell: &Shell) {
    let request = Request {
        client: from.to_owned(),
        agent: "Mozilla/5.0 (Windows NT 10.0; rv:78.0) Gecko/20100101 Firefox/78.0".to_owned(),
        millis: 15,
        received: 2_100,
        ..Request::new(time, shell.protocol, &shell.virtual_path())
    };
    server.serve(&request);
}

/// The other way to write a file, CVE-2021-26858: the generator is told to download into the web root.
pub fn write_through_generator(server: &mut Server, time: Time, name: &str) {
    let path = format!("{}\\FrontEnd\\HttpProxy\\owa\\auth\\{name}", server.host.install());
    server.oab_generator(time, &oabgenerator::failed_download(&path));
}
