//! Runs a rule set over batches: one scanner per thread and host.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use vigie_model::schema::{Skim, Wanted};
use vigie_model::{EventBatch, Hit, Schema};

use crate::bind::Slot;
use crate::correlation::{NO_FILE, Notes, Seen};
use crate::engine::node;
use crate::engine::run::{Room, Running};
use crate::engine::skim::{self, Lowered, Skimmer};
use crate::kept;
use crate::load::RuleSet;
use crate::tally::Tally;

/// Matches the events of one host on one thread.
#[derive(Debug)]
pub struct Scanner {
    rules: Arc<RuleSet>,
    plans: Vec<Running>,
    by_schema: FxHashMap<Arc<Schema>, usize>,
    /// The schema of the last batch and its plan.
    last: Option<(Arc<Schema>, usize)>,
    room: Room,
    tally: Tally,
    file: u64,
    /// By schema: what marks its lines; `None` when each line must be read.
    skimmers: FxHashMap<Schema, Option<Arc<Skimmer>>>,
    lowered: Lowered,
}

/// Bytes of all tables together before they are emptied.
const TABLE_BYTES_MAX: usize = 32 << 20;
/// Plans of one scanner; schemas come from evidence, and a hostile file may hold any number.
const PLANS_MAX: usize = 4096;
/// Batches between two looks at the memory.
const BATCHES_PER_CHECK: usize = 64;

impl Scanner {
    pub(crate) fn new(rules: Arc<RuleSet>) -> Scanner {
        Scanner {
            rules,
            plans: Vec::new(),
            by_schema: FxHashMap::default(),
            last: None,
            room: Room::default(),
            tally: Tally::default(),
            file: NO_FILE,
            skimmers: FxHashMap::default(),
            lowered: Lowered::default(),
        }
    }

    /// Names the file that the next batches come from: correlations tell their hits' files by it. An engine that
    /// calls it must run [`RuleSet::correlate`] at the end, since rules that only serve correlations are then silent.
    pub fn set_file(&mut self, file: u64) {
        self.file = file;
    }

    /// Which columns of a schema the rules read, those of [`kept::FIELDS`] included; none when no rule can match.
    pub fn wants(&mut self, schema: &Schema) -> Wanted {
        let plan = self.plan_of(&Arc::new(schema.clone()));
        Wanted::Columns(self.plans[plan].plan.wanted.clone())
    }

    /// Puts a byte offset into `marks` in each line of a text that some rule may match, in ascending order.
    pub fn skim(&mut self, schema: &Schema, text: &str, marks: &mut Vec<u32>) -> Skim {
        if !self.skimmers.contains_key(schema) {
            if self.skimmers.len() >= PLANS_MAX {
                self.skimmers.clear();
            }
            let made = self.rules.planner().skimmer(self.rules.compiled(), schema, text);
            self.skimmers.insert(schema.clone(), made);
        }
        let Some(known) = self.skimmers.get_mut(schema) else { return Skim::ReadAll };
        let Some(skimmer) = known else { return Skim::ReadAll };
        skimmer.mark(text, &mut self.lowered, marks);
        if skim::is_worthless(marks, text) {
            // Such texts are mostly alike from beginning to end.
            *known = None;
        }
        Skim::ReadMarked
    }

    /// Adds the hits of a batch, by row and then by rule.
    pub fn scan(&mut self, batch: &EventBatch, hits: &mut Vec<Hit>) {
        let place = self.plan_of(&batch.schema);
        let running = &mut self.plans[place];
        let (plan, rules) = (Arc::clone(&running.plan), &self.rules);
        running.run(batch, &mut self.room, |row, rule| {
            let rule = &plan.rules[rule as usize];
            if let Some(noted) = &rule.noted {
                note(&mut self.tally.notes, (self.file, rule.rule, &plan.stream), batch, (row, noted));
            }
            // An engine that names no files runs no correlations: then nothing may stay silent for their sake.
            if !rule.silent || self.file == NO_FILE {
                let mut hit = kept::hit(batch, row, rule.rule, &plan.stream, &plan.shown);
                let valid = rules.compiled().get(rule.rule as usize).map(|rule| rule.valid);
                if let Some(objection) = valid.and_then(|valid| valid.objection(hit.time)) {
                    hit.fields.push((kept::INDICATOR.to_owned(), objection));
                }
                hits.push(hit);
            }
        });
        self.room.batches += 1;
        if self.room.batches.is_multiple_of(BATCHES_PER_CHECK) {
            self.check_memory();
        }
    }

    /// What was counted.
    pub fn into_tally(mut self) -> Tally {
        self.count();
        self.tally
    }

    fn plan_of(&mut self, schema: &Arc<Schema>) -> usize {
        if let Some((last, place)) = &self.last
            && Arc::ptr_eq(last, schema)
        {
            return *place;
        }
        let place = match self.by_schema.get(schema) {
            Some(place) => *place,
            None => self.add_plan(schema),
        };
        self.last = Some((Arc::clone(schema), place));
        place
    }

    fn add_plan(&mut self, schema: &Arc<Schema>) -> usize {
        if self.plans.len() >= PLANS_MAX {
            self.count();
            self.plans.clear();
            self.by_schema.clear();
        }
        let plan = self.rules.planner().plan(self.rules.compiled(), schema);
        self.plans.push(Running::new(plan));
        self.by_schema.insert(Arc::clone(schema), self.plans.len() - 1);
        self.plans.len() - 1
    }

    fn check_memory(&mut self) {
        let held: usize = self.plans.iter().map(Running::bytes).sum();
        if held > TABLE_BYTES_MAX {
            self.plans.iter_mut().for_each(Running::forget);
        }
    }

    /// Moves the counts of the plans into the tally.
    fn count(&mut self) {
        for running in &mut self.plans {
            let plan = &running.plan;
            if running.events == 0 {
                continue;
            }
            for (rule, matched) in plan.rules.iter().zip(&running.matched) {
                self.tally.tried(rule.rule, &plan.stream, running.events, *matched);
            }
            for (rule, missing) in &plan.cannot_hold {
                self.tally.cannot_hold(*rule, &plan.stream, missing);
            }
            running.events = 0;
            running.matched.fill(0);
        }
    }
}

/// Notes a match for correlations.
fn note(
    notes: &mut Notes,
    (file, rule, stream): (u64, u32, &str),
    batch: &EventBatch,
    (row, fields): (usize, &[Vec<Slot>]),
) {
    let Some(time) = batch.times.get(row).copied().flatten() else { return };
    let position = batch.positions.get(row).copied().unwrap_or_default();
    let stream = notes.number(stream);
    let value = |slots: &Vec<Slot>| slots.iter().find_map(|slot| node::text(slot, batch, row));
    let values = fields.iter().map(|slots| value(slots).map(|text| notes.number(&text))).collect();
    notes.push(Seen { rule, time, file, number: position.number, offset: position.offset, stream, values });
}
