//! The arithmetic below the estimators: special functions, small linear algebra, root finding, random numbers, threads.

pub mod linear;
pub mod parallel;
pub mod random;
pub mod search;
pub mod special;
