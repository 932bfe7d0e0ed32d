//! Building blocks of evidence: a server that writes its logs, the people and machines that talk to it, and those
//! who break in.

pub mod attack;
pub mod fleet;
pub mod host;
pub mod hotel;
pub mod internet;
pub mod machine;
pub mod probes;
pub mod request;
pub mod server;
pub mod staff;

pub use fleet::{Member, Story, Truth, fleet};
pub use host::Host;
pub use request::{Protocol, Request};
pub use server::{Retention, Server};
