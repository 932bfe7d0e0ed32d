//! tar archives, plain or compressed: listed in one pass, members read in place.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use vigie_container::bytes::Reader;
use vigie_container::solid::Solid;
use vigie_container::tar::{self, Forward, Listing, Member, MemberKind};
use vigie_model::Time;
use vigie_model::diagnostic::Code;

use super::guard::{Guard, Guarded, Spent};
use super::inside::{self, Format, Nest};
use super::names::Seen;
use super::place::Place;
use super::{Evidence, FileTimes, Findings, Limits, Source, Stop, guard, layout, names};

/// A tar and the list of its members.
#[derive(Debug)]
pub struct Tape {
    bytes: Stored,
    members: Vec<Member>,
    spent: Arc<Spent>,
}

/// How the archive's bytes can be had.
#[derive(Debug)]
enum Stored {
    /// At any place.
    Place(Place),
    /// Only forward, from the beginning.
    Solid(Arc<Solid>),
}

/// Lists a tar that can be read at any place.
pub(super) fn add(place: Place, itself: Evidence, nest: &Nest<'_>, findings: &mut Findings) {
    if let Place::Packed(_) = place {
        // Its members are read forward from the packed stream: it may be larger than memory.
        let (source, limits) = (itself.source.clone(), *nest.limits);
        let solid = Solid::new(move || source.open(&limits));
        add_solid(solid, itself, nest, findings);
        return;
    }
    let room = nest.limits.entries_max.saturating_sub(findings.count());
    let listed =
        place.bytes(nest.limits).map(|bytes| tar::list(&mut Reader::new(bytes), room, &is_container));
    add_listed(listed, Stored::Place(place), itself, (nest, findings));
}

/// Lists a tar that can only be read forward.
pub(super) fn add_solid(solid: Arc<Solid>, itself: Evidence, nest: &Nest<'_>, findings: &mut Findings) {
    let room = nest.limits.entries_max.saturating_sub(findings.count());
    let listed = solid.pass().map(|pass| tar::list(&mut Forward(pass), room, &is_container));
    add_listed(listed, Stored::Solid(solid), itself, (nest, findings));
}

fn is_container(head: &[u8]) -> bool {
    Format::of(head).is_some()
}

fn add_listed(
    listed: io::Result<Listing>,
    bytes: Stored,
    itself: Evidence,
    into: (&Nest<'_>, &mut Findings),
) {
    let (nest, findings) = into;
    let label = itself.path.clone();
    let listing = match listed {
        Ok(listing) => listing,
        Err(error) => {
            findings.add_unreadable(itself, &guard::stop(&error, 0));
            return;
        }
    };
    if let Some(damage) = listing.damage {
        let count = listing.members.len();
        findings.note(&label, Code::ContainerDamaged, format!("{damage}; {count} entries were found"));
        if listing.members.is_empty() {
            let archive_len = label.len();
            findings.add(itself, archive_len);
            return;
        }
    }
    if listing.cut {
        let message = format!("more than {} entries: the rest is not listed", nest.limits.entries_max);
        findings.note(&label, Code::LimitReached, message);
    }
    let tape = Arc::new(Tape { bytes, members: listing.members, spent: Arc::default() });
    let targets = files_by_name(&tape.members);
    let mut seen = Seen::default();
    for (index, member) in tape.members.iter().enumerate() {
        if member.kind == MemberKind::Folder {
            continue;
        }
        if findings.is_full(nest.limits) {
            return;
        }
        let path = format!("{label}!/{}", names::display_bytes(&names::forward(&member.name)));
        seen.judge(&path, &member.name, findings);
        if let MemberKind::HardLink(target) = &member.kind
            && targets.contains(target.as_slice())
        {
            let message = format!("another name for {}, which is read", names::display_bytes(target));
            findings.note(&path, Code::Duplicate, message);
            continue;
        }
        let source = source_of(&tape, index);
        let times = FileTimes { modified: member.modified.and_then(time), created: None };
        let host_path = layout::host_path(&path);
        let evidence = Evidence { path, host_path, size: member.size, times, source };
        let place = match &tape.bytes {
            Stored::Place(place) if member.pieces.is_none() => place.part(member.offset, member.stored),
            Stored::Place(_) | Stored::Solid(_) => None,
        };
        inside::add_entry(evidence, place, Some(&member.head), (nest, label.len()), findings);
    }
}

/// The names of files, which hard links may mean.
fn files_by_name(members: &[Member]) -> HashSet<&[u8]> {
    let files = members.iter().filter(|member| member.kind == MemberKind::File);
    files.map(|member| member.name.as_slice()).collect()
}

fn source_of(tape: &Arc<Tape>, index: usize) -> Source {
    let unread = |message: String| Source::Unreadable(Code::NotRegularFile, message);
    let Some(member) = tape.members.get(index) else { return unread("no such member".to_owned()) };
    let shown = |target: &[u8]| names::display_bytes(target);
    match &member.kind {
        MemberKind::File | MemberKind::Folder => Source::Member(Arc::clone(tape), index),
        MemberKind::HardLink(target) => {
            unread(format!("another name for {}, which is not in the archive", shown(target)))
        }
        MemberKind::SymbolicLink(target) => {
            unread(format!("a symbolic link to {}, not followed", shown(target)))
        }
        MemberKind::Special(letter) => unread(format!("a device, pipe or special member ({letter:#04x})")),
    }
}

fn time((seconds, nanos): (i64, u32)) -> Option<Time> {
    Time::from_micros(seconds.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))?)
}

impl Tape {
    /// Where a member lies, for reading in that order.
    pub(super) fn offset(&self, index: usize) -> u64 {
        self.members.get(index).map_or(0, |member| member.offset)
    }

    /// Whether members are best read one after the other.
    pub(super) fn is_solid(&self) -> bool {
        matches!(self.bytes, Stored::Solid(_))
    }
}

/// Opens a member.
pub(super) fn open(tape: &Arc<Tape>, index: usize, limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
    let Some(member) = tape.members.get(index) else {
        return Err(Stop::error(Code::ContainerDamaged, format!("no member {index}")));
    };
    let stored: Box<dyn Read + Send> = match &tape.bytes {
        Stored::Place(place) => {
            let mut reader = Reader::new(place.bytes(limits)?);
            reader.seek(SeekFrom::Start(member.offset))?;
            Box::new(reader.take(member.stored))
        }
        Stored::Solid(solid) => {
            solid.part(member.offset, member.stored).map_err(|error| guard::stop(&error, 0))?
        }
    };
    let guard = Guard::new(limits, Some(member.stored), &tape.spent);
    Ok(Guarded::over(tar::content(member, stored), guard))
}
