//! A file of counts as text in columns, whoever wrote it: spreadsheets, R, Python; commas, semicolons, tabs or spaces; UTF-8 or UTF-16.

use super::bounded::{BoundedRows, MAX_ROW};
use crate::error::Error;
use std::io::Read;
use std::path::Path;

/// Largest file of counts: one row a unit, millions of them, still fits.
const MAX_BYTES: u64 = 128 << 20;
/// Most rows: far above every combination of lists and strata.
const MAX_ROWS: usize = 5_000_000;
/// Most columns: trapping data have one an occasion.
const MAX_COLUMNS: usize = 400;

/// Rows of text under the names of their columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    /// Names of the columns, as they stand in the file.
    pub names: Vec<String>,
    /// Line and values of each row.
    pub rows: Vec<(u64, csv::StringRecord)>,
    /// The file has no header, so that columns are called after their place.
    pub headless: bool,
}

/// The file as text; a file that is not UTF-8 is taken as UTF-16 when it says so, else as Latin-1.
pub(crate) fn text_of(mut input: impl Read, path: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let (mut since_line, mut piece) = (0_u64, [0_u8; 8 << 10]);
    loop {
        let read = input.read(&mut piece).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        if read == 0 {
            break;
        }
        let read = piece.get(..read).unwrap_or(&[]);
        since_line = match read.iter().rposition(|&b| b == b'\n') {
            Some(at) => (read.len() - at) as u64,
            None => since_line + read.len() as u64,
        };
        bytes.extend_from_slice(read);
        if since_line > MAX_ROW {
            let message = format!("a row is longer than {} MiB: is a quote left open?", MAX_ROW >> 20);
            return Err(Error::Input { path: path.to_owned(), message });
        }
        if bytes.len() as u64 > MAX_BYTES {
            let message = format!("longer than {} MiB: this is not a file of counts", MAX_BYTES >> 20);
            return Err(Error::Input { path: path.to_owned(), message });
        }
    }
    let units = |bytes: &[u8], of: fn([u8; 2]) -> u16| -> Vec<u16> {
        bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect()
    };
    Ok(match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => String::from_utf16_lossy(&units(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => String::from_utf16_lossy(&units(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|wrong| wrong.into_bytes().into_iter().map(char::from).collect()),
    })
}

/// The sign between columns of a header: the first of tab, semicolon and comma that it has, else a space.
pub(crate) fn delimiter_of(header: &str) -> u8 {
    // A comma inside quotes is none: names may hold one.
    let mut quoted = false;
    let bare: String = header
        .chars()
        .filter(|&c| {
            quoted ^= c == '"';
            !quoted
        })
        .collect();
    let has = |c: char| bare.contains(c);
    match () {
        () if has('\t') => b'\t',
        () if has(';') => b';',
        () if has(',') => b',',
        () if bare.trim().contains(' ') => b' ',
        () => b',',
    }
}

/// The text in columns.
///
/// # Errors
/// A row that cannot be read, with its line; too many rows or columns; nothing at all.
pub(super) fn columns(text: &str, path: &Path) -> Result<Raw, Error> {
    let wrong = |line: u64, message: String| Error::Line { path: path.to_owned(), line, message };
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or("");
    let delimiter = delimiter_of(first);
    let squeezed;
    let text = if delimiter == b' ' {
        squeezed = single_spaces(text);
        squeezed.as_str()
    } else {
        text
    };
    let (input, meter) = BoundedRows::new(text.as_bytes());
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(input);
    let mut raw = Raw::default();
    for record in reader.records() {
        let record = record.map_err(|e| super::read::csv_error(path, &e))?;
        meter.row_ended();
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() > MAX_COLUMNS {
            return Err(wrong(
                line,
                format!("more than {MAX_COLUMNS} columns: this is not a table of lists"),
            ));
        }
        if record.iter().all(str::is_empty) {
            continue;
        }
        if raw.rows.len() >= MAX_ROWS {
            return Err(wrong(line, format!("more than {MAX_ROWS} rows: this is not a table of counts")));
        }
        raw.rows.push((line, record));
    }
    name_columns(&mut raw);
    Ok(raw)
}

/// Spaces between columns are as many as make a table look even.
fn single_spaces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        for (i, word) in line.split_whitespace().enumerate() {
            out.push_str(if i > 0 { " " } else { "" });
            out.push_str(word);
        }
        out.push('\n');
    }
    out
}

/// The first row names the columns, unless it holds numbers only: then they are called after their place.
fn name_columns(raw: &mut Raw) {
    let Some((_, first)) = raw.rows.first() else { return };
    let number = |cell: &str| cell.parse::<f64>().is_ok_and(f64::is_finite);
    if first.len() > 1 && first.iter().all(number) {
        raw.names = (1..=first.len()).map(|i| format!("L{i}")).collect();
        raw.headless = true;
        return;
    }
    let mut names: Vec<String> = first.iter().map(|n| n.trim_start_matches('\u{feff}').to_owned()).collect();
    raw.rows.remove(0);
    // R leaves out the title of the names of rows: every row has one column more than the header.
    if raw.rows.first().is_some_and(|(_, row)| row.len() == names.len() + 1) {
        names.insert(0, String::new());
    }
    raw.names = names;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_it() {
        let plain = "A,B,count\n1,0,10\n";
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [
            plain.as_bytes().to_vec(),
            utf16,
            b"\xef\xbb\xbfA,B,count\r\n1,0,10\r\n".to_vec(),
            b"A;B;count\n1;0;10\n".to_vec(),
            b"A\tB\tcount\n1\t0\t10\n".to_vec(),
            b"  A B  count\n  1 0     10\n\n".to_vec(),
        ] {
            let raw = columns(&text_of(&bytes[..], Path::new("t")).unwrap(), Path::new("t")).unwrap();
            assert_eq!(raw.names, ["A", "B", "count"]);
            assert_eq!(raw.rows[0].1, csv::StringRecord::from(vec!["1", "0", "10"]));
        }
        let rows = columns("\"A\" \"B\" \"Freq\"\n\"1\" 1 0 10\n", Path::new("t")).unwrap();
        assert_eq!(rows.names, ["", "A", "B", "Freq"]);
        let none = columns("1 0\n0 1\n", Path::new("t")).unwrap();
        assert!(none.headless && none.names == ["L1", "L2"] && none.rows.len() == 2);
        assert_eq!(text_of(&b"caf\xe9\n"[..], Path::new("t")).unwrap(), "café\n");
    }
}
