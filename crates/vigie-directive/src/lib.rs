//! Who has done what was ordered: directives as data, held against assessments and declarations.
//!
//! [`load`] reads orders of authorities from `directives/*.toml`; [`known`] takes from an assessment the little that
//! they ask for; [`declarations`] and [`register`] read what organisations say and whose servers are whose; [`mod@status`]
//! is a pure function of all of these and one moment.
//!
//! # Which date counts
//! An assessment is dated by the last record of its logs, a declaration by the moment that it gives (a day without an
//! hour counts from its end in UTC). Whatever is dated after the moment that is asked about does not exist yet.

pub mod declarations;
pub mod error;
pub mod known;
pub mod load;
pub mod register;
pub mod status;
mod table;
mod weigh;
pub mod zone;

pub use error::{Mistake, Mistakes};
pub use known::Known;
pub use load::{bundled, bundled_ids};
pub use status::{Held, Material, status};
