//! What a directive says, for people: `vigie directive list` and `vigie directive show`.

use std::io;

use vigie_model::directive::{Action, Directive, Moment};
use vigie_model::pack::Text;

use super::proof;
use crate::catalog::{self, fill};
use crate::render::text::wrap;
use crate::{Lang, Style, tell};

/// Writes one line a directive.
pub fn list(directives: &[Directive], style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let lang = style.lang;
    let mut lines = Vec::new();
    for one in directives {
        lines.push(format!("{}  {}", one.id, tell::local(lang, &one.title)));
        let mut facts =
            vec![format!("{} {}", catalog::text(lang, "directive.issued"), day(lang, &one.issued))];
        facts.extend(one.closed.as_ref().map(|closed| {
            format!("{} {}", catalog::text(lang, "directive.closed_on"), day(lang, &closed.at))
        }));
        facts.push(tell::counted(lang, "directive.action_count", one.actions.len() as u64));
        facts.push(fill(lang, "directive.knowledge", &[("day", &tell::date(lang, one.version))]));
        lines.push(format!("    {}", facts.join("; ")));
    }
    write(&lines, out)
}

fn write(lines: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = lines.join("\n");
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// The day of a moment in its own zone.
fn day(lang: Lang, moment: &Moment) -> String {
    let day = moment.text.get(..10).and_then(vigie_model::Day::parse);
    day.map_or_else(|| moment.text.clone(), |day| tell::date(lang, day))
}

/// A moment in the words of the order, and in UTC.
fn deadline(lang: Lang, moment: &Moment) -> String {
    let clock = moment.text.get(11..16).map(|clock| format!(", {clock}")).unwrap_or_default();
    format!("{}{clock} {} ({})", day(lang, moment), moment.zone, tell::moment(lang, moment.time))
}

/// Writes all that is known of a directive.
pub fn show(directive: &Directive, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let lang = style.lang;
    let mut page = Lines { style, lines: Vec::new() };
    page.lines.push(format!("{}: {}", directive.id, tell::local(lang, &directive.title)));
    page.lines.push(String::new());
    page.text(2, &directive.summary);
    page.lines.push(String::new());
    page.fact("directive.issuer", &tell::local(lang, &directive.issuer));
    page.fact("directive.issued", &day(lang, &directive.issued));
    if let Some(closed) = &directive.closed {
        let told = format!("{}. {}", day(lang, &closed.at), tell::local(lang, &closed.note));
        page.fact("directive.closed_on", &told);
    }
    page.fact("directive.scope", &tell::local(lang, &directive.scope));
    let groups: Vec<String> = directive
        .groups
        .iter()
        .map(|group| format!("{} ({})", group.id, tell::local(lang, &group.title)))
        .collect();
    page.fact("directive.groups", &groups.join("; "));
    for supplement in &directive.supplements {
        let told = format!("{} ({})", tell::local(lang, &supplement.title), day(lang, &supplement.issued));
        page.fact("directive.supplements", &told);
    }
    page.lines.push(String::new());
    page.lines.push(catalog::text(lang, "directive.actions").to_uppercase());
    for action in &directive.actions {
        page.action(action);
    }
    page.list("directive.report_items", &directive.report_items);
    page.list("directive.unverified", &directive.unverified);
    page.lines.push(String::new());
    page.lines.push(catalog::text(lang, "directive.references").to_uppercase());
    page.lines.extend(directive.references.iter().map(|reference| format!("  {reference}")));
    write(&page.lines, out)
}

/// The page as it is written.
struct Lines<'a> {
    style: &'a Style,
    lines: Vec<String>,
}

impl Lines<'_> {
    fn push(&mut self, indent: usize, text: &str) {
        let room = self.style.width.clamp(60, 120).saturating_sub(indent);
        self.lines.extend(wrap(text, room).into_iter().map(|line| format!("{:indent$}{line}", "")));
    }

    fn text(&mut self, indent: usize, text: &Text) {
        let told = tell::local(self.style.lang, text);
        self.push(indent, &told);
    }

    fn fact(&mut self, label: &'static str, value: &str) {
        if !value.is_empty() {
            self.push(2, &format!("{} {value}", super::label(self.style.lang, label)));
        }
    }

    fn list(&mut self, title: &'static str, items: &[Text]) {
        if items.is_empty() {
            return;
        }
        self.lines.push(String::new());
        self.lines.push(catalog::text(self.style.lang, title).to_uppercase());
        for item in items {
            self.text(2, item);
        }
    }

    fn action(&mut self, action: &Action) {
        let lang = self.style.lang;
        self.lines.push(String::new());
        self.push(2, &format!("{}: {}", action.id, tell::local(lang, &action.title)));
        self.text(6, &action.detail);
        for order in &action.orders {
            let by = order.supplement.as_ref().map(|by| format!("{by}: ")).unwrap_or_default();
            let due = order.due.as_ref().map_or_else(
                || catalog::text(lang, "directive.no_deadline").to_owned(),
                |due| fill(lang, "directive.due_by", &[("due", &deadline(lang, due))]),
            );
            self.push(6, &format!("{by}{due}"));
        }
        if !action.groups.is_empty() {
            self.push(6, &fill(lang, "directive.only_groups", &[("groups", &action.groups.join(", "))]));
        }
        if !action.released_by.is_empty() {
            let actions = action.released_by.join(", ");
            self.push(6, &fill(lang, "directive.released_by", &[("actions", &actions)]));
        }
        self.push(6, &proof(lang, action.evidence.key()));
        if let Some(unverified) = &action.unverified {
            let label = super::label(lang, "directive.unverified");
            self.push(6, &format!("{label} {}", tell::local(lang, unverified)));
        }
    }
}
