//! How do I read a file inside this? Archives, compressed streams, disk images, partitions and file systems, read in
//! place. Nothing here opens a file: whoever calls hands in bytes, and gets bytes.
//!
//! The bytes are hostile: nothing panics, every loop over them has a bound, memory does not grow with what a header
//! claims.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used
)]

pub mod bytes;
mod cache;
pub mod compressed;
mod failure;
mod field;
pub mod image;
pub mod ntfs;
pub mod sevenz;
pub mod solid;
pub mod sparse;
pub mod tar;
pub mod volumes;
pub mod zip_crypto;

pub use bytes::{Bytes, ReadAt, Reader};
pub use failure::{Failure, Kind};
