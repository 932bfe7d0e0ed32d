//! Exit codes: documented, stable, tested.

use std::process::ExitCode;

use vigie_model::verdict::Verdict;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command did what it was asked.
    Done,
    /// `hunt`: nothing matched.
    NoHit,
    /// `check`: the worst verdict over hosts and packs.
    Verdict(Verdict),
    /// `directive status`: something ordered is neither proven nor late yet.
    Open,
    /// `directive status`: a deadline has passed, or a declaration is contradicted.
    Overdue,
    /// `check`: nothing could be read, or a rule or pack would not load.
    Unreadable,
    /// The command line was not understood, or an output would be overwritten.
    Usage,
    /// Interrupted by the user.
    Interrupted,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Verdict(verdict) => verdict.exit_code(),
            Exit::NoHit => 1,
            Exit::Open => 10,
            Exit::Overdue => 20,
            Exit::Usage => 2,
            Exit::Unreadable => 3,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
