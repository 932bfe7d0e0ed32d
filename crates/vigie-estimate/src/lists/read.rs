//! Reads CSV and JSON lines into records, by header, with what each list says of itself.
//!
//! A CSV may open with lines such as `# source: ESET telemetry`, `# derived-from: shadowserver`, `# claims: compromised`,
//! `# window: 2021-02-26..2021-03-09`; a JSON-lines file with `{"_list": {"source": ..., ...}}`.

use super::fields::{Field, field_of, host_name, is_generic_forest, is_generic_reverse, registrable};
use super::fleet;
use super::names::clean;
use super::{KeyKind, Record};
use crate::error::Error;
use crate::honesty::wording::tame;
use crate::table::bounded::{BoundedRows, MAX_ROW};
use crate::table::delimiter_of;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Most records over all lists.
const MAX_RECORDS: usize = 20_000_000;
/// Longest line that is read.
const MAX_LINE: u64 = MAX_ROW;
/// Most lists.
const MAX_LISTS: usize = crate::table::MAX_LISTS;

/// What is known of one list.
#[derive(Clone, Debug, Default)]
pub struct ListMeta {
    /// Its name: the file's, without extension.
    pub name: String,
    /// Who made it.
    pub source: Option<String>,
    /// The list that it was made from, when it says so.
    pub derived_from: Option<String>,
    /// What it says of its rows: vulnerable, compromised.
    pub claims: Option<String>,
    /// Its dates as it states them.
    pub window: Option<String>,
    /// Rows read.
    pub rows: usize,
    /// Rows without anything that could place them.
    pub unplaced: usize,
    /// Rows whose verdict says that they are no victims.
    pub not_victims: usize,
    /// First and last day of its rows.
    pub days: Option<(i32, i32)>,
}

impl ListMeta {
    /// The middle of its window in days since 1970: as it states it, or between its first and last row.
    pub fn middle(&self) -> Option<f64> {
        let stated = self.window.as_deref().and_then(|w| match w.split_once("..") {
            Some((from, to)) => Some((day_of(from.trim())?, day_of(to.trim())?)),
            None => day_of(w.trim()).map(|day| (day, day)),
        });
        stated.or(self.days).map(|(a, b)| f64::midpoint(f64::from(a), f64::from(b)))
    }
}

/// All lists, their strings interned.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// One entry a list.
    pub metas: Vec<ListMeta>,
    /// All rows.
    pub records: Vec<Record>,
    strings: Vec<String>,
    index: HashMap<String, u32>,
}

impl Lists {
    /// The text of an interned string.
    pub fn text(&self, id: u32) -> &str {
        self.strings.get(id as usize).map_or("", String::as_str)
    }

    fn intern(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.index.get(text) {
            return id;
        }
        let id = u32::try_from(self.strings.len()).unwrap_or(u32::MAX);
        self.strings.push(text.to_owned());
        self.index.insert(text.to_owned(), id);
        id
    }

    /// Adds one row given as fields.
    pub fn add(&mut self, list: u16, line: u32, values: &[(Field, &str)]) {
        let mut record = Record { list, line, ..Record::default() };
        if values.iter().any(|&(f, v)| f == Field::Verdict && !v.trim().is_empty() && !fleet::is_victim(v)) {
            let meta = &mut self.metas[list as usize];
            meta.rows += 1;
            meta.not_victims += 1;
            return;
        }
        for &(field, value) in values {
            let value = shortened(value.trim());
            if !value.is_empty() {
                self.place(&mut record, field, value);
            }
        }
        if let Some(name) = record.name {
            let country =
                record.country.map_or("??".to_owned(), |c| String::from_utf8_lossy(&c).into_owned());
            let key = format!("{}|{country}", self.text(name));
            record.keys.push((KeyKind::Name, self.intern(&key)));
        }
        record.keys.sort_unstable();
        record.keys.dedup();
        let meta = &mut self.metas[list as usize];
        meta.rows += 1;
        if let Some(day) = record.day {
            meta.days = Some(meta.days.map_or((day, day), |(a, b)| (a.min(day), b.max(day))));
        }
        if record.keys.is_empty() {
            meta.unplaced += 1;
        } else {
            self.records.push(record);
        }
    }

    fn place(&mut self, record: &mut Record, field: Field, value: &str) {
        match field {
            Field::Url => self.place_url(record, value),
            Field::Address => {
                if let Ok(address) = value.parse::<std::net::IpAddr>() {
                    record.keys.push((KeyKind::Address, self.intern(&address.to_string())));
                }
            }
            Field::OwnName => {
                value.split([',', ';', ' ', '|']).take(100).for_each(|v| self.place_host(record, v));
            }
            Field::ReverseName => {
                for host in
                    value.split([',', ';', ' ']).take(20).filter(|v| !is_generic_reverse(&v.to_lowercase()))
                {
                    self.place_host(record, host);
                }
            }
            Field::Certificate => {
                let hash = value.to_lowercase().replace([':', ' '], "");
                if hash.len() >= 8 {
                    record.keys.push((KeyKind::Certificate, self.intern(&hash)));
                }
            }
            Field::Forest => {
                let forest = value.to_lowercase();
                if let Some(domain) = registrable(&forest) {
                    record.keys.push((KeyKind::Domain, self.intern(&domain)));
                } else if !is_generic_forest(&forest) {
                    record.keys.push((KeyKind::Forest, self.intern(&forest)));
                }
            }
            Field::Organisation => {
                let cleaned = clean(value);
                if cleaned.len() >= 2 {
                    record.name = Some(self.intern(&cleaned));
                }
            }
            Field::Country => {
                if let [a, b] = *value.to_uppercase().as_bytes() {
                    record.country = Some([a, b]);
                }
            }
            Field::Time => record.day = record.day.or_else(|| day_of(value)),
            Field::Verdict => {}
        }
    }

    /// A whole URL with its host. A bare path (`/owa/`, as some scans write it) is on every server and links nobody.
    fn place_url(&mut self, record: &mut Record, value: &str) {
        let lower = value.to_lowercase();
        let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let bare = rest[..end].trim_start_matches('[').trim_end_matches(']');
        let host = bare
            .rsplit_once(':')
            .map_or(bare, |(host, port)| if port.parse::<u16>().is_ok() { host } else { bare });
        let address = bare.parse().or_else(|_| host.trim_end_matches(']').parse::<std::net::IpAddr>()).ok();
        if address.is_none() && host_name(host).is_none() {
            return;
        }
        record.keys.push((KeyKind::Url, self.intern(lower.split(['?', '#']).next().unwrap_or(""))));
        match address {
            Some(address) => record.keys.push((KeyKind::Address, self.intern(&address.to_string()))),
            None => self.place_host(record, host),
        }
    }

    fn place_host(&mut self, record: &mut Record, value: &str) {
        let Some(host) = host_name(value) else { return };
        if let Some(domain) = registrable(&host) {
            record.keys.push((KeyKind::Domain, self.intern(&domain)));
            if host != domain && !value.trim_start().starts_with("*.") {
                record.keys.push((KeyKind::HostName, self.intern(&host)));
            }
        }
    }
}

/// Longer values name nothing; they would only fill the memory.
const MAX_VALUE: usize = 8_192;

fn shortened(value: &str) -> &str {
    let mut end = value.len().min(MAX_VALUE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}

/// The day of an ISO date at the start of a text.
pub(crate) fn day_of(text: &str) -> Option<i32> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i32>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if !(1970..2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days from civil date, Gregorian calendar, March-based years.
    let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = y / 400;
    let of_era = y - era * 400;
    let of_year = (153 * m + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Reads all lists.
///
/// # Errors
/// A file that cannot be read, or whose header names nothing that could place a row.
pub fn read_lists(paths: &[PathBuf]) -> Result<Lists, Error> {
    if paths.len() > MAX_LISTS {
        return Err(Error::Options(format!(
            "{} lists: at most {MAX_LISTS} can be held against each other",
            paths.len()
        )));
    }
    let mut lists = Lists::default();
    for path in paths {
        if path.is_dir() {
            begin(&mut lists, path);
            fleet::read_folder(&mut lists, path)?;
            continue;
        }
        let file = std::fs::File::open(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        read_list(&mut lists, file, path)?;
    }
    // The index is only needed while reading; the strings stay.
    lists.index = HashMap::new();
    Ok(lists)
}

/// Reads one list.
///
/// # Errors
/// As [`read_lists`].
pub fn read_list(lists: &mut Lists, input: impl Read, path: &Path) -> Result<(), Error> {
    begin(lists, path);
    let mut reader = BufReader::new(input);
    let start = reader.fill_buf().map_err(|source| Error::Read { path: path.to_owned(), source })?;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        let message = "this list is in UTF-16: save it as UTF-8".to_owned();
        return Err(Error::Input { path: path.to_owned(), message });
    }
    let first = skip_comments(lists, &mut reader, path)?;
    if first.trim() == "{" || first.trim_start().starts_with("{\"schema\"") {
        return fleet::read_assessment(lists, first.as_bytes().chain(reader), path);
    }
    if first.trim_start().starts_with('{') {
        read_json_lines(lists, &first, reader, path)
    } else {
        read_csv(lists, &first, reader, path)
    }
}

/// A new list, named by its file.
fn begin(lists: &mut Lists, path: &Path) {
    let name = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let name = if lists.metas.iter().any(|m| m.name == name) {
        format!("{name}-{}", lists.metas.len() + 1)
    } else {
        name
    };
    lists.metas.push(ListMeta { name, ..ListMeta::default() });
}

fn next_line(reader: &mut impl BufRead, path: &Path) -> Result<Option<String>, Error> {
    let mut bytes = Vec::new();
    let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes);
    let count = read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    if count as u64 == MAX_LINE {
        let message = format!("a line is longer than {} MiB", MAX_LINE >> 20);
        return Err(Error::Input { path: path.to_owned(), message });
    }
    Ok((count > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Reads `# key: value` lines; gives the first other line.
fn skip_comments(lists: &mut Lists, reader: &mut impl BufRead, path: &Path) -> Result<String, Error> {
    while let Some(line) = next_line(reader, path)? {
        let Some(comment) = line.strip_prefix('#') else {
            if line.trim().is_empty() {
                continue;
            }
            return Ok(line);
        };
        if let (Some((key, value)), Some(meta)) = (comment.split_once(':'), lists.metas.last_mut()) {
            set_meta(meta, key.trim(), value.trim());
        }
    }
    Err(Error::Input { path: path.to_owned(), message: "the list is empty".to_owned() })
}

fn set_meta(meta: &mut ListMeta, key: &str, value: &str) {
    let value = Some(value.chars().take(300).collect::<String>()).filter(|v| !v.is_empty());
    match key.to_lowercase().replace('_', "-").as_str() {
        "source" | "provenance" => meta.source = value,
        "derived-from" => meta.derived_from = value,
        "claims" => meta.claims = value,
        "window" | "dates" => meta.window = value,
        _ => {}
    }
}

fn read_csv(lists: &mut Lists, header: &str, reader: impl Read, path: &Path) -> Result<(), Error> {
    let (whole, meter) = BoundedRows::new(header.as_bytes().chain(reader));
    // A space is none here: `Company name` may be the title of the only column.
    let delimiter = Some(delimiter_of(header)).filter(|&d| d != b' ').unwrap_or(b',');
    let mut csv = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(whole);
    let bad = |message: String| Error::Input { path: path.to_owned(), message };
    let headers = csv.byte_headers().map_err(|e| bad(e.to_string()))?.clone();
    let mut fields: Vec<Option<Field>> =
        headers.iter().map(|h| field_of(&String::from_utf8_lossy(h))).collect();
    if fields.len() == 1 && fields[0].is_none() {
        // A bare list of names under any title.
        fields[0] = Some(Field::Organisation);
    }
    if !fields.iter().flatten().any(|f| !matches!(f, Field::Country | Field::Time | Field::Verdict)) {
        let shown: Vec<String> = headers.iter().take(12).map(|h| tame(&String::from_utf8_lossy(h))).collect();
        return Err(bad(format!(
            "no column names a URL, address, host, certificate or organisation (found: {})",
            shown.join(", ")
        )));
    }
    let list = list_number(lists);
    let mut record = csv::ByteRecord::new();
    let mut line = 1;
    loop {
        meter.row_ended();
        match csv.read_byte_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => return Err(bad(error.to_string())),
        }
        line += 1;
        let texts: Vec<(Field, String)> = fields
            .iter()
            .zip(record.iter())
            .filter_map(|(field, value)| field.map(|f| (f, String::from_utf8_lossy(value).into_owned())))
            .collect();
        let values: Vec<(Field, &str)> = texts.iter().map(|(f, v)| (*f, v.as_str())).collect();
        lists.add(list, line, &values);
        too_many(lists, path)?;
    }
}

fn list_number(lists: &Lists) -> u16 {
    u16::try_from(lists.metas.len().saturating_sub(1)).unwrap_or(u16::MAX)
}

fn too_many(lists: &Lists, path: &Path) -> Result<(), Error> {
    if lists.records.len() > MAX_RECORDS {
        return Err(Error::Input {
            path: path.to_owned(),
            message: format!("more than {MAX_RECORDS} records"),
        });
    }
    Ok(())
}

fn read_json_lines(
    lists: &mut Lists,
    first: &str,
    mut reader: impl BufRead,
    path: &Path,
) -> Result<(), Error> {
    let list = list_number(lists);
    let mut next = Some(first.to_owned());
    let mut line = 0;
    while let Some(text) = next {
        line += 1;
        if !text.trim().is_empty() {
            let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| Error::Line {
                path: path.to_owned(),
                line: u64::from(line),
                message: format!("not a JSON object: {e}"),
            })?;
            if let (Some(serde_json::Value::Object(about)), Some(meta)) =
                (value.get("_list"), lists.metas.last_mut())
            {
                about.iter().for_each(|(k, v)| set_meta(meta, k, v.as_str().unwrap_or("")));
            } else {
                let mut found = Vec::new();
                flatten(&value, &mut String::new(), &mut found);
                let values: Vec<(Field, &str)> = found.iter().map(|(f, v)| (*f, v.as_str())).collect();
                lists.add(list, line, &values);
                too_many(lists, path)?;
            }
        }
        next = next_line(&mut reader, path)?;
    }
    Ok(())
}

/// Nested names are joined by dots; arrays give one value each. JSON itself bounds the depth at 128.
fn flatten(value: &serde_json::Value, path: &mut String, found: &mut Vec<(Field, String)>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, inner) in map {
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(key);
                flatten(inner, path, found);
                path.truncate(length);
            }
        }
        serde_json::Value::Array(items) => items.iter().take(100).for_each(|item| flatten(item, path, found)),
        serde_json::Value::String(text) => found.extend(field_of(path).map(|f| (f, text.clone()))),
        serde_json::Value::Number(number) => found.extend(field_of(path).map(|f| (f, number.to_string()))),
        serde_json::Value::Bool(_) | serde_json::Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_1970() {
        assert_eq!(day_of("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(day_of("2021-03-02 12:00:00"), Some(18_688));
        assert_eq!(day_of("not a date"), None);
    }

    #[test]
    fn both_formats_and_what_a_list_says_of_itself() {
        let mut lists = Lists::default();
        let csv = "# source: scan\n# derived-from: other\ntimestamp,ip,hostname,geo\n2021-03-09,192.0.2.1,mail.firma.de,de\n,,,\n";
        read_list(&mut lists, csv.as_bytes(), Path::new("a.csv")).unwrap();
        let json = "{\"_list\":{\"claims\":\"compromised\"}}\n{\"ip_str\":\"192.0.2.1\",\"ssl\":{\"cert\":{\"subject\":{\"CN\":\"mail.firma.de\"}}}}\n";
        read_list(&mut lists, json.as_bytes(), Path::new("b.jsonl")).unwrap();
        assert_eq!((lists.metas[0].rows, lists.metas[0].unplaced), (2, 1));
        assert_eq!(lists.metas[0].derived_from.as_deref(), Some("other"));
        assert_eq!(lists.metas[1].claims.as_deref(), Some("compromised"));
        assert_eq!(lists.records.len(), 2);
        assert!(lists.records.iter().all(|r| r.keys.iter().any(|k| k.0 == KeyKind::Domain)));
    }

    #[test]
    fn a_list_that_places_nothing_is_an_error() {
        let mut lists = Lists::default();
        let error = read_list(&mut lists, "colour,size\nred,3\n".as_bytes(), Path::new("x.csv")).unwrap_err();
        assert!(error.to_string().contains("found: colour, size"));
    }
}
