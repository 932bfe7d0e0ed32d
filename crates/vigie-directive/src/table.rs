//! A table of dues, `<id>.kev.tsv`: one action a line, as the catalogue of known exploited vulnerabilities asks for it.
//!
//! Columns: `cve`, `product`, `added` and `due` (dates), `checked` (`yes` when read in the catalogue itself, `no` when
//! only pages of others say it), `source`. Lines that begin with `#` are remarks. Whether a build holds the fix of a CVE
//! is known for Exchange only: for other products the directive can have a declaration and no more.

use vigie_model::directive::{Action, Condition, Evidence, Order, Per};
use vigie_model::pack::Text;

use crate::error::Mistake;
use crate::load::{RawKev, Reader, bundled_file};
use crate::zone::{self, DayMeans};

const COLUMNS: &[&str] = &["cve", "product", "added", "due", "checked", "source"];

/// Lines read at most: the whole catalogue has under two thousand.
const LINES_MAX: usize = 20_000;

struct Row<'a> {
    cve: &'a str,
    product: &'a str,
    order: Order,
    checked: bool,
}

/// The actions of a table; mistakes go to the reader.
pub(crate) fn actions(kev: &RawKev, reader: &mut Reader<'_>) -> Vec<Action> {
    let name = kev.table.get_ref();
    let Some(text) = bundled_file(name) else {
        let message = format!("no table is called `{name}`");
        reader.wrong(kev.table.span().start, message, "put it beside the directive and build again");
        return Vec::new();
    };
    let path = format!("directives/{name}");
    let mut found = Vec::new();
    let lines = text.lines().enumerate().take(LINES_MAX).filter(|(_, line)| !line.starts_with('#'));
    for (position, (index, line)) in lines.enumerate() {
        let cells: Vec<&str> = line.split('\t').collect();
        let row =
            if position == 0 { header(&cells).map(|()| None) } else { row(&cells, &kev.zone).map(Some) };
        match row {
            Ok(row) => found.extend(row.map(|row| action(kev, &row))),
            Err(message) => {
                let hint = "columns: cve, product, added, due, checked, source, with tabs between them";
                reader.mistakes.push(Mistake::on_line(&path, index as u64 + 1, message, hint));
            }
        }
    }
    found
}

fn header(cells: &[&str]) -> Result<(), String> {
    if cells == COLUMNS { Ok(()) } else { Err(format!("the columns are called {}", cells.join(", "))) }
}

fn row<'a>(cells: &[&'a str], zone: &str) -> Result<Row<'a>, String> {
    let [cve, product, added, due, checked, _source] = *cells else {
        return Err(format!("{} values for {} columns", cells.len(), COLUMNS.len()));
    };
    let checked = match checked {
        "yes" => true,
        "no" => false,
        other => return Err(format!("`{other}` is neither yes nor no")),
    };
    // The catalogue gives days: whatever zone was in force in Washington on each.
    let day = |text: &str, means| {
        let summer = zone.replace("ST", "DT");
        zone::moment(text, zone, means).or_else(|_| zone::moment(text, &summer, means))
    };
    let order = Order {
        from: day(added, DayMeans::Start)?.time,
        supplement: None,
        due: Some(day(due, DayMeans::End)?),
    };
    Ok(Row { cve, product, order, checked })
}

fn action(kev: &RawKev, row: &Row<'_>) -> Action {
    let cves = vec![row.cve.to_owned()];
    let evidence =
        if row.product.starts_with("Exchange") { Evidence::Fixed { cves } } else { Evidence::Declared };
    let fill = |text: &str| text.replace("{cve}", row.cve).replace("{product}", row.product);
    let both = |text: &Text| Text { en: fill(&text.en), fr: fill(&text.fr) };
    Action {
        id: row.cve.to_ascii_lowercase(),
        title: both(&kev.title),
        detail: both(&kev.detail),
        groups: Vec::new(),
        applies: Condition::Exchange,
        also_groups: Vec::new(),
        per: Per::Server,
        evidence,
        released_by: Vec::new(),
        orders: vec![row.order.clone()],
        unverified: (!row.checked).then(|| kev.unverified.clone()),
    }
}
