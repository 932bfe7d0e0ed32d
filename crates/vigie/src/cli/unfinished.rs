//! Outputs that are not complete yet: they go away when the program fails or is interrupted.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// An output under way; it is removed unless it is said to be finished.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    /// An output that was begun.
    pub(super) fn new(path: &Path) -> Unfinished {
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        Unfinished { path: path.to_owned() }
    }

    /// The output is complete, or has another name by now.
    pub(super) fn finish(self) {
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.path);
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if open.contains(&self.path) {
            // What cannot be removed stays under a name that says it is a part.
            let _ = std::fs::remove_file(&self.path);
            open.retain(|path| *path != self.path);
        }
    }
}

/// Removes all of them: the program is interrupted.
pub(super) fn remove_all() {
    for path in OPEN.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = std::fs::remove_file(path);
    }
}
