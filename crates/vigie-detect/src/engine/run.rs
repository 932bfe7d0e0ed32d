//! Runs a plan over batches: values to sets, rows to states, states to matches. Tables only remember.

use std::hash::Hasher;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};
use vigie_model::EventBatch;
use vigie_model::batch::Span;

use super::matcher::Scratch;
use super::plan::{Outcome, Plan};

/// Longer values are matched each time: hashing and keeping them costs more than it saves.
const KEPT_VALUE_BYTES_MAX: usize = 512;
/// Bytes of values kept for one column before its table is emptied.
const KEPT_BYTES_MAX: usize = 1 << 20;
/// Cells looked up between two decisions on whether looking up is worth it.
const WINDOW: u32 = 4096;
/// Windows that a column of mostly new values is matched without its table.
const DIRECT_WINDOWS: u32 = 15;
/// States remembered before everything is forgotten.
const STATES_MAX: usize = 1 << 18;

/// A plan and what its events taught so far. One for each scanner.
#[derive(Debug)]
pub(crate) struct Running {
    pub plan: Arc<Plan>,
    columns: Vec<Column>,
    sets: Sets,
    states: States,
    /// Events seen.
    pub events: u64,
    /// By rule of the plan: events matched.
    pub matched: Vec<u64>,
}

#[derive(Debug, Default)]
struct Column {
    table: HashTable<Kept>,
    text: Vec<u8>,
    looked_up: u32,
    new: u32,
    direct_for: u32,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    hash: u64,
    start: u32,
    len: u32,
    set: u32,
}

/// Sets of atoms, each once; set 0 is empty.
#[derive(Debug, Default)]
struct Sets {
    atoms: Vec<Box<[u32]>>,
    numbers: FxHashMap<Box<[u32]>, u32>,
}

/// A trie of the sets of a row, column by column; state 0 is a row that satisfies nothing.
#[derive(Debug, Default)]
struct States {
    steps: FxHashMap<u64, u32>,
    /// By state: the state before, and the set that led here.
    origins: Vec<(u32, u32)>,
    /// By state: which of `lists` matches, once known.
    matches: Vec<u32>,
    /// What matches; [`NOTHING`] is the empty one.
    lists: Vec<Arc<[Match]>>,
}

/// In `States::matches`: not worked out yet.
const UNKNOWN: u32 = 0;
/// In `States::matches`: nothing matches, as in most rows.
const NOTHING: u32 = 1;

/// A rule that matches in a state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Match {
    /// Index into the plan's rules.
    pub rule: u32,
    /// Whether the row itself has to be asked.
    pub per_row: bool,
}

/// A span of the batch at hand, and the set of its value.
#[derive(Clone, Copy, Debug)]
struct Again {
    span: Span,
    set: u32,
}

/// Spans that are remembered of the column at hand.
const AGAIN: usize = 64;

/// Where a span is remembered.
fn again_place(span: Span) -> usize {
    (span.start.wrapping_mul(0x9E37_79B1) >> 26) as usize
}

/// Room that a scanner lends to its plans.
#[derive(Debug)]
pub(crate) struct Room {
    again: [Again; AGAIN],
    scratch: Scratch,
    found: Vec<u32>,
    path: Vec<u32>,
    bits: Vec<u64>,
    stamps: Vec<u32>,
    stamp: u32,
    /// Batches scanned.
    pub batches: usize,
}

impl Running {
    pub(crate) fn new(plan: Arc<Plan>) -> Running {
        let columns = plan.columns.iter().map(|_| Column::default()).collect();
        let matched = vec![0; plan.rules.len()];
        let mut running =
            Running { plan, columns, sets: Sets::default(), states: States::default(), events: 0, matched };
        running.forget();
        running
    }

    /// Bytes that the tables hold, about.
    pub(crate) fn bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(|c| c.text.capacity() + c.table.capacity() * 24).sum();
        columns + self.states.origins.len() * 64 + self.sets.atoms.len() * 64
    }

    /// Empties every table.
    pub(crate) fn forget(&mut self) {
        for column in &mut self.columns {
            *column = Column::default();
        }
        self.sets = Sets { atoms: vec![Box::default()], numbers: FxHashMap::default() };
        self.sets.numbers.insert(Box::default(), 0);
        self.states = States {
            steps: FxHashMap::default(),
            origins: vec![(0, 0)],
            matches: vec![UNKNOWN],
            lists: vec![Arc::new([]), Arc::new([])],
        };
    }

    /// Goes over a batch and calls `matched` for each row and rule (index into the plan's rules), by row, then by
    /// rule.
    pub(crate) fn run(&mut self, batch: &EventBatch, room: &mut Room, mut matched: impl FnMut(usize, u32)) {
        let rows = batch.rows();
        self.events += batch.events() as u64;
        if self.plan.rules.is_empty() {
            return;
        }
        if self.states.origins.len() > STATES_MAX || self.sets.atoms.len() > STATES_MAX {
            self.forget();
        }
        room.path.clear();
        room.path.resize(rows, 0);
        for place in 0..self.columns.len() {
            self.walk_column(place, batch, room);
        }
        for row in 0..rows {
            let state = room.path[row];
            let list = match self.states.matches[state as usize] {
                NOTHING => continue,
                UNKNOWN => self.work_out(state, room),
                list => list,
            };
            let matches = Arc::clone(&self.states.lists[list as usize]);
            for found in matches.iter() {
                if !found.per_row || self.row_matches(found.rule, state, batch, row) {
                    self.matched[found.rule as usize] += 1;
                    matched(row, found.rule);
                }
            }
        }
    }

    /// Takes every row one step further, by the set of its value in this column.
    fn walk_column(&mut self, place: usize, batch: &EventBatch, room: &mut Room) {
        let plan = Arc::clone(&self.plan);
        let planned = &plan.columns[place];
        let spans = batch.columns.get(planned.index).map_or(&[][..], Vec::as_slice);
        let absent = self.absent_set(place);
        // Logs repeat themselves line by line: the last value is compared before anything is hashed.
        let mut last: (&str, u32) = ("", u32::MAX);
        // Parsers that see a value again refer to its text again: such a span needs neither hash nor comparison.
        room.again.fill(Again { span: Span::NULL, set: 0 });
        for row in 0..batch.rows() {
            let span = spans.get(row).copied().unwrap_or(Span::NULL);
            let again = room.again[again_place(span)];
            let set = match batch.span(span) {
                None => absent,
                Some(_) if again.span == span => again.set,
                Some(text) if last.1 != u32::MAX && last.0 == text => last.1,
                Some(text) => {
                    let set = self.set_of(place, text, room);
                    last = (text, set);
                    room.again[again_place(span)] = Again { span, set };
                    set
                }
            };
            if set != 0 {
                let state = &mut room.path[row];
                *state = self.states.step(*state, set);
            }
        }
    }

    fn absent_set(&mut self, place: usize) -> u32 {
        let planned = &self.plan.columns[place];
        let atoms: Vec<u32> = planned.matcher.absent().iter().map(|p| p + planned.first_atom).collect();
        self.sets.number(&atoms)
    }

    /// The set of atoms that a value satisfies.
    fn set_of(&mut self, place: usize, text: &str, room: &mut Room) -> u32 {
        let bytes = text.as_bytes();
        let column = &mut self.columns[place];
        if column.direct_for > 0 || bytes.len() > KEPT_VALUE_BYTES_MAX {
            column.direct_for = column.direct_for.saturating_sub(1);
            return self.match_value(place, text, room);
        }
        let mut hasher = FxHasher::default();
        hasher.write(bytes);
        let hash = hasher.finish();
        let same = |kept: &Kept| {
            let start = kept.start as usize;
            kept.hash == hash && column.text.get(start..start + kept.len as usize) == Some(bytes)
        };
        let known = column.table.find(hash, same).map(|kept| kept.set);
        column.looked_up += 1;
        if let Some(set) = known {
            return set;
        }
        let set = self.match_value(place, text, room);
        self.columns[place].keep(hash, bytes, set);
        set
    }

    fn match_value(&mut self, place: usize, text: &str, room: &mut Room) -> u32 {
        let planned = &self.plan.columns[place];
        planned.matcher.satisfied(text, &mut room.scratch, &mut room.found);
        room.found.iter_mut().for_each(|predicate| *predicate += planned.first_atom);
        self.sets.number(&room.found)
    }

    /// What matches in a state, from the rules whose anchors are in it.
    fn work_out(&mut self, state: u32, room: &mut Room) -> u32 {
        let plan = Arc::clone(&self.plan);
        let atoms = self.atoms_of(state);
        room.bits.clear();
        room.bits.resize(plan.watchers.len().div_ceil(64), 0);
        for atom in &atoms {
            room.bits[*atom as usize / 64] |= 1 << (atom % 64);
        }
        room.begin(plan.rules.len());
        let mut candidates = plan.unanchored.clone();
        for atom in &atoms {
            for &rule in &plan.watchers[*atom as usize] {
                if room.first_time(rule) {
                    candidates.push(rule);
                }
            }
        }
        candidates.sort_unstable();
        let bits = &room.bits;
        let holds = |atom: u32| bits[atom as usize / 64] >> (atom % 64) & 1 == 1;
        let outcome = |rule: u32| match plan.rules[rule as usize].program.run(&holds, &|_| Outcome::PerRow) {
            Outcome::No => None,
            Outcome::PerRow => Some(Match { rule, per_row: true }),
            Outcome::Yes => Some(Match { rule, per_row: false }),
        };
        let matches: Arc<[Match]> = candidates.into_iter().filter_map(outcome).collect();
        let list = if matches.is_empty() {
            NOTHING
        } else {
            self.states.lists.push(matches);
            u32::try_from(self.states.lists.len() - 1).unwrap_or(NOTHING)
        };
        self.states.matches[state as usize] = list;
        list
    }

    fn atoms_of(&self, mut state: u32) -> Vec<u32> {
        let mut atoms = Vec::new();
        while state != 0 {
            let (before, set) = self.states.origins[state as usize];
            atoms.extend_from_slice(&self.sets.atoms[set as usize]);
            state = before;
        }
        atoms
    }

    fn row_matches(&self, rule: u32, state: u32, batch: &EventBatch, row: usize) -> bool {
        let rule = &self.plan.rules[rule as usize];
        let atoms = self.atoms_of(state);
        let test = |index: u32| {
            let holds = rule.row_tests[index as usize].holds(batch, row);
            if holds { Outcome::Yes } else { Outcome::No }
        };
        rule.program.run(&|atom| atoms.contains(&atom), &test) == Outcome::Yes
    }
}

impl Column {
    /// Keeps a value's set, and every so often asks whether keeping is worth it.
    fn keep(&mut self, hash: u64, bytes: &[u8], set: u32) {
        self.new += 1;
        if self.looked_up >= WINDOW {
            if self.new > self.looked_up / 2 {
                self.direct_for = WINDOW * DIRECT_WINDOWS;
                self.table = HashTable::new();
                self.text = Vec::new();
            }
            (self.looked_up, self.new) = (0, 0);
        }
        if self.text.len() + bytes.len() > KEPT_BYTES_MAX {
            self.table.clear();
            self.text.clear();
        }
        // Both fit: the text stays under `KEPT_BYTES_MAX`.
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.text.extend_from_slice(bytes);
        self.table.insert_unique(hash, Kept { hash, start, len, set }, |kept| kept.hash);
    }
}

impl Sets {
    /// The number of a set of atoms.
    fn number(&mut self, atoms: &[u32]) -> u32 {
        if atoms.is_empty() {
            return 0;
        }
        if let Some(number) = self.numbers.get(atoms) {
            return *number;
        }
        let number = u32::try_from(self.atoms.len()).unwrap_or(0);
        self.atoms.push(atoms.into());
        self.numbers.insert(atoms.into(), number);
        number
    }
}

impl States {
    fn step(&mut self, state: u32, set: u32) -> u32 {
        let key = u64::from(state) << 32 | u64::from(set);
        if let Some(next) = self.steps.get(&key) {
            return *next;
        }
        let next = u32::try_from(self.origins.len()).unwrap_or(0);
        self.origins.push((state, set));
        self.matches.push(UNKNOWN);
        self.steps.insert(key, next);
        next
    }
}

impl Default for Room {
    fn default() -> Room {
        Room {
            again: [Again { span: Span::NULL, set: 0 }; AGAIN],
            scratch: Scratch::default(),
            found: Vec::new(),
            path: Vec::new(),
            bits: Vec::new(),
            stamps: Vec::new(),
            stamp: 0,
            batches: 0,
        }
    }
}

impl Room {
    fn begin(&mut self, rules: usize) {
        if self.stamps.len() < rules {
            self.stamps.resize(rules, 0);
        }
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.stamps.fill(0);
            self.stamp = 1;
        }
    }

    fn first_time(&mut self, rule: u32) -> bool {
        let stamp = &mut self.stamps[rule as usize];
        let first = *stamp != self.stamp;
        *stamp = self.stamp;
        first
    }
}
