//! Which rows are one address, one server, one organisation: exact keys first, then names by learned weights.
//!
//! Levels are URL, address, host and organisation, each counted on its own and never mixed. A key that too many different
//! owners share (a hoster's certificate, a cloud front end, a managed-service provider) links nobody.

pub mod blocking;
pub mod fellegi;
pub mod hubs;
pub mod owners;
pub mod records;
pub mod simulate;
pub mod union;
pub mod weights;

use crate::honesty::Text;
use crate::lists::{KeyKind, Lists, Record};
use crate::options::Level;
use crate::table::CaptureTable;
use fellegi::Decision;
use owners::Owners;
use std::collections::BTreeMap;
use union::Union;

/// A link that a person may look at: two groups of rows, why, and how sure.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Name on one side.
    pub left: String,
    /// Name on the other.
    pub right: String,
    /// First row of each side, as an index into the records: where a person looks it up.
    pub rows: (usize, usize),
    /// What was compared and what each comparison weighed, in bits.
    pub why: Text,
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
    /// Expected share of the links made by likeness that are false, by the weights themselves.
    pub false_links: Option<f64>,
    /// Share of sampled links that no block would have proposed.
    pub blocking_loss: Option<f64>,
    /// Links that the sample found: how much that share is worth.
    pub blocking_sample: u32,
    /// Blocks of common words that were too large to propose anything.
    pub too_large: usize,
    /// Organisation of each record at each of [`fellegi::THRESHOLDS`]: what another threshold would have counted.
    pub at_thresholds: Vec<(f64, Vec<Option<u32>>)>,
}

/// Human decisions on doubtful links: the two names, and whether they are one.
pub type Decisions = BTreeMap<(String, String), bool>;

/// Most clashes that are kept for a person to look at.
const MOST_CLASHES: usize = 100_000;
/// Keys that say that two rows are one server.
const HOST_KINDS: [KeyKind; 4] = [KeyKind::Url, KeyKind::Address, KeyKind::Certificate, KeyKind::HostName];
/// Keys that say on their own that two rows have one owner.
const STRONG_KINDS: [KeyKind; 4] = [KeyKind::Url, KeyKind::HostName, KeyKind::Domain, KeyKind::Forest];
/// Keys that say so unless the domains speak against it.
const WEAK_KINDS: [KeyKind; 3] = [KeyKind::Certificate, KeyKind::Address, KeyKind::Name];

/// Links all records on all cores.
pub fn link(lists: &Lists, decisions: &Decisions) -> Linked {
    link_on(std::thread::available_parallelism().map_or(1, usize::from), lists, decisions)
}

/// Links all records on up to `threads` threads; the answer does not depend on them.
pub fn link_on(threads: usize, lists: &Lists, decisions: &Decisions) -> Linked {
    let hubs = hubs::find(lists);
    let mut made = BTreeMap::new();
    let mut groups = BTreeMap::new();
    groups.insert(Level::Url.word(), by_key(&lists.records, KeyKind::Url));
    groups.insert(Level::Address.word(), by_key(&lists.records, KeyKind::Address));
    let mut hosts = Union::new(lists.records.len());
    join_by(lists, &hubs, &HOST_KINDS, (&mut hosts, &mut BTreeMap::new()));
    groups.insert(Level::Host.word(), roots(&mut hosts, &lists.records, &HOST_KINDS));
    let mut union = Union::new(lists.records.len());
    join_by(lists, &hubs, &STRONG_KINDS, (&mut union, &mut made));
    let mut owners = Owners::of(lists, &mut union);
    let clashes = join_weakly(lists, &hubs, decisions, (&mut union, &mut owners, &mut made));
    let (before, exact) = (union.clone(), across_lists(lists, &mut union));
    let mut fuzzy = fellegi::link_by_name(lists, (&mut union, &mut owners), decisions, (exact, threads));
    let at_thresholds = at_thresholds(lists, &before, std::mem::take(&mut fuzzy.joins));
    made.insert("likeness of names", fuzzy.links.iter().filter(|l| l.decision == Decision::Link).count());
    let organisations = roots(&mut union, &lists.records, &ALL_KINDS);
    let (organisations, nameless) = only_named(&organisations, &lists.records);
    groups.insert(Level::Organisation.word(), organisations);
    let counts = groups.iter().map(|(&level, ids)| (level, distinct(ids))).collect();
    let hubs =
        hubs.into_iter().map(|((kind, id), owners)| (kind, lists.text(id).to_owned(), owners)).collect();
    fuzzy.links.extend(clashes);
    Linked {
        groups,
        counts,
        made,
        hubs,
        links: fuzzy.links,
        nameless,
        missed: fuzzy.missed,
        false_links: fuzzy.false_links,
        too_large: fuzzy.too_large,
        at_thresholds,
        blocking_loss: fuzzy.blocking_loss,
        blocking_sample: fuzzy.blocking_sample,
    }
}

/// How many links across lists the groups stand for: one for every list of a group but the first.
fn across_lists(lists: &Lists, union: &mut Union) -> usize {
    let mut places: Vec<(u32, u16)> =
        lists.records.iter().enumerate().map(|(i, r)| (union.root(i), r.list)).collect();
    places.sort_unstable();
    places.dedup();
    places.len() - places.chunk_by(|a, b| a.0 == b.0).count()
}

type Guarded<'a> = (&'a mut Union, &'a mut Owners, &'a mut BTreeMap<&'static str, usize>);

/// Joins by address, then by name, what no domain speaks against; the rest is for a person to decide.
fn join_weakly(
    lists: &Lists,
    hubs: &hubs::Hubs,
    decisions: &Decisions,
    (union, owners, made): Guarded<'_>,
) -> Vec<Link> {
    let mut clashes = Vec::new();
    for kind in WEAK_KINDS {
        let holders = holders(lists, hubs, &[kind]);
        for same in holders.chunk_by(|a, b| a.0 == b.0) {
            for pair in same.windows(2) {
                let (a, b) = (pair[0].1 as usize, pair[1].1 as usize);
                let clash = owners.clash(lists, union.root(a), union.root(b));
                let told = clash.then(|| (fellegi::describe(lists, a), fellegi::describe(lists, b)));
                let by_hand = told.clone().and_then(|(x, y)| decisions.get(&fellegi::ordered(x, y)).copied());
                if !clash || by_hand == Some(true) {
                    if owners.join(union, a, b) {
                        *made.entry(kind.word()).or_insert(0) += 1;
                    }
                } else if let Some((left, right)) = told.filter(|_| clashes.len() < MOST_CLASHES) {
                    let decision = if by_hand.is_some() { Decision::Rejected } else { Decision::Doubtful };
                    let why = why_clash(kind);
                    clashes.push(Link {
                        left,
                        right,
                        rows: (a, b),
                        why,
                        chance: fellegi::DOUBT_AT,
                        decision,
                    });
                }
            }
        }
    }
    clashes.sort_by(|a, b| (&a.left, &a.right, &a.why.en).cmp(&(&b.left, &b.right, &b.why.en)));
    clashes.dedup_by(|a, b| (&a.left, &a.right, &a.why) == (&b.left, &b.right, &b.why));
    clashes
}

/// One key for both, and two domains: what a person has to weigh.
fn why_clash(kind: KeyKind) -> Text {
    let (en, fr) = match kind {
        KeyKind::Certificate => ("one certificate", "un même certificat"),
        KeyKind::Address => ("one address", "une même adresse"),
        KeyKind::Name => ("one name and country", "mêmes nom et pays"),
        KeyKind::Url => ("one URL", "une même URL"),
        KeyKind::HostName => ("one host name", "un même nom d'hôte"),
        KeyKind::Domain => ("one domain", "un même domaine"),
        KeyKind::Forest => ("one directory forest", "une même forêt"),
    };
    Text::new(format!("{en}, but two domains"), format!("{fr}, mais deux domaines"))
}

/// Organisations at each threshold, from the groups that exact keys made.
fn at_thresholds(
    lists: &Lists,
    before: &Union,
    joins: [Vec<(u32, u32)>; fellegi::THRESHOLDS.len()],
) -> Vec<(f64, Vec<Option<u32>>)> {
    let mut found = Vec::new();
    for (threshold, joins) in fellegi::THRESHOLDS.into_iter().zip(joins) {
        let mut union = before.clone();
        for (a, b) in joins {
            union.join(a as usize, b as usize);
        }
        let groups = roots(&mut union, &lists.records, &ALL_KINDS);
        found.push((threshold, only_named(&groups, &lists.records).0));
    }
    found
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

/// Every use of a key by a record, equal keys together; keys that too many owners share are left out.
fn holders(lists: &Lists, hubs: &hubs::Hubs, kinds: &[KeyKind]) -> Vec<((KeyKind, u32), u32)> {
    let mut holders: Vec<((KeyKind, u32), u32)> = lists
        .records
        .iter()
        .enumerate()
        .flat_map(|(i, r)| r.keys.iter().map(move |&key| (key, u32::try_from(i).unwrap_or(u32::MAX))))
        .filter(|(key, _)| kinds.contains(&key.0) && !hubs.contains_key(key))
        .collect();
    holders.sort_unstable();
    holders
}

type Growing<'a> = (&'a mut Union, &'a mut BTreeMap<&'static str, usize>);

fn join_by(lists: &Lists, hubs: &hubs::Hubs, kinds: &[KeyKind], (union, made): Growing<'_>) {
    for pair in holders(lists, hubs, kinds).windows(2) {
        if pair[0].0 == pair[1].0 && union.join(pair[0].1 as usize, pair[1].1 as usize) {
            *made.entry(pair[0].0.0.word()).or_insert(0) += 1;
        }
    }
}

impl Linked {
    /// The capture table of a level over the lists in `keep`; lists without anything of that level hold nobody.
    pub fn table(&self, lists: &Lists, level: Level, keep: &[usize]) -> Option<CaptureTable> {
        table_of(lists, self.groups.get(level.word())?, keep)
    }

    /// The tables of organisations that other thresholds would have made.
    pub fn tables_at_thresholds(&self, lists: &Lists, keep: &[usize]) -> Vec<(f64, CaptureTable)> {
        self.at_thresholds
            .iter()
            .filter_map(|(threshold, groups)| Some((*threshold, table_of(lists, groups, keep)?)))
            .collect()
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

/// Counts groups by the lists that hold them.
fn table_of(lists: &Lists, groups: &[Option<u32>], keep: &[usize]) -> Option<CaptureTable> {
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
