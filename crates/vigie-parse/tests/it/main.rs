//! The tests of this crate from the outside: golden folders, the contract of parsers, collections as they are found.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod collections;
mod containers;
mod contract;
mod evtx_damage;
mod golden;
mod images;
mod limits;
mod made;
mod ntfs;
mod passwords;
mod recorder;
mod registry;
mod text_logs;
