//! The rules of one schema, compiled: atoms by column, programs over atoms, anchors.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use vigie_model::Schema;

use super::matcher::Matcher;
use super::node::{Binder, Node, RowTest};
use super::skim::Skimmer;
use crate::bind::{Meant, Slot, Slots};
use crate::ir::{LogSource, Predicate, Rule};
use crate::kept;

/// Everything about a schema that does not depend on its events. Shared by all threads.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The stream's name in liveness and coverage.
    pub stream: String,
    /// By column: whether the parser should fill it.
    pub wanted: Vec<bool>,
    /// Columns kept with a hit, in schema order.
    pub shown: Vec<usize>,
    /// The columns that rules test.
    pub columns: Vec<PlanColumn>,
    /// The rules that can match here, in the order of the rule set.
    pub rules: Vec<PlanRule>,
    /// By atom: the rules (indices into `rules`) that it anchors.
    pub watchers: Vec<Vec<u32>>,
    /// Rules without an anchor: any row may match them.
    pub unanchored: Vec<u32>,
    /// Rules that speak of this log but can never match here, with the fields that they lack.
    pub cannot_hold: Vec<(u32, Vec<String>)>,
    /// How large the plan is, in nodes: what the cache counts.
    pub weight: usize,
}

/// A column that rules test.
#[derive(Debug)]
pub(crate) struct PlanColumn {
    /// The schema's column.
    pub index: usize,
    /// Its predicates.
    pub matcher: Arc<Matcher>,
    /// The atom of the matcher's first predicate.
    pub first_atom: u32,
}

/// A rule that can match here.
#[derive(Debug)]
pub(crate) struct PlanRule {
    /// Index into the rule set.
    pub rule: u32,
    /// Its condition over atoms.
    pub program: Program,
    /// Its tests over several cells.
    pub row_tests: Vec<RowTest>,
    /// For correlations: where each field that they read lies.
    pub noted: Option<Vec<Vec<Slot>>>,
    /// Whether its matches are no hits of their own.
    pub silent: bool,
}

/// A condition over atoms.
#[derive(Debug)]
pub(crate) enum Program {
    Const(bool),
    Atom(u32),
    /// A test of the rule's `row_tests`.
    Row(u32),
    And(Box<[Program]>),
    Or(Box<[Program]>),
    AtLeast(u32, Box<[Program]>),
    Not(Box<Program>),
}

/// Plans and matchers made so far, and the rules grouped by log source. Shared by all threads.
#[derive(Debug, Default)]
pub(crate) struct Planner {
    groups: Vec<(Meant, Vec<u32>)>,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    plans: FxHashMap<Schema, Arc<Plan>>,
    weight: usize,
    predicates: FxHashMap<Predicate, u32>,
    matchers: FxHashMap<Vec<u32>, Arc<Matcher>>,
    skimmers: FxHashMap<Schema, Option<Arc<Skimmer>>>,
}

/// What a skimmer counts as in the cache.
const SKIMMER_WEIGHT: usize = 4_000;

/// Nodes of all plans kept, about 64 bytes each; schemas come from evidence, and a hostile file may hold any number.
const WEIGHT_MAX: usize = 4_000_000;

impl Planner {
    /// Groups the rules by log source.
    pub(crate) fn new(rules: &[Rule]) -> Planner {
        let mut by_source: FxHashMap<&LogSource, usize> = FxHashMap::default();
        let mut groups: Vec<(Meant, Vec<u32>)> = Vec::new();
        for (index, rule) in (0_u32..).zip(rules) {
            let group = *by_source.entry(&rule.source).or_insert_with(|| {
                groups.push((Meant::new(&rule.source), Vec::new()));
                groups.len() - 1
            });
            groups[group].1.push(index);
        }
        Planner { groups, cache: Mutex::default() }
    }

    /// The plan of a schema; the same one for equal schemas.
    pub(crate) fn plan(&self, rules: &[Rule], schema: &Schema) -> Arc<Plan> {
        // A panic elsewhere leaves the cache as it was: entries are only ever added whole.
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = cache.plans.get(schema) {
            return Arc::clone(plan);
        }
        if cache.weight > WEIGHT_MAX {
            *cache = Cache::default();
        }
        let plan = Arc::new(self.build(rules, schema, &mut cache));
        cache.weight += plan.weight;
        cache.plans.insert(schema.clone(), Arc::clone(&plan));
        plan
    }

    /// What finds the lines of a text that some rule may match, chosen by the first text of the schema; `None` when
    /// every line may matter.
    pub(crate) fn skimmer(&self, rules: &[Rule], schema: &Schema, text: &str) -> Option<Arc<Skimmer>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(skimmer) = cache.skimmers.get(schema) {
            return skimmer.clone();
        }
        let mut nodes = Vec::new();
        for (source, members) in &self.groups {
            let Some(row) = source.row_for(schema) else { continue };
            let mut slots = Slots::new(schema, row);
            let mut binder = Binder { slots: &mut slots, missing: Vec::new() };
            nodes.extend(
                members.iter().filter_map(|index| rules.get(*index as usize)).map(|r| binder.bind(r)),
            );
        }
        let skimmer = Skimmer::new(&nodes, text).map(Arc::new);
        cache.weight += SKIMMER_WEIGHT;
        cache.skimmers.insert(schema.clone(), skimmer.clone());
        skimmer
    }

    fn build(&self, rules: &[Rule], schema: &Schema, cache: &mut Cache) -> Plan {
        let (mut bound, mut cannot_hold) = (Vec::new(), Vec::new());
        let mut wanted = vec![false; schema.fields.len()];
        for (source, members) in &self.groups {
            let Some(row) = source.row_for(schema) else { continue };
            let mut slots = Slots::new(schema, row);
            for &index in members {
                let Some(rule) = rules.get(index as usize) else { continue };
                let mut binder = Binder { slots: &mut slots, missing: Vec::new() };
                match binder.bind(rule) {
                    Node::Const(false) if rule.source.indicator => {}
                    Node::Const(false) => cannot_hold.push((index, binder.missing)),
                    node => {
                        let noted = rule.noted.iter().flatten();
                        for field in rule.fields.iter().chain(noted) {
                            mark_read(&slots.of(field), &mut wanted);
                        }
                        let of = |names: &Vec<String>| -> Vec<Vec<Slot>> {
                            names.iter().map(|name| slots.of(name).to_vec()).collect()
                        };
                        let noted = rule.noted.as_ref().map(of);
                        bound.push(Bound { rule: index, node, noted, silent: rule.silent });
                    }
                }
            }
        }
        bound.sort_by_key(|bound| bound.rule);
        cannot_hold.sort();
        if !bound.is_empty() {
            for (flag, name) in wanted.iter_mut().zip(&schema.fields) {
                *flag |= kept::is_kept(name);
            }
        }
        compile(schema, bound, cannot_hold, wanted, cache)
    }
}

/// A rule bound to the schema.
struct Bound<'a> {
    rule: u32,
    node: Node<'a>,
    noted: Option<Vec<Vec<Slot>>>,
    silent: bool,
}

fn mark_read(slots: &[Slot], wanted: &mut [bool]) {
    for slot in slots {
        let columns = match *slot {
            Slot::Column(column) => [Some(column), None],
            Slot::Joined(left, _, right) => [Some(left), Some(right)],
            Slot::Constant(_) => [None, None],
        };
        for column in columns.into_iter().flatten() {
            wanted[column] = true;
        }
    }
}

/// Atoms while they are gathered: by column, the predicates' ids.
#[derive(Default)]
struct Atoms<'a> {
    by_column: Vec<Vec<(u32, &'a Predicate)>>,
}

fn compile(
    schema: &Schema,
    bound: Vec<Bound<'_>>,
    cannot_hold: Vec<(u32, Vec<String>)>,
    mut wanted: Vec<bool>,
    cache: &mut Cache,
) -> Plan {
    let mut atoms = Atoms { by_column: vec![Vec::new(); schema.fields.len()] };
    for one in &bound {
        gather(&one.node, &mut atoms, &mut cache.predicates, &mut wanted);
    }
    let (mut columns, mut numbers, mut next) = (Vec::new(), FxHashMap::default(), 0_u32);
    for (index, mut predicates) in atoms.by_column.into_iter().enumerate() {
        if predicates.is_empty() {
            continue;
        }
        wanted[index] = true;
        predicates.sort_by_key(|(id, _)| *id);
        predicates.dedup_by_key(|(id, _)| *id);
        let first_atom = next;
        for (id, _) in &predicates {
            numbers.insert((index, *id), next);
            next += 1;
        }
        let key: Vec<u32> = predicates.iter().map(|(id, _)| *id).collect();
        let make = || Arc::new(Matcher::new(predicates.iter().map(|(_, predicate)| *predicate)));
        let matcher = Arc::clone(cache.matchers.entry(key).or_insert_with(make));
        columns.push(PlanColumn { index, matcher, first_atom });
    }
    let predicates = &cache.predicates;
    let mut weight = 1;
    let mut rules = Vec::with_capacity(bound.len());
    for Bound { rule, node, noted, silent } in bound {
        let mut row_tests = Vec::new();
        let program = lower(node, &mut row_tests, &mut |column, predicate| {
            weight += 1;
            let id = predicates.get(predicate)?;
            numbers.get(&(column, *id)).copied()
        });
        rules.push(PlanRule { rule, program, row_tests, noted, silent });
    }
    let (watchers, unanchored) = anchor(&rules, next as usize);
    let shown = (0..wanted.len()).filter(|column| wanted[*column]).collect();
    let stream = schema.stream_id();
    weight += cannot_hold.len();
    Plan { stream, wanted, shown, columns, rules, watchers, unanchored, cannot_hold, weight }
}

fn gather<'a>(
    node: &'a Node<'_>,
    atoms: &mut Atoms<'a>,
    ids: &mut FxHashMap<Predicate, u32>,
    wanted: &mut [bool],
) {
    match node {
        Node::Const(_) => {}
        Node::Leaf(column, predicate) => {
            let known = ids.get(&**predicate).copied();
            let id = known.unwrap_or_else(|| {
                let id = u32::try_from(ids.len()).unwrap_or(u32::MAX);
                ids.insert((**predicate).clone(), id);
                id
            });
            atoms.by_column[*column].push((id, predicate));
        }
        Node::Row(test) => {
            for column in test.columns() {
                wanted[column] = true;
            }
        }
        Node::And(parts) | Node::Or(parts) | Node::AtLeast(_, parts) => {
            for part in parts {
                gather(part, atoms, ids, wanted);
            }
        }
        Node::Not(inner) => gather(inner, atoms, ids, wanted),
    }
}

fn lower(
    node: Node<'_>,
    row_tests: &mut Vec<RowTest>,
    atom: &mut dyn FnMut(usize, &Predicate) -> Option<u32>,
) -> Program {
    let mut all = |parts: Vec<Node<'_>>, row_tests: &mut Vec<RowTest>| -> Box<[Program]> {
        parts.into_iter().map(|part| lower(part, row_tests, atom)).collect()
    };
    match node {
        Node::Const(value) => Program::Const(value),
        // Every leaf was gathered, so each has an atom.
        Node::Leaf(column, predicate) => {
            atom(column, &predicate).map_or(Program::Const(false), Program::Atom)
        }
        Node::Row(test) => {
            row_tests.push(*test);
            Program::Row(u32::try_from(row_tests.len() - 1).unwrap_or(u32::MAX))
        }
        Node::And(parts) => Program::And(all(parts, row_tests)),
        Node::Or(parts) => Program::Or(all(parts, row_tests)),
        Node::AtLeast(count, parts) => {
            Program::AtLeast(u32::try_from(count).unwrap_or(u32::MAX), all(parts, row_tests))
        }
        Node::Not(inner) => Program::Not(Box::new(lower(*inner, row_tests, atom))),
    }
}

/// For each rule the atoms of which it needs one: those of the cheapest part of its condition, where an atom that
/// many rules use counts as common.
fn anchor(rules: &[PlanRule], atoms: usize) -> (Vec<Vec<u32>>, Vec<u32>) {
    let mut uses = vec![0_u32; atoms];
    for rule in rules {
        count_uses(&rule.program, &mut uses);
    }
    let (mut watchers, mut unanchored) = (vec![Vec::new(); atoms], Vec::new());
    for (index, rule) in (0_u32..).zip(rules) {
        match anchors_of(&rule.program, &uses) {
            Some((_, anchors)) => {
                for atom in anchors {
                    if watchers[atom as usize].last() != Some(&index) {
                        watchers[atom as usize].push(index);
                    }
                }
            }
            None => unanchored.push(index),
        }
    }
    (watchers, unanchored)
}

fn count_uses(program: &Program, uses: &mut [u32]) {
    match program {
        Program::Const(_) | Program::Row(_) => {}
        Program::Atom(atom) => uses[*atom as usize] += 1,
        Program::And(parts) | Program::Or(parts) | Program::AtLeast(_, parts) => {
            for part in parts {
                count_uses(part, uses);
            }
        }
        Program::Not(inner) => count_uses(inner, uses),
    }
}

/// The cost of a necessary alternative and its atoms; `None` when the program may hold without any atom.
fn anchors_of(program: &Program, uses: &[u32]) -> Option<(u64, Vec<u32>)> {
    match program {
        Program::Atom(atom) => Some((u64::from(uses[*atom as usize]), vec![*atom])),
        Program::And(parts) => parts.iter().filter_map(|part| anchors_of(part, uses)).min(),
        Program::Or(parts) | Program::AtLeast(_, parts) => {
            let mut sum = (0, Vec::new());
            for part in parts {
                let (cost, atoms) = anchors_of(part, uses)?;
                sum.0 += cost;
                sum.1.extend(atoms);
            }
            Some(sum)
        }
        Program::Const(false) => Some((0, Vec::new())),
        Program::Const(true) | Program::Row(_) | Program::Not(_) => None,
    }
}

/// What a program comes to when its row tests are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    No,
    PerRow,
    Yes,
}

impl Program {
    /// The outcome, from the atoms that hold and, when known, the rule's row tests.
    pub(crate) fn run(&self, atom: &impl Fn(u32) -> bool, row: &impl Fn(u32) -> Outcome) -> Outcome {
        let of = |holds: bool| if holds { Outcome::Yes } else { Outcome::No };
        match self {
            Program::Const(value) => of(*value),
            Program::Atom(index) => of(atom(*index)),
            Program::Row(index) => row(*index),
            Program::Not(inner) => match inner.run(atom, row) {
                Outcome::No => Outcome::Yes,
                Outcome::PerRow => Outcome::PerRow,
                Outcome::Yes => Outcome::No,
            },
            Program::And(parts) => {
                let mut least = Outcome::Yes;
                for part in parts {
                    least = least.min(part.run(atom, row));
                    if least == Outcome::No {
                        break;
                    }
                }
                least
            }
            Program::Or(parts) => {
                let mut most = Outcome::No;
                for part in parts {
                    most = most.max(part.run(atom, row));
                    if most == Outcome::Yes {
                        break;
                    }
                }
                most
            }
            Program::AtLeast(count, parts) => {
                let (mut sure, mut open) = (0, 0);
                for part in parts {
                    match part.run(atom, row) {
                        Outcome::No => {}
                        Outcome::PerRow => open += 1,
                        Outcome::Yes => sure += 1,
                    }
                }
                if sure >= *count {
                    Outcome::Yes
                } else if sure + open >= *count {
                    Outcome::PerRow
                } else {
                    Outcome::No
                }
            }
        }
    }
}
