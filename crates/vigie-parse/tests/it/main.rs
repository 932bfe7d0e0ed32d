//! The tests of this crate from the outside: golden folders, the contract of parsers, collections as they are found.

mod collections;
mod contract;
mod golden;
mod recorder;
mod text_logs;
