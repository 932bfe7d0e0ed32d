//! What a person is told of the feeds of indicators that were loaded.

use std::fmt::Write as _;

use vigie_detect::RuleSet;

use super::{Global, say};

/// What became of each feed of indicators, for the person at the terminal.
pub(super) fn tell(rules: &RuleSet, global: Global) {
    for feed in &rules.feeds {
        let mut line = format!("{}: {}, {} indicators", feed.path, feed.format, feed.evaluated);
        // Writing into a string cannot fail.
        if feed.unevaluated > 0 {
            let _ = write!(
                line,
                ", {} more cannot be evaluated (the rules' liveness says why)",
                feed.unevaluated
            );
        }
        if feed.repeated > 0 {
            let _ = write!(line, ", {} said again", feed.repeated);
        }
        say(global, &line);
    }
}
