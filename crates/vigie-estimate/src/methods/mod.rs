//! The estimators: two lists, lower bounds, averages over graphs, latent classes, the bootstrap.

pub mod bootstrap;
pub mod chao;
pub mod decay;
pub mod decomposable;
pub mod latent;
pub mod leavers;
pub mod pairs;
pub mod recommend;

use crate::honesty::Text;

/// One number and its nominal 95 % interval, with what to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Which method.
    pub method: String,
    /// The estimate of N, those seen included.
    pub estimate: f64,
    /// Lower end; `None` when the method gives none.
    pub low: Option<f64>,
    /// Upper end; `None` when the data set no bound or the method gives none.
    pub high: Option<f64>,
    /// What a reader must know beside it.
    pub note: Text,
}
