//! Files with their paths and times, and the zip that holds them.

use std::io::{self, Seek, Write};

use vigie_model::Time;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::clock::parts;

/// A file of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path in the collection, with slashes: `C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log`.
    pub path: String,
    /// Its last modification.
    pub modified: Time,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl File {
    /// Whether its name ends in a dot and this, in any case.
    pub fn has_extension(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
    }
}

/// Writes the files as a zip, in the order given.
pub fn write(files: &[File], out: impl Write + Seek) -> io::Result<()> {
    let mut zip = ZipWriter::new(out);
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(dos_time(file.modified))
            .unix_permissions(0o644);
        zip.start_file(file.path.as_str(), options)?;
        zip.write_all(&file.bytes)?;
    }
    zip.finish()?;
    Ok(())
}

/// The time in the terms of a zip, which knows years 1980 to 2107 and even seconds.
fn dos_time(time: Time) -> DateTime {
    let (year, clock) = parts(time);
    let [month, day, hour, minute, second] =
        [0, 1, 2, 3, 4].map(|place| u8::try_from(clock[place]).unwrap_or(0));
    let year = u16::try_from(year).unwrap_or(0);
    DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}
