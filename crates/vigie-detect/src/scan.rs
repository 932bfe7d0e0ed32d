//! Runs a rule set over batches: one scanner per thread and host.

use std::collections::HashMap;
use std::sync::Arc;

use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Hit, Schema};

use crate::kept;
use crate::load::RuleSet;
use crate::tally::Tally;
use crate::{bind, naive};

/// Matches the events of one host on one thread.
#[derive(Debug)]
pub struct Scanner {
    rules: Arc<RuleSet>,
    plans: HashMap<Schema, Vec<u32>>,
    tally: Tally,
}

impl Scanner {
    pub(crate) fn new(rules: Arc<RuleSet>) -> Scanner {
        Scanner { rules, plans: HashMap::new(), tally: Tally::default() }
    }

    /// Which columns of a schema the rules read.
    pub fn wants(&mut self, _schema: &Schema) -> Wanted {
        Wanted::All
    }

    /// Adds the hits of a batch, by row and then by rule.
    pub fn scan(&mut self, batch: &EventBatch, hits: &mut Vec<Hit>) {
        let rules = Arc::clone(&self.rules);
        let plan = self.plans.entry((*batch.schema).clone()).or_insert_with(|| {
            let applies = |(index, rule): (usize, &crate::ir::Rule)| {
                bind::source_for(&rule.source, &batch.schema).and(u32::try_from(index).ok())
            };
            rules.compiled().iter().enumerate().filter_map(applies).collect()
        });
        let stream = batch.schema.stream_id();
        let mut matched = vec![0_u64; plan.len()];
        for row in 0..batch.rows() {
            for (place, rule) in plan.iter().enumerate() {
                if naive::matches(&rules.compiled()[*rule as usize], batch, row) {
                    matched[place] += 1;
                    hits.push(kept::hit(batch, row, *rule, &stream, &[]));
                }
            }
        }
        self.tally.saw_stream(&stream);
        for (rule, matched) in plan.iter().zip(matched) {
            self.tally.tried(*rule, &stream, batch.rows() as u64, matched);
        }
    }

    /// What was counted.
    pub fn into_tally(self) -> Tally {
        self.tally
    }
}
