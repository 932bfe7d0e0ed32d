//! The Hôtel du Phare Blanc and its Exchange 2016 server, three times: broken into, patched in time, and with its old
//! logs gone.

use std::io;

use vigie_model::time::Day;

use super::attack::{self, Attacker, Shell};
use super::host::Host;
use super::machine::Density;
use super::server::{Retention, Server};
use super::{internet, machine, probes, staff};
use crate::archive::File;
use crate::clock::at;
use crate::formats::Build;

const CU19: Build = Build::v15(1, 2176, 2);
const CU19_MARCH: Build = Build::v15(1, 2176, 9);
const PEOPLE: usize = 12;

fn host(seed: u64, builds: &[(&str, Build)]) -> Host {
    Host {
        name: "MAIL01".to_owned(),
        domain: "hotel-phareblanc.example".to_owned(),
        netbios: "PHAREBLANC".to_owned(),
        drive: 'C',
        address: "10.20.0.10".to_owned(),
        builds: builds.iter().map(|(time, build)| (at(time), *build)).collect(),
        update: "Cumulative Update 19",
        seed,
    }
}

/// Ordinary life from the first log to the collection.
fn life(server: &mut Server, per_day: u32) {
    let from = server.retention.iis.min(server.retention.logging).min(server.retention.events);
    for day in from.day().through(server.retention.until.day()) {
        probes::day(server, day, per_day);
        staff::day(server, day, PEOPLE);
        internet::day(server, day);
        machine::day(server, day, Density { processes: 6, logons: 4, application: 4 });
    }
    machine::installation(server);
}

/// Broken into on 2021-02-28, used until the evidence was collected on Friday 2021-03-05.
pub fn compromised() -> io::Result<Vec<File>> {
    let retention = Retention {
        iis: at("2020-12-20T00:00:00"),
        logging: at("2021-01-28T00:00:00"),
        events: at("2021-01-28T00:00:00"),
        until: at("2021-03-05T16:00:00"),
    };
    let mut server = Server::new(host(101, &[("2020-12-19T22:40:00", CU19)]), retention);
    life(&mut server, 24);
    let attacker = Attacker {
        address: "198.51.100.77".to_owned(),
        entry: "/ecp/y.js".to_owned(),
        letter: 'f',
        parameter: "qh7Rk2".to_owned(),
    };
    let second = "203.0.113.140";
    attack::reach(&mut server, &attacker, at("2021-02-26T21:37:12.310"));
    attack::reach(&mut server, &attacker, at("2021-02-28T03:14:05.087"));
    let shell = Shell::in_aspnet_client("discover.aspx");
    attack::plant(&mut server, &attacker, at("2021-02-28T03:14:09.512"), &shell);
    attack::command(&mut server, &attacker.address, at("2021-02-28T03:15:31.204"), &shell, "whoami");
    attack::command(&mut server, &attacker.address, at("2021-02-28T03:16:02.870"), &shell, "tasklist");
    attack::command(
        &mut server,
        &attacker.address,
        at("2021-02-28T03:17:26.391"),
        &shell,
        "attrib +h +s +r discover.aspx",
    );
    let other = Shell::in_owa_auth(&server, "k7fqhw.aspx");
    attack::plant(&mut server, &attacker, at("2021-03-01T23:51:40.430"), &other);
    attack::command(&mut server, &attacker.address, at("2021-03-01T23:52:55.018"), &other, "whoami");
    attack::dump_credentials(&mut server, &attacker.address, at("2021-03-02T22:40:18.660"), &shell);
    attack::command(
        &mut server,
        second,
        at("2021-03-03T01:05:44.931"),
        &shell,
        "net group \"Domain Admins\" /domain",
    );
    attack::remove(&mut server, second, at("2021-03-03T01:09:12.145"), &other);
    bystanders(&mut server);
    attack::visit(&mut server, "203.0.113.66", at("2021-03-05T09:20:33.777"), &shell);
    server.collect()
}

/// Those who came after the news and did no harm.
fn bystanders(server: &mut Server) {
    internet::survey(server, at("2021-03-03T07:11:05.240"), "192.0.2.50");
    internet::published_check(server, at("2021-03-03T19:02:41.118"), "192.0.2.51");
    internet::audit(server, at("2021-03-04T10:30:00.402"), "198.51.100.9");
    internet::prober(server, at("2021-03-04T18:44:10.006"), "192.0.2.201");
}

/// Complete logs of every kind, and the update installed in the night after its release.
pub fn patched() -> io::Result<Vec<File>> {
    let start = at("2020-12-28T00:00:00");
    let retention =
        Retention { iis: start, logging: start, events: start, until: at("2021-03-12T23:59:59.999") };
    let builds = [("2020-12-19T22:40:00", CU19), ("2021-03-02T23:26:00", CU19_MARCH)];
    let mut server = Server::new(host(202, &builds), retention);
    life(&mut server, 24);
    server.collect()
}

/// Logs that begin after the window; the update came on 2021-03-10, eight days after its release.
pub fn late_logs() -> io::Result<Vec<File>> {
    let start = at("2021-03-08T00:00:00");
    let retention = Retention { iis: start, logging: start, events: start, until: at("2021-03-12T17:30:00") };
    let builds = [("2020-12-29T21:15:00", CU19), ("2021-03-10T20:48:00", CU19_MARCH)];
    let mut server = Server::new(host(303, &builds), retention);
    life(&mut server, 24);
    server.collect()
}

/// The first and last day of the patched hotel's logs, for those who plant traces into them.
pub fn patched_days() -> (Day, Day) {
    (at("2020-12-28T00:00:00").day(), at("2021-03-12T00:00:00").day())
}
