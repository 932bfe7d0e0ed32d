//! Poisson log-linear models of a capture table: hierarchies, existence of the estimate, fits, profiles, the span.
//!
//! Cormack 1989; Fienberg 1972; Fienberg and Rinaldo 2012 for existence; Chan, Silverman and Vincent 2021 for the
//! treatment of empty margins: an interaction whose lists share nobody is taken at minus infinity and its cells left out.

mod design;
mod exist;
mod fit;
mod model;
mod profile;
mod span;

pub use design::{Design, NoFit};
pub use exist::{likelihood_supremum, maximum_exists};
pub use fit::{PoissonFit, fit_poisson};
pub use model::{Hierarchy, all_hierarchies, search_space};
pub use profile::{Interval, Profile};
pub use span::{Dropped, Fitted, Span, fit_all, fit_hierarchy, fit_stepwise};

/// What the bootstrap needs of a fit, without the cost of a full summary.
pub(crate) mod internal {
    pub(crate) use super::design::margins;
    pub(crate) use super::span::{CountFit, fit_estimate_and_bic};
}
