//! How many are there that no list shows? Linkage of lists and multiple systems estimation, with refusal as an answer.
//!
//! [`run()`] is what `vigie estimate` calls. The crate depends on nothing else of Vigie and is usable alone.
#![allow(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
#![allow(
    clippy::many_single_char_names,
    reason = "formulas keep the letters of the papers that they come from"
)]
#![allow(
    clippy::return_self_not_must_use,
    reason = "a projection that nobody uses is seen by the compiler anyway"
)]

pub mod analysis;
pub mod error;
pub mod honesty;
pub mod link;
pub mod lists;
pub mod loglinear;
pub mod methods;
pub mod numeric;
pub mod options;
pub mod output;
mod run;
pub mod table;

pub use analysis::{Analysis, Context, Effort, analyze};
pub use error::Error;
pub use honesty::Language;
pub use options::{Format, Input, Level, Options};
pub use run::{Outcome, run};
