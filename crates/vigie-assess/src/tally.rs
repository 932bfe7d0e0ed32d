//! What passed by: per stream and day how many events, at which hours, and where bytes were lost.
//!
//! Filled while batches stream, merged over files; coverage and exposure are computed from it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vigie_model::coverage::Density;
use vigie_model::{Day, EventBatch, Schema, Time};

/// Days one stream may hold before further ones are only counted in its span: 60 years, which no server saw,
/// but a file of random dates can.
pub const DAYS_MAX: usize = 22_000;

/// The fields that name a client: read by exposure whether or not a rule reads them.
pub const CLIENT_FIELDS: [&str; 4] = ["c-ip", "ClientIpAddress", "X-Forwarded-For", "cs(X-Forwarded-For)"];

/// What one file, or one host, held.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By stream id.
    pub streams: BTreeMap<String, StreamTally>,
    /// The first request of a public address, if one was seen.
    pub public_client: Option<PublicClient>,
    /// Streams of which something was lost that lies on no known day: a file that could not be opened at all.
    pub lost: BTreeSet<String>,
    /// Requests by private or loopback addresses were seen by a front end.
    pub private_client: Option<String>,
}

/// One stream.
#[derive(Clone, Debug, Default)]
pub struct StreamTally {
    /// How often it writes by itself.
    pub density: Density,
    /// Files.
    pub files: u64,
    /// Events.
    pub events: u64,
    /// First event.
    pub first: Option<Time>,
    /// Last event.
    pub last: Option<Time>,
    /// Per day: a bit per UTC hour that has an event.
    pub days: BTreeMap<Day, u32>,
    /// Days on which bytes were lost.
    pub damaged: Vec<(Day, Day)>,
}

/// A request of an address that is not private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicClient {
    /// The address.
    pub address: String,
    /// When.
    pub time: Option<Time>,
    /// Line number.
    pub number: u64,
    /// Byte offset.
    pub offset: u64,
}

impl Tally {
    /// Counts a batch.
    pub fn observe(&mut self, batch: &EventBatch, density: Density) {
        let stream = self.streams.entry(batch.schema.stream_id()).or_default();
        stream.density = density;
        stream.files = 1;
        stream.observe(batch.all_times());
        if self.public_client.is_none() {
            self.observe_clients(batch);
        }
    }

    /// Whether the clients of a stream's events are still to be looked at: until a public one was seen.
    pub fn looks_for_clients(&self, schema: &Schema) -> bool {
        self.public_client.is_none() && is_front_end(schema)
    }

    /// Notes that bytes were lost between two moments of a stream; without any moment, on some day.
    pub fn damage(&mut self, stream: &str, from: Option<Time>, to: Option<Time>) {
        let Some((from, to)) = from.or(to).zip(to.or(from)) else {
            self.lost.insert(stream.to_owned());
            return;
        };
        let days = (from.day().min(to.day()), from.day().max(to.day()));
        if let Some(stream) = self.streams.get_mut(stream)
            && stream.damaged.last() != Some(&days)
            && stream.damaged.len() < DAYS_MAX
        {
            stream.damaged.push(days);
        }
    }

    /// Adds another file's tally. Call in path order: the first public client is kept.
    pub fn merge(&mut self, other: Tally) {
        for (id, stream) in other.streams {
            match self.streams.get_mut(&id) {
                Some(mine) => mine.merge(stream),
                None => {
                    self.streams.insert(id, stream);
                }
            }
        }
        self.lost.extend(other.lost);
        if self.public_client.is_none() {
            self.public_client = other.public_client;
        }
        if self.private_client.is_none() {
            self.private_client = other.private_client;
        }
    }

    fn observe_clients(&mut self, batch: &EventBatch) {
        if !is_front_end(&batch.schema) {
            return;
        }
        let columns = client_columns(&batch.schema);
        let mut last = String::new();
        for row in 0..batch.rows() {
            for column in &columns {
                let Some(cell) = batch.cell(row, *column).filter(|cell| *cell != last) else { continue };
                cell.clone_into(&mut last);
                match client_kind(cell) {
                    ClientKind::Public => {
                        let position = batch.positions.get(row).copied().unwrap_or_default();
                        self.public_client = Some(PublicClient {
                            address: cell.to_owned(),
                            time: batch.times.get(row).copied().flatten(),
                            number: position.number,
                            offset: position.offset,
                        });
                        return;
                    }
                    ClientKind::Private if self.private_client.is_none() => {
                        self.private_client = Some(cell.to_owned());
                    }
                    ClientKind::Private | ClientKind::Own => {}
                }
            }
        }
    }
}

impl StreamTally {
    fn observe(&mut self, times: impl Iterator<Item = Option<Time>>) {
        // Logs are nearly ordered: one look-up per run of the same hour, not per event.
        let (mut day, mut hour, mut mask) = (None, u8::MAX, 0_u32);
        for time in times {
            self.events += 1;
            let Some(time) = time else { continue };
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
            let this_day = time.day();
            if day != Some(this_day) {
                self.add_hours(day, mask);
                (day, hour, mask) = (Some(this_day), u8::MAX, 0);
            }
            if time.hour() != hour {
                hour = time.hour();
                mask |= 1 << hour;
            }
        }
        self.add_hours(day, mask);
    }

    fn add_hours(&mut self, day: Option<Day>, mask: u32) {
        if let Some(day) = day
            && (self.days.len() < DAYS_MAX || self.days.contains_key(&day))
        {
            *self.days.entry(day).or_default() |= mask;
        }
    }

    fn merge(&mut self, other: StreamTally) {
        self.files += other.files;
        self.events += other.events;
        self.first = min_time(self.first, other.first);
        self.last = max_time(self.last, other.last);
        for (day, mask) in other.days {
            self.add_hours(Some(day), mask);
        }
        self.damaged.extend(other.damaged);
    }
}

fn min_time(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    a.zip(b).map(|(a, b)| a.min(b)).or(a).or(b)
}

fn max_time(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    a.zip(b).map(|(a, b)| a.max(b)).or(a).or(b)
}

/// Streams whose client column is the other end of the wire: the back end's site sees the front end only.
fn is_front_end(schema: &Schema) -> bool {
    match schema.artifact.as_ref() {
        "exchange.httpproxy" => true,
        "iis.w3c" => schema.stream != "W3SVC2",
        _ => false,
    }
}

fn client_columns(schema: &Schema) -> Vec<usize> {
    CLIENT_FIELDS.iter().filter_map(|name| schema.column(name)).collect()
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// On the internet. The ranges reserved for documentation count here, so that examples can show it.
    Public,
    /// In a private network: a colleague, or a load balancer that hides who came.
    Private,
    /// The server itself, or no address at all.
    Own,
}

/// Where the client with this address stands; of a list (X-Forwarded-For) the first address counts.
pub fn client_kind(cell: &str) -> ClientKind {
    let first = cell.split([',', '+', ';']).next().unwrap_or_default().trim();
    let bare = first.split('%').next().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => kind_v4(v4),
        Ok(IpAddr::V6(v6)) => v6.to_ipv4_mapped().map_or_else(|| kind_v6(v6), kind_v4),
        Err(_) => ClientKind::Own,
    }
}

fn kind_v4(address: Ipv4Addr) -> ClientKind {
    let [a, b, ..] = address.octets();
    if address.is_loopback() || address.is_unspecified() || address.is_broadcast() || address.is_multicast() {
        ClientKind::Own
    } else if address.is_private() || address.is_link_local() || (a == 100 && (64..128).contains(&b)) {
        ClientKind::Private
    } else {
        ClientKind::Public
    }
}

fn kind_v6(address: Ipv6Addr) -> ClientKind {
    let [head, ..] = address.segments();
    if address.is_loopback() || address.is_unspecified() || address.is_multicast() || head & 0xffc0 == 0xfe80
    {
        ClientKind::Own
    } else if head & 0xfe00 == 0xfc00 {
        ClientKind::Private
    } else {
        ClientKind::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_on_the_internet() {
        for (cell, kind) in [
            ("203.0.113.7", ClientKind::Public),
            ("203.0.113.7,+10.0.0.1", ClientKind::Public),
            ("10.1.2.3", ClientKind::Private),
            ("100.64.0.1", ClientKind::Private),
            ("fe80::1%3", ClientKind::Own),
            ("::1", ClientKind::Own),
            ("::ffff:192.168.1.1", ClientKind::Private),
            ("2001:db8::1", ClientKind::Public),
            ("-", ClientKind::Own),
        ] {
            assert_eq!(client_kind(cell), kind, "{cell}");
        }
    }

    #[test]
    fn hours_of_a_day_add_up_over_files() {
        let at = |text: &str| Time::parse(text.as_bytes());
        let mut one = StreamTally::default();
        one.observe([at("2021-03-01T00:10:00Z"), at("2021-03-01T02:10:00Z"), None].into_iter());
        let mut two = StreamTally::default();
        two.observe([at("2021-03-01T01:00:00Z")].into_iter());
        one.merge(two);
        assert_eq!(one.days.values().copied().collect::<Vec<_>>(), [0b111]);
        assert_eq!(one.events, 4);
    }
}
