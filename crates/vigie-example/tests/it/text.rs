//! A reader of our own for text logs, independent of both the writers and the parsers of the product.

use std::collections::BTreeMap;

/// The cells of one CSV line.
pub(crate) fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut quoted, mut marks) = (false, line.chars().peekable());
    while let Some(mark) = marks.next() {
        let cell = cells.last_mut().unwrap();
        match mark {
            '"' if quoted && marks.peek() == Some(&'"') => {
                marks.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            mark => cell.push(mark),
        }
    }
    assert!(!quoted, "a quote stays open: {line}");
    cells
}

/// A row by the names of its columns.
pub(crate) type Row = BTreeMap<String, String>;

/// The rows of an Exchange log. Every row must have as many cells as the `#Fields` line has names.
pub(crate) fn exchange_rows(bytes: &[u8]) -> Vec<Row> {
    let text = std::str::from_utf8(bytes).unwrap().strip_prefix('\u{feff}').expect("a byte order mark");
    assert!(text.ends_with("\r\n"));
    let fields = text.lines().find_map(|line| line.strip_prefix("#Fields: ")).unwrap();
    let names: Vec<&str> = fields.split(',').collect();
    let data = text.lines().filter(|line| !line.starts_with('#') && *line != fields);
    data.map(|line| {
        let cells = cells(line);
        assert_eq!(cells.len(), names.len(), "{line}");
        names.iter().map(|name| (*name).to_owned()).zip(cells).collect()
    })
    .collect()
}

/// The rows of an IIS log. Every row must have as many words as the last `#Fields` line.
pub(crate) fn iis_rows(bytes: &[u8]) -> Vec<Row> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (mut names, mut rows) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(fields) = line.strip_prefix("#Fields: ") {
            names = fields.split(' ').map(str::to_owned).collect();
        } else if !line.starts_with('#') {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(words.len(), names.len(), "{line}");
            rows.push(names.iter().cloned().zip(words).collect());
        }
    }
    rows
}

/// What stands between two marks.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after).map_or(rest, |(found, _)| found))
}
