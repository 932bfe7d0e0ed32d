//! Whole assessments from hand-made evidence: one server, one campaign, what the verdict says and why.
#![allow(clippy::unwrap_used, reason = "a test that cannot build its evidence must fail loudly")]

mod evidence;
mod naive;
mod settings;
mod story;
mod verdicts;
