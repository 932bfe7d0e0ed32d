//! Fixtures that no editor writes: binary formats, made by `vigie-example`. What lies in the folder must be what is made;
//! `UPDATE_EXPECT=1` makes it again.

use std::fs;

use crate::golden::fixtures;
use crate::{ntfs, registry};

/// A file of a fixture: its path below the fixtures and its bytes.
pub(crate) type Made = (&'static str, Vec<u8>);

/// Makes every such file; says which in the folder are others.
pub(crate) fn check() -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, bytes) in registry::made().into_iter().chain(ntfs::made()) {
        let file = fixtures().join(path);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &bytes).unwrap();
        } else if fs::read(&file).unwrap_or_default() != bytes {
            wrong.push(format!("{} is not what is made", file.display()));
        }
    }
    wrong
}
