//! Many servers of many owners, with the truth about each: what a fleet's summary can be measured against.

use std::io;

use vigie_model::rule::Stage;
use vigie_model::verdict::Verdict;

use super::attack::{self, Attacker, Shell};
use super::host::Host;
use super::machine::Density;
use super::server::{Retention, Server};
use super::{internet, machine, probes, staff};
use crate::archive::File;
use crate::clock::{HOUR, MINUTE, at, later};
use crate::formats::Build;
use crate::rng::Rng;

/// What happened to one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// A shell was planted and never used.
    Planted,
    /// Commands ran through a shell.
    Used,
    /// Credentials were dumped.
    Dumped,
    /// Attempts came after the update, and the logs show that all were refused.
    Refused,
    /// Complete logs, updated in time, nothing in them.
    Quiet,
    /// The logs begin after the window.
    LateLogs,
    /// Only setup's log and the web root were collected.
    NoLogs,
}

impl Story {
    /// What must be concluded.
    pub const fn verdict(self) -> Verdict {
        match self {
            Story::Planted | Story::Used | Story::Dumped => Verdict::Compromised,
            Story::Refused => Verdict::Attempted,
            Story::Quiet => Verdict::NoEvidence,
            Story::LateLogs => Verdict::PresumedCompromised,
            Story::NoLogs => Verdict::InsufficientEvidence,
        }
    }

    /// The highest step that the evidence proves.
    pub const fn stage(self) -> Stage {
        match self {
            Story::Planted => Stage::Foothold,
            Story::Used => Stage::Used,
            Story::Dumped => Stage::Impact,
            Story::Refused => Stage::Attempted,
            Story::Quiet | Story::LateLogs | Story::NoLogs => Stage::NoTrace,
        }
    }
}

/// The truth about one server.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Its name.
    pub host: String,
    /// Whose it is: `hotel`, `ice cream`.
    pub sector: &'static str,
    /// What happened.
    pub story: Story,
    /// The attacker's address, where there was one.
    pub address: Option<String>,
    /// The parameter of the planted shell: servers with the same one were broken into by the same group.
    pub payload: Option<String>,
    /// The shell's path on the host.
    pub shell: Option<String>,
}

/// One server of a fleet.
#[derive(Clone, Debug)]
pub struct Member {
    /// What is true.
    pub truth: Truth,
    /// What was collected, ordered by path.
    pub files: Vec<File>,
}

/// Fewer than on a real server, to keep a fleet small; more than so often a busy log is never silent.
const PROBES_PER_DAY: u32 = 16;

const SECTORS: &[&str] = &[
    "hotel",
    "ice cream",
    "kitchen",
    "retirement",
    "city",
    "county",
    "bank",
    "power",
    "school",
    "clinic",
    "garage",
    "notary",
];

const STORIES: &[Story] = &[
    Story::Used,
    Story::LateLogs,
    Story::Planted,
    Story::Quiet,
    Story::Used,
    Story::Refused,
    Story::LateLogs,
    Story::Dumped,
    Story::Used,
    Story::NoLogs,
    Story::Planted,
];

/// Builds before and after the update of March 2021.
const BUILDS: &[(&str, Build, Build)] = &[
    ("Cumulative Update 18", Build::v15(1, 2106, 2), Build::v15(1, 2106, 13)),
    ("Cumulative Update 19", Build::v15(1, 2176, 2), Build::v15(1, 2176, 9)),
    ("Cumulative Update 7", Build::v15(2, 721, 2), Build::v15(2, 721, 13)),
    ("Cumulative Update 8", Build::v15(2, 792, 3), Build::v15(2, 792, 10)),
];

/// Groups of attackers: an address, and the entry, letter and parameter that they use everywhere.
const GROUPS: &[(&str, &str, char, &str)] = &[
    ("198.51.100.77", "/ecp/y.js", 'f', "qh7Rk2"),
    ("198.51.100.90", "/ecp/x.js", 'g', "o"),
    ("203.0.113.200", "/ecp/default.flt", 'f', "NO9BxmCXw0JE"),
    ("192.0.2.19", "/ecp/main.css", 'o', "orangepeel"),
];

const SHELL_NAMES: &[&str] =
    &["discover.aspx", "supp0rt.aspx", "shell.aspx", "HttpProxy.aspx", "t1mp.aspx", "load.aspx"];

/// `hosts` servers, one after the other, so that a large fleet is never in memory at once. A member fails only when an
/// event would not fit into an event log.
pub fn fleet(seed: u64, hosts: usize) -> impl Iterator<Item = io::Result<Member>> {
    (0..hosts).map(move |number| member(seed, number))
}

fn member(seed: u64, number: usize) -> io::Result<Member> {
    let mut rng = Rng::new(seed).fork(&format!("member {number}"));
    let story = STORIES[number % STORIES.len()];
    let sector = SECTORS[number % SECTORS.len()];
    let host = host(&mut rng, story, sector, number);
    let truth = Truth { host: host.name.clone(), sector, story, address: None, payload: None, shell: None };
    let mut server = Server::new(host, retention(story));
    let from = server.retention.iis;
    if story != Story::NoLogs {
        for day in from.day().through(server.retention.until.day()) {
            probes::day(&mut server, day, PROBES_PER_DAY);
            staff::day(&mut server, day, 2);
            internet::day(&mut server, day);
            machine::day(&mut server, day, Density { processes: 2, logons: 1, application: 2 });
        }
    }
    machine::installation(&mut server);
    let truth = attacked(&mut server, &mut rng, truth);
    let files = server.collect()?;
    let kept = |file: &File| story != Story::NoLogs || !file.path.contains("/winevt/");
    Ok(Member { truth, files: files.into_iter().filter(kept).collect() })
}

fn host(rng: &mut Rng, story: Story, sector: &str, number: usize) -> Host {
    let (update, before, after) = *rng.pick(BUILDS);
    let word: String = sector.split(' ').next().unwrap_or_default().to_owned();
    let patched = match story {
        Story::Refused | Story::Quiet => Some("2021-03-02T22:50:00"),
        Story::LateLogs => Some("2021-03-11T20:15:00"),
        Story::Planted | Story::Used | Story::Dumped | Story::NoLogs => None,
    };
    let installed = (at("2020-12-21T20:30:00"), before);
    Host {
        name: format!("{}-MX{number:03}", word.to_uppercase()),
        domain: format!("{word}{number:03}.example"),
        netbios: format!("{}{number:03}", word.to_uppercase()),
        drive: if number % 5 == 4 { 'D' } else { 'C' },
        address: format!("10.{}.0.10", 20 + number % 200),
        builds: std::iter::once(installed).chain(patched.map(|time| (at(time), after))).collect(),
        update,
        seed: rng.word(),
    }
}

fn retention(story: Story) -> Retention {
    let (from, until) = match story {
        Story::Planted | Story::Used | Story::Dumped => ("2021-02-24T00:00:00", "2021-03-06T12:00:00"),
        Story::Refused | Story::Quiet => ("2020-12-30T00:00:00", "2021-03-12T23:59:59"),
        Story::LateLogs => ("2021-03-09T00:00:00", "2021-03-12T12:00:00"),
        Story::NoLogs => ("2021-03-12T00:00:00", "2021-03-12T00:00:00"),
    };
    let from = at(from);
    Retention { iis: from, logging: from, events: from, until: at(until) }
}

fn attacked(server: &mut Server, rng: &mut Rng, truth: Truth) -> Truth {
    let (address, entry, letter, parameter) = *rng.pick(GROUPS);
    let attacker = Attacker {
        address: address.to_owned(),
        entry: entry.to_owned(),
        letter,
        parameter: parameter.to_owned(),
    };
    let minute = i64::try_from(rng.below(3 * 24 * 60)).unwrap_or(0) * MINUTE;
    let time = later(at("2021-02-27T01:00:00.417"), minute);
    match truth.story {
        Story::Quiet | Story::LateLogs | Story::NoLogs => truth,
        Story::Refused => {
            for turn in 0..3 {
                attack::refused(
                    server,
                    &attacker,
                    later(at("2021-03-04T02:11:09.300"), minute + turn * HOUR),
                );
            }
            Truth { address: Some(attacker.address), ..truth }
        }
        Story::Planted | Story::Used | Story::Dumped => {
            let name: &str = rng.pick::<&str>(SHELL_NAMES);
            let shell = Shell::in_aspnet_client(name);
            attack::reach(server, &attacker, time);
            attack::plant(server, &attacker, later(time, 5 * MINUTE), &shell);
            if truth.story != Story::Planted {
                attack::command(server, &attacker.address, later(time, HOUR), &shell, "whoami");
            }
            if truth.story == Story::Dumped {
                attack::dump_credentials(server, &attacker.address, later(time, 9 * HOUR), &shell);
            }
            let payload = Some(attacker.parameter);
            Truth { address: Some(attacker.address), payload, shell: Some(shell.path()), ..truth }
        }
    }
}
