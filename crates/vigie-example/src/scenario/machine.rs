//! What the machine does by itself: services, nightly jobs, page compilation, the event logs of all that; and the files
//! that setup put there.

use vigie_model::Time;
use vigie_model::time::Day;

use super::server::Server;
use super::staff::{moment, small};
use crate::clock::{HOUR, MINUTE, SECOND, later};
use crate::formats::evtx::{self, Classic, Process, Stamp};
use crate::formats::{oabgenerator, setup, webroot};
use crate::rng::Rng;

/// How much the event logs hold of a day.
#[derive(Clone, Copy, Debug)]
pub struct Density {
    /// Processes created.
    pub processes: u32,
    /// Network logons.
    pub logons: u32,
    /// Application events of each kind.
    pub application: u32,
}

/// A day of the machine.
pub fn day(server: &mut Server, day: Day, density: Density) {
    let mut rng = Rng::new(server.host.seed).fork(&format!("machine {day}"));
    address_book(server, day);
    for turn in 0..density.processes {
        processes(server, &mut rng, day, turn);
    }
    let fqdn = server.host.fqdn();
    for turn in 0..density.logons {
        let time = moment(&mut rng, day, 0, 24);
        let user = format!(
            "{}\\{}",
            server.host.netbios,
            rng.pick(&[server.host.name.as_str(), "amandine", "julien", "SVC_SAUVEGARDE"])
        );
        let sid = server.host.sid(1200 + turn);
        server.event(evtx::logged_on(Stamp { computer: &fqdn, time }, &user, &sid, "10.20.1.31"));
    }
    for _ in 0..density.application {
        application(server, &mut rng, day);
    }
}

/// Nightly: the address book is generated, which also writes to the management log.
fn address_book(server: &mut Server, day: Day) {
    let book = server.host.guid("address book").to_string();
    let start = later(day.start(), HOUR + 7 * MINUTE);
    for (message, step) in oabgenerator::nightly_run(&server.host.install(), &book).iter().zip(0_i64..) {
        server.oab_generator(later(start, step * 11 * SECOND), message);
    }
    let fqdn = server.host.fqdn();
    let sid = crate::ident::Sid::local_system();
    let cmdlet = evtx::Cmdlet {
        name: "Update-OfflineAddressBook",
        parameters: "-Identity \"\\Default Offline Address Book\"",
        user: "NT AUTHORITY/SYSTEM",
        sid: &sid,
        process: "5520 powershell",
        activity: server.host.guid(&format!("activity {day}")),
    };
    server.event(evtx::cmdlet_succeeded(Stamp { computer: &fqdn, time: start }, &cmdlet));
}

/// A process of Windows or Exchange by its image and command line, the same for a host through the day.
pub(super) fn process(server: &Server, image: &str, command: &str, user: &str) -> Process {
    let mut rng = Rng::new(server.host.seed).fork(command);
    Process {
        guid: rng.guid(),
        pid: small(&mut rng, 300, 4000) * 4,
        image: image.to_owned(),
        command: command.to_owned(),
        user: user.to_owned(),
    }
}

/// The worker process of an application pool.
pub(super) fn worker(server: &Server, pool: &str) -> Process {
    let command = format!(
        "c:\\windows\\system32\\inetsrv\\w3wp.exe -ap \"{pool}\" -v \"v4.0\" -c \"C:\\Windows\\System32\\inetsrv\\config\\\
         applicationHost.config\" -a \\\\.\\pipe\\iisipm -h \"C:\\inetpub\\temp\\apppools\\{pool}\\{pool}.config\" -w \"\" -m 0"
    );
    process(server, "C:\\Windows\\System32\\inetsrv\\w3wp.exe", &command, "NT AUTHORITY\\SYSTEM")
}

fn processes(server: &mut Server, rng: &mut Rng, day: Day, turn: u32) {
    let fqdn = server.host.fqdn();
    let time = moment(rng, day, 0, 24);
    let stamp = Stamp { computer: &fqdn, time };
    let system = "NT AUTHORITY\\SYSTEM";
    let services =
        process(server, "C:\\Windows\\System32\\services.exe", "C:\\Windows\\system32\\services.exe", system);
    // The first of a day is always a page compiled, as IIS does after every recycling: a worker that starts a compiler
    // and writes a library is normal.
    if turn == 0 {
        let parent = worker(server, "MSExchangeOWAAppPool");
        let name = rng.name(8);
        let folder = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319";
        let command =
            format!("\"{folder}\\csc.exe\" /noconfig /fullpaths @\"C:\\Windows\\Temp\\{name}.cmdline\"");
        let compiler = process(server, &format!("{folder}\\csc.exe"), &command, system);
        server.event(evtx::process_created(stamp, &compiler, &parent, "c:\\windows\\system32\\inetsrv\\"));
        let library =
            format!("{folder}\\Temporary ASP.NET Files\\owa\\2f4c1a09\\91c0d3e7\\App_Web_{name}.dll");
        server.event(evtx::file_created(stamp, &parent, &library));
        return;
    }
    let (image, command) = *rng.pick(&[
        (
            "C:\\Windows\\System32\\svchost.exe",
            "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule",
        ),
        ("C:\\Windows\\System32\\wbem\\WmiPrvSE.exe", "C:\\Windows\\system32\\wbem\\wmiprvse.exe -Embedding"),
        ("C:\\Windows\\System32\\taskhostw.exe", "taskhostw.exe"),
        ("C:\\Windows\\System32\\wsqmcons.exe", "C:\\Windows\\System32\\wsqmcons.exe"),
        ("C:\\Windows\\System32\\VSSVC.exe", "C:\\Windows\\system32\\vssvc.exe"),
        (
            "C:\\Windows\\System32\\conhost.exe",
            "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1",
        ),
    ]);
    let child = process(server, image, command, system);
    server.event(evtx::process_created(stamp, &child, &services, "C:\\Windows\\system32\\"));
    server.event(evtx::process_audited(stamp, &child, &services));
}

fn application(server: &mut Server, rng: &mut Rng, day: Day) {
    let fqdn = server.host.fqdn();
    let stamp = Stamp { computer: &fqdn, time: moment(rng, day, 0, 24) };
    let (source, id, task, strings): (&str, u16, u16, &[&str]) = *rng.pick(&[
        ("MSExchange Unified Messaging", 1004, 1, &["Microsoft Exchange Unified Messaging"] as &[&str]),
        ("MSExchange Front End HTTP Proxy", 1001, 2, &["Owa", "Health check of the back end succeeded"]),
        ("MSExchange Control Panel", 47, 1, &["Ecp", "Started"]),
        ("ESE", 326, 1, &["Information Store", "5320", "Mailbox Database 01"]),
        ("VSS", 8224, 0, &[]),
    ]);
    let kind = Classic { channel: evtx::APPLICATION, source, id, qualifiers: 16_388, level: 4, task };
    server.event(evtx::classic(stamp, kind, strings.iter().map(|text| (*text).to_owned()).collect()));
}

/// Puts what setup put there: the pages of the web root, dated as the installed build, and setup's own log.
pub fn installation(server: &mut Server) {
    let install = server.host.install();
    let builds = server.host.builds.clone();
    let Some((installed, _)) = builds.first().copied() else { return };
    let (front, root) = (format!("{install}\\FrontEnd\\HttpProxy"), "C:\\inetpub\\wwwroot");
    for name in webroot::OWA_AUTH {
        server.file(&format!("{front}\\owa\\auth\\{name}"), installed, &webroot::page(name));
    }
    for name in webroot::ECP_AUTH {
        server.file(&format!("{front}\\ecp\\auth\\{name}"), installed, &webroot::page(name));
    }
    for folder in webroot::FRONT_ENDS {
        server.file(&format!("{front}\\{folder}\\global.asax"), installed, webroot::global());
        server.file(&format!("{front}\\{folder}\\web.config"), installed, webroot::web_config());
    }
    server.file(
        &format!("{root}\\iisstart.htm"),
        later(installed, -800 * crate::clock::DAY),
        webroot::iis_start(),
    );
    server.file(&format!("{root}\\web.config"), installed, webroot::web_config());
    let flash = "// Stand-in written for an example of Vigie.\r\n";
    server.file(&format!("{root}\\aspnet_client\\system_web\\4_0_30319\\SmartNav.js"), installed, flash);
    trace(server, "owa", "/owa/auth/logon.aspx", later(installed, HOUR));
    trace(server, "owa", "/owa/auth/errorfe.aspx", later(installed, 2 * HOUR));
    setup_log(server, &builds);
}

/// The trace that compiling a page leaves, under the temporary files of its application.
pub fn trace(server: &mut Server, application: &str, virtual_path: &str, time: Time) {
    let mut rng = Rng::new(server.host.seed).fork(virtual_path);
    let (page, assembly) =
        (virtual_path.rsplit('/').next().unwrap_or_default(), format!("App_Web_{}", rng.name(8)));
    let hash = format!("{:08x}", rng.word() >> 32);
    let path = format!(
        "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Temporary ASP.NET Files\\{application}\\2f4c1a09\\91c0d3e7\\\
         {page}.{hash}.compiled"
    );
    server.file(&path, time, &webroot::compiled(virtual_path, &assembly, &hash));
}

fn setup_log(server: &mut Server, builds: &[(Time, crate::formats::Build)]) {
    let user = format!("{}\\administrateur", server.host.netbios);
    let fqdn = server.host.fqdn();
    let mut text = String::new();
    let mut previous: Option<crate::formats::Build> = None;
    for (time, build) in builds.iter().copied() {
        let patch = previous.is_some_and(|previous| previous.build == build.build);
        let (mode, minutes) = if patch { ("Patch", 24) } else { ("Upgrade", 92) };
        // A build counts from the end of setup, when its services start.
        let begin = later(time, -i64::from(minutes) * MINUTE);
        setup::run(&mut text, &setup::Run { time: begin, build, user: &user, mode, minutes });
        if patch {
            let (product, update) = (build.product(), server.host.update);
            let strings = [
                format!("Microsoft Exchange Server {product} {update}"),
                build.to_string(),
                "1033".to_owned(),
                format!("Security Update for Exchange Server {product} {update} (KB5000871)"),
                "0".to_owned(),
                "Microsoft Corporation".to_owned(),
            ];
            let kind = Classic {
                channel: evtx::APPLICATION,
                source: "MsiInstaller",
                id: 1036,
                qualifiers: 0,
                level: 4,
                task: 0,
            };
            server.event(evtx::classic(Stamp { computer: &fqdn, time }, kind, strings.to_vec()));
        }
        previous = Some(build);
    }
    let last = builds.last().map_or(Time::MIN, |(time, _)| *time);
    server.file("C:\\ExchangeSetupLogs\\ExchangeSetup.log", last, &text);
}
