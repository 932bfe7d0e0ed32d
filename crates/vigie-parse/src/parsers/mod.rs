//! One module per artifact; beside them what text formats share.

pub mod evtx;
mod evtx_chunk;
pub(crate) mod exchange_csv;
pub mod exchange_ecp;
pub mod exchange_ews;
pub mod exchange_httpproxy;
pub mod exchange_log;
pub mod exchange_oabgenerator;
pub mod exchange_rps;
pub mod exchange_setup;
mod iis_repair;
pub mod iis_w3c;
pub(crate) mod lines;
pub(crate) mod rows;
pub mod web_root;
mod web_root_content;
mod web_root_path;
mod windows_event;
mod windows_event_xml;
pub mod windows_jsonl;
mod windows_jsonl_clock;
mod windows_jsonl_names;
mod windows_jsonl_scan;
