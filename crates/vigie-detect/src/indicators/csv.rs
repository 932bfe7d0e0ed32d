//! Indicators as CSV: the header and the types of a pack's `indicators.csv`.

use vigie_model::pack::Pack;
use vigie_model::rule::{Level, RuleInfo, Stage};

use super::feed::id;
use super::value::{condition, refang};
use crate::error::LoadError;
use crate::ir::{LogSource, Rule};
use crate::place::Text;

const HEADER: [&str; 7] = ["type", "value", "stage", "way", "level", "title", "note"];

/// Reads the file: rules and mistakes. Without a pack it is a user's feed: stages and ways say nothing there.
pub(crate) fn read(path: &str, content: &str, pack: Option<&Pack>) -> (Vec<Rule>, Vec<LoadError>) {
    let text = Text { path, body: content, lines_before: 0 };
    let (mut rules, mut errors) = (Vec::new(), Vec::new());
    let mut lines = content.lines().enumerate().filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    if let Some((index, line)) = lines.next()
        && cells(line) != HEADER
    {
        errors.push(text.error_at(index, 0, "the first line must name the columns", &HEADER.join(",")));
    }
    for (index, line) in lines {
        match read_line(path, line, pack) {
            Ok(rule) => rules.push(rule),
            Err((cell, message)) => {
                let byte = line.find(&cell).unwrap_or(0);
                errors.push(text.error_at(
                    index,
                    byte,
                    message,
                    "see the top of indicators.rs for the format",
                ));
            }
        }
    }
    (rules, errors)
}

fn read_line(path: &str, line: &str, pack: Option<&Pack>) -> Result<Rule, (String, String)> {
    let cells = cells(line);
    let Ok([kind, value, stage, way, level, title, note]) = <[String; 7]>::try_from(cells) else {
        return Err((String::new(), format!("the line does not have {} columns", HEADER.len())));
    };
    let stage = match (pack, Stage::from_word(&stage).filter(|stage| *stage != Stage::NoTrace)) {
        (Some(_), None) => return Err((stage.clone(), format!("`{stage}` is no stage"))),
        (Some(_), known) => known,
        (None, _) => None,
    };
    let Some(level) = Level::ALL.iter().copied().find(|known| known.word() == level) else {
        return Err((level.clone(), format!("`{level}` is no level")));
    };
    if let Some(pack) = pack
        && !way.is_empty()
        && !pack.way.iter().any(|known| known.id == way)
    {
        return Err((way.clone(), format!("the pack has no way in `{way}`")));
    }
    if title.is_empty() {
        return Err((String::new(), "the indicator has no title".into()));
    }
    let read =
        if matches!(kind.as_str(), "address" | "domain" | "url") { refang(&value) } else { value.clone() };
    let (condition, confidence) = condition(&kind, &read).map_err(|message| (value.clone(), message))?;
    let info = RuleInfo {
        id: pack.map_or_else(|| id(&kind, &read), |pack| format!("{}:{kind}:{value}", pack.id)),
        title,
        description: note,
        level,
        confidence,
        pack: pack.map(|pack| pack.id.clone()),
        stage,
        way: pack.is_some().then_some(way).filter(|way| !way.is_empty()),
        source: path.to_owned(),
        ..RuleInfo::default()
    };
    let source = LogSource { indicator: true, ..LogSource::default() };
    Ok(Rule::new(info, source, condition))
}

/// The cells of a line; double quotes hold commas, and `""` is a quote.
pub(super) fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
