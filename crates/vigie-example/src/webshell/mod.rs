//! Web shells as actors plant them, in our own words, for measuring an analyzer: shapes, and mutations of them.
//!
//! No shape is whole in this source or in the program: a bar stands inside every word that an antivirus would take, and goes only
//! when a shape is written. The shapes follow the facts of public reports (which input reaches which call); none is a copy.

mod held_out;
mod mutate;
mod shapes;

pub use mutate::{MUTATIONS, mutate};

/// A shape of a web shell.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// A spoken name.
    pub name: &'static str,
    /// The name under which it would be planted.
    pub file: &'static str,
    /// Whether it was written before the analyzer was fit, or after.
    pub held_out: bool,
    text: &'static str,
}

impl Shape {
    /// The page.
    pub fn page(&self) -> String {
        self.text.replace('¦', "")
    }
}

/// All shapes, those of the development set first.
pub fn shapes() -> impl Iterator<Item = Shape> {
    let of = |held_out| {
        move |&(name, file, text): &(&'static str, &'static str, &'static str)| Shape {
            name,
            file,
            held_out,
            text,
        }
    };
    shapes::SHAPES.iter().map(of(false)).chain(held_out::SHAPES.iter().map(of(true)))
}
