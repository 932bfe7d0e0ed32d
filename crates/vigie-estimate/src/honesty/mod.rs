//! What is printed beside every number: checks, the truth that the user already has, sensitivity, and when to refuse.

pub mod checks;
mod closure;
pub mod consistency;
pub(crate) mod french;
pub mod refusal;
pub mod sensitivity;
pub mod wording;
pub mod worked;

pub use checks::{Check, Status};
pub use refusal::Refusal;
pub use wording::{Language, Text};
