//! As many bytes as asked of the logs of a busy server, for benchmarks: values repeat as often as they do in real logs,
//! request ids never.

use std::io::{self, Seek, Write};

use vigie_model::Time;

use crate::clock::{at, later};
use crate::evtx_writer::{Event, Writer};
use crate::formats::evtx::{self, Process, Stamp};
use crate::formats::{Build, httpproxy, iis};
use crate::rng::Rng;

const BUILD: Build = Build::v15(1, 2176, 2);
const BUFFER_BYTES: usize = 1 << 20;

/// The values of which a busy server's logs are made.
struct World {
    agents: Vec<String>,
    stems: Vec<(&'static str, String)>,
    users: Vec<String>,
    devices: Vec<String>,
    clients: Vec<String>,
}

impl World {
    /// About 4,000 mailboxes: 2,500 user agents, 3,000 paths, 15,000 addresses.
    fn new(rng: &mut Rng) -> World {
        let agents = (0..2500).map(|number| agent(rng, number)).collect();
        let stems = (0..3000).map(|number| stem(rng, number)).collect();
        let users = (0..4000).map(|number| format!("GRANDHOTEL\\{}{number}", rng.name(6))).collect();
        let devices = (0..4000).map(|_| rng.guid().to_string().replace('-', "").to_uppercase()).collect();
        let clients = (0..15_000).map(|_| client(rng)).collect();
        World { agents, stems, users, devices, clients }
    }
}

fn agent(rng: &mut Rng, number: u64) -> String {
    let (major, minor) = (rng.within(60, 110), rng.within(0, 6000));
    match number % 5 {
        0 => format!("Apple-iPhone{}C{}/{major}{minor}", rng.within(7, 14), rng.within(1, 9)),
        1 => format!("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.{minor}; Pro)"),
        2 => format!("Android-SAMSUNG-SM-{}/101.{minor}", rng.name(5).to_uppercase()),
        3 => format!(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{major}.0) Gecko/20100101 Firefox/{major}.0"
        ),
        _ => format!(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{minor}.{} \
             Safari/537.36",
            rng.within(0, 200)
        ),
    }
}

fn stem(rng: &mut Rng, number: u64) -> (&'static str, String) {
    match number % 6 {
        0 => ("Eas", "/Microsoft-Server-ActiveSync/default.eas".to_owned()),
        1 => ("Ews", "/EWS/Exchange.asmx".to_owned()),
        2 => ("Mapi", "/mapi/emsmdb/".to_owned()),
        3 => ("Owa", format!("/owa/prem/15.1.2176.2/scripts/{}.js", rng.name(9))),
        4 => ("Oab", format!("/OAB/{}/oab.xml", rng.guid())),
        _ => ("Owa", format!("/owa/service.svc/s/{}", rng.name(12))),
    }
}

fn client(rng: &mut Rng) -> String {
    if rng.chance(300) {
        format!("10.{}.{}.{}", rng.within(0, 31), rng.below(256), rng.within(1, 254))
    } else {
        format!("{}.{}", rng.pick(&["192.0.2", "198.51.100", "203.0.113"]), rng.within(1, 254))
    }
}

/// A request of the stream: a probe, or somebody's.
struct Draw<'a> {
    protocol: &'static str,
    stem: &'a str,
    user: &'a str,
    client: &'a str,
    agent: &'a str,
    query: String,
}

fn draw<'a>(world: &'a World, rng: &mut Rng) -> Draw<'a> {
    // Of a hundred rows about eighty-six are the server's own probes.
    if rng.chance(860) {
        return Draw {
            protocol: "Ews",
            stem: "/ews/exchange.asmx",
            user: "GRANDHOTEL\\HealthMailbox88ba623",
            client: "::1",
            agent: "AMProbe/Local/ClientAccess",
            query: String::new(),
        };
    }
    let number = usize::try_from(rng.below(4000)).unwrap_or(0);
    let (user, device) = (world.users[number].as_str(), &world.devices[number]);
    let (protocol, stem) = rng.pick(&world.stems);
    let query = match *protocol {
        "Eas" => format!("Cmd=Sync&User={}&DeviceId={device}&DeviceType=iPhone", user.replace('\\', "%5C")),
        "Mapi" => format!("MailboxId={device}@grandhotel.example"),
        _ => String::new(),
    };
    Draw {
        protocol,
        stem,
        user,
        client: rng.pick(&world.clients).as_str(),
        agent: rng.pick(&world.agents).as_str(),
        query,
    }
}

/// A little time passes between two rows.
fn tick(time: &mut Time, rng: &mut Rng) {
    *time = later(*time, i64::try_from(rng.below(400_000)).unwrap_or(0));
}

/// Writes at least `bytes` of an IIS front-end log; tells how many.
pub fn iis(out: &mut impl Write, bytes: u64, seed: u64) -> io::Result<u64> {
    let mut rng = Rng::new(seed);
    let world = World::new(&mut rng);
    let mut time = at("2021-02-01T00:00:00");
    let mut head = String::new();
    iis::header(&mut head, time);
    stream(out, bytes, head, |text| {
        tick(&mut time, &mut rng);
        let it = draw(&world, &mut rng);
        let query = format!("{}&CorrelationID=<empty>;&cafeReqId={};", it.query, rng.guid());
        let row = iis::Row {
            time,
            server: "10.20.0.10",
            method: "POST",
            stem: it.stem,
            query: &query,
            port: 443,
            user: it.user,
            client: it.client,
            agent: it.agent,
            status: 200,
            substatus: 0,
            win32: 0,
            millis: u32::try_from(rng.below(900)).unwrap_or(0),
        };
        iis::row(text, &row);
    })
}

/// Writes at least `bytes` of an HttpProxy log; tells how many.
pub fn httpproxy(out: &mut impl Write, bytes: u64, seed: u64) -> io::Result<u64> {
    let mut rng = Rng::new(seed);
    let world = World::new(&mut rng);
    let mut time = at("2021-02-01T00:00:00");
    let mut head = String::new();
    httpproxy::header(&mut head, BUILD, time);
    let database = rng.guid().to_string();
    stream(out, bytes, head, |text| {
        tick(&mut time, &mut rng);
        let it = draw(&world, &mut rng);
        let query = if it.query.is_empty() { String::new() } else { format!("?{}", it.query) };
        let row = httpproxy::Row {
            time,
            id: rng.guid(),
            build: BUILD,
            client_request: "",
            protocol: it.protocol,
            host: "mail.grandhotel.example",
            stem: it.stem,
            action: "",
            auth: "Negotiate",
            user: it.user,
            anchor: "Sid~S-1-5-21-2003808827-1561412880-2098508046-1142",
            agent: it.agent,
            client: it.client,
            server: "MAIL01",
            status: 200,
            method: "POST",
            back_end: Some(httpproxy::BackEnd {
                status: Some(200),
                target: "MAIL01.grandhotel.example",
                hint: "WindowsIdentity",
                cookie: "",
                database: &database,
            }),
            request_bytes: u32::try_from(rng.below(4000)).unwrap_or(0),
            response_bytes: u32::try_from(rng.below(60_000)).unwrap_or(0),
            millis: u32::try_from(rng.below(900)).unwrap_or(0),
            query: &query,
            errors: "",
        };
        httpproxy::row(text, &row);
    })
}

/// Writes rows until there are enough bytes.
fn stream(
    out: &mut impl Write,
    bytes: u64,
    head: String,
    mut row: impl FnMut(&mut String),
) -> io::Result<u64> {
    let mut text = head;
    let mut written = 0;
    loop {
        while text.len() < BUFFER_BYTES && written + (text.len() as u64) < bytes {
            row(&mut text);
        }
        out.write_all(text.as_bytes())?;
        written += text.len() as u64;
        text.clear();
        if written >= bytes {
            return Ok(written);
        }
    }
}

/// Writes at least `bytes` of an event log of Sysmon and security events, in whole chunks; tells how many. Fails above
/// 4 GiB, which no event log exceeds.
pub fn evtx(out: impl Write + Seek, bytes: u64, seed: u64) -> io::Result<u64> {
    let mut rng = Rng::new(seed);
    let mut writer = Writer::new(out, 1)?;
    let mut time = at("2021-02-01T00:00:00");
    let images: Vec<String> =
        (0..300).map(|_| format!("C:\\Windows\\System32\\{}.exe", rng.name(8))).collect();
    while writer.written_bytes() < bytes {
        tick(&mut time, &mut rng);
        writer.push(&machine_event(&images, time, &mut rng))?;
    }
    writer.finish()?.stream_position()
}

fn machine_event(images: &[String], time: Time, rng: &mut Rng) -> Event {
    let stamp = Stamp { computer: "MAIL01.grandhotel.example", time };
    let (child, parent) = (random_process(images, rng), random_process(images, rng));
    match rng.below(4) {
        0 => evtx::process_audited(stamp, &child, &parent),
        1 => evtx::file_created(
            stamp,
            &child,
            &format!("C:\\ProgramData\\{}\\{}.log", rng.name(5), rng.name(9)),
        ),
        _ => evtx::process_created(stamp, &child, &parent, "C:\\Windows\\system32\\"),
    }
}

fn random_process(images: &[String], rng: &mut Rng) -> Process {
    let image = rng.pick(images).clone();
    let command =
        format!("\"{image}\" -k {} -s {}", rng.pick(&["netsvcs", "local", "rpcss"]), rng.below(2000));
    let pid = u32::try_from(rng.within(100, 9000)).unwrap_or(4) * 4;
    Process { guid: rng.guid(), pid, image, command, user: "NT AUTHORITY\\SYSTEM".to_owned() }
}
