//! The program as a user runs it: examples, packs and their cases, bad input, several servers.
#![allow(clippy::unwrap_used, reason = "a test that cannot build its evidence must fail loudly")]

mod bad_input;
mod channels;
mod content;
mod directive;
mod examples;
mod hostile;
mod hunt;
mod knowledge;
mod packs;
mod run;
mod servers;
mod timeline;
mod webshell;
