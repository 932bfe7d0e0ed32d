//! Hostile text in pieces.
//!
//! Whole, it would make an antivirus delete this file from a clone, or the program that holds it. So it is stored
//! as pieces from last to first, and put together only while an example is written.

/// The text whose pieces are given from last to first.
pub(crate) fn assemble(last_to_first: &[&str]) -> String {
    last_to_first.iter().rev().copied().collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_piece_comes_last() {
        assert_eq!(super::assemble(&["c", "b", "a"]), "abc");
    }
}
