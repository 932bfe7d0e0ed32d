//! Which rows are one address, one server, one organisation: exact keys first, then names by learned weights.
//!
//! Levels are URL, address, host and organisation, each counted on its own and never mixed. A key that too many different
//! owners share (a hoster's certificate, a cloud front end, a managed-service provider) links nobody.

pub mod blocking;
pub mod fellegi;
pub mod hubs;
pub mod simulate;
pub mod union;

use crate::lists::{KeyKind, Lists, Record};
use crate::options::Level;
use crate::table::CaptureTable;
use fellegi::Decision;
use std::collections::BTreeMap;
use union::Union;

/// A link that a person may look at: two groups of rows, why, and how sure.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Name on one side.
    pub left: String,
    /// Name on the other.
    pub right: String,
    /// What was compared and what each comparison weighed, in bits.
    pub why: String,
    /// Chance that both are the same organisation.
    pub chance: f64,
    /// What was decided.
    pub decision: Decision,
}

/// All rows in groups, at each level.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Group of each record by level; `None` when the record names nothing of that level.
    pub groups: BTreeMap<&'static str, Vec<Option<u32>>>,
    /// Distinct groups a level, over all lists.
    pub counts: BTreeMap<&'static str, usize>,
    /// Links made by each kind of key.
    pub made: BTreeMap<&'static str, usize>,
    /// Keys that were not used because too many owners share them.
    pub hubs: Vec<(KeyKind, String, usize)>,
    /// Doubtful and accepted links by name.
    pub links: Vec<Link>,
    /// Groups known by an address only: they may belong to any organisation, so they are not counted as one.
    pub nameless: usize,
    /// Expected share of true links that were not made, by the weights themselves; `None` when nothing was compared.
    pub missed: Option<f64>,
    /// Share of sampled links that no block would have proposed.
    pub blocking_loss: Option<f64>,
}

/// Human decisions on doubtful links: the two names, and whether they are one.
pub type Decisions = BTreeMap<(String, String), bool>;

/// Links all records.
pub fn link(lists: &Lists, decisions: &Decisions) -> Linked {
    let hubs = hubs::find(lists);
    let mut made = BTreeMap::new();
    let mut union = Union::new(lists.records.len());
    let mut groups = BTreeMap::new();
    groups.insert(Level::Url.word(), by_key(&lists.records, KeyKind::Url));
    groups.insert(Level::Address.word(), by_key(&lists.records, KeyKind::Address));
    join_by(
        lists,
        &hubs,
        &[KeyKind::Url, KeyKind::Address, KeyKind::Certificate, KeyKind::HostName],
        (&mut union, &mut made),
    );
    let host_kinds = [KeyKind::Url, KeyKind::Address, KeyKind::Certificate, KeyKind::HostName];
    groups.insert(Level::Host.word(), roots(&mut union, &lists.records, &host_kinds));
    join_by(lists, &hubs, &[KeyKind::Domain, KeyKind::Forest, KeyKind::Name], (&mut union, &mut made));
    let fuzzy = fellegi::link_by_name(lists, &mut union, decisions);
    made.insert("likeness of names", fuzzy.links.iter().filter(|l| l.decision == Decision::Link).count());
    let organisations = roots(&mut union, &lists.records, &ALL_KINDS);
    let (organisations, nameless) = only_named(&organisations, &lists.records);
    groups.insert(Level::Organisation.word(), organisations);
    let counts = groups.iter().map(|(&level, ids)| (level, distinct(ids))).collect();
    let hubs =
        hubs.into_iter().map(|((kind, id), owners)| (kind, lists.text(id).to_owned(), owners)).collect();
    Linked {
        groups,
        counts,
        made,
        hubs,
        links: fuzzy.links,
        nameless,
        missed: fuzzy.missed,
        blocking_loss: fuzzy.blocking_loss,
    }
}

const ALL_KINDS: [KeyKind; 7] = [
    KeyKind::Url,
    KeyKind::Address,
    KeyKind::Certificate,
    KeyKind::HostName,
    KeyKind::Domain,
    KeyKind::Forest,
    KeyKind::Name,
];

fn by_key(records: &[Record], kind: KeyKind) -> Vec<Option<u32>> {
    records.iter().map(|r| r.keys.iter().find(|k| k.0 == kind).map(|k| k.1)).collect()
}

fn roots(union: &mut Union, records: &[Record], kinds: &[KeyKind]) -> Vec<Option<u32>> {
    (0..records.len())
        .map(|i| records[i].keys.iter().any(|k| kinds.contains(&k.0)).then(|| union.root(i)))
        .collect()
}

/// Groups in which at least one record names an owner, and how many do not.
fn only_named(groups: &[Option<u32>], records: &[Record]) -> (Vec<Option<u32>>, usize) {
    let names_owner =
        |r: &Record| r.keys.iter().any(|k| matches!(k.0, KeyKind::Domain | KeyKind::Forest | KeyKind::Name));
    let mut named: Vec<u32> =
        groups.iter().zip(records).filter(|(_, r)| names_owner(r)).filter_map(|(g, _)| *g).collect();
    named.sort_unstable();
    named.dedup();
    let kept: Vec<Option<u32>> =
        groups.iter().map(|g| g.filter(|g| named.binary_search(g).is_ok())).collect();
    let nameless = distinct(groups) - named.len();
    (kept, nameless)
}

fn distinct(ids: &[Option<u32>]) -> usize {
    let mut known: Vec<u32> = ids.iter().flatten().copied().collect();
    known.sort_unstable();
    known.dedup();
    known.len()
}

type Growing<'a> = (&'a mut Union, &'a mut BTreeMap<&'static str, usize>);

fn join_by(lists: &Lists, hubs: &hubs::Hubs, kinds: &[KeyKind], (union, made): Growing<'_>) {
    let mut holders: Vec<((KeyKind, u32), u32)> = lists
        .records
        .iter()
        .enumerate()
        .flat_map(|(i, r)| r.keys.iter().map(move |&key| (key, u32::try_from(i).unwrap_or(u32::MAX))))
        .filter(|(key, _)| kinds.contains(&key.0) && !hubs.contains_key(key))
        .collect();
    holders.sort_unstable();
    for pair in holders.windows(2) {
        if pair[0].0 == pair[1].0 && union.join(pair[0].1 as usize, pair[1].1 as usize) {
            *made.entry(pair[0].0.0.word()).or_insert(0) += 1;
        }
    }
}

impl Linked {
    /// The capture table of a level over the lists in `keep`; lists without anything of that level hold nobody.
    pub fn table(&self, lists: &Lists, level: Level, keep: &[usize]) -> Option<CaptureTable> {
        let groups = self.groups.get(level.word())?;
        let mut cells: Vec<(u32, usize)> = groups
            .iter()
            .zip(&lists.records)
            .filter_map(|(group, record)| {
                let place = keep.iter().position(|&k| k == record.list as usize)?;
                group.map(|g| (g, 1_usize << place))
            })
            .collect();
        cells.sort_unstable();
        let mut table = CaptureTable::new(keep.iter().map(|&k| lists.metas[k].name.clone()).collect())?;
        for same in cells.chunk_by(|a, b| a.0 == b.0) {
            table.add(same.iter().fold(0, |set, &(_, bit)| set | bit), 1);
        }
        Some(table)
    }

    /// Rows of a list that fall together at a level.
    pub fn duplicates(&self, lists: &Lists, level: Level, list: usize) -> usize {
        let Some(groups) = self.groups.get(level.word()) else { return 0 };
        let of_list: Vec<Option<u32>> = groups
            .iter()
            .zip(&lists.records)
            .filter(|(g, r)| g.is_some() && r.list as usize == list)
            .map(|(&g, _)| g)
            .collect();
        of_list.len() - distinct(&of_list)
    }
}
