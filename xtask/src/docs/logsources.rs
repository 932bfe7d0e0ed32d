//! `sigma-logsources.md`: which evidence a rule's `logsource` means, and what its fields are called there.

use std::fmt::Write as _;

use vigie_detect::taxonomy::twins::{ROOTS, WORDS};
use vigie_detect::taxonomy::{self, Alias, Joint, Place, Source};

/// The page, from the table that rules are bound by.
pub(super) fn page() -> String {
    let mut page = String::from(super::GENERATED);
    page.push_str(OPENING);
    let (windows, others): (Vec<&Source>, Vec<&Source>) =
        taxonomy::sources().partition(|source| source.artifact == "windows.event");
    page.push_str("\n## Logs of web servers and of Exchange\n\n");
    page.push_str(
        "| category | product | service | artifact | streams | fields |\n|---|---|---|---|---|---|\n",
    );
    for source in &others {
        let _ = writeln!(
            page,
            "| {} | {} | {} | `{}` | {} | {} |",
            code(source.category),
            code(source.product),
            code(source.service),
            source.artifact,
            list(source.streams),
            fields_of(source),
        );
    }
    page.push_str("\n## Windows events\n\n");
    page.push_str("Artifact `windows.event`, product `windows` (`antivirus` without a product, too).\n\n");
    page.push_str(
        "| category | service | channel or provider | event ids | fields |\n|---|---|---|---|---|\n",
    );
    for source in &windows {
        let ids: Vec<String> = source.event_ids.iter().map(u32::to_string).collect();
        let ids = if ids.is_empty() { "all".to_owned() } else { ids.join(", ") };
        let place = match (source.streams, source.provider) {
            ([], "") => "every channel".to_owned(),
            ([], provider) => format!("provider `{provider}`, in any channel"),
            (streams, _) => list(streams),
        };
        let (category, service) = (code(source.category), code(source.service));
        let _ = writeln!(page, "| {category} | {service} | {place} | {ids} | {} |", fields_of(source));
    }
    for (title, fields) in named_fields() {
        let _ = write!(page, "\n## {title}\n\n| in rules | in the evidence |\n|---|---|\n");
        for alias in fields {
            let places: Vec<String> = alias.evidence.iter().map(place).collect();
            let _ = writeln!(page, "| `{}` | {} |", alias.rule, places.join(", or "));
        }
    }
    words(&mut page);
    page
}

const OPENING: &str = "# Log sources: which evidence a Sigma rule means

A rule's `logsource` chooses rows of these tables; parts that a rule leaves out restrict nothing, and a rule without any
meets every event that has its fields. Rules are chosen for each event, never for a file: forwarded events, merged exports
and files with several logs get the rules of each event. An event whose channel is `ForwardedEvents` is known by its provider.

Fields keep the names of the evidence unless a table below says otherwise. Names are compared without case, and those with
blanks are met without them: `ThreatName` or `Threat_Name` for `Threat Name`. `EventID` is the id without its qualifiers.
Values without a name (`MSExchange Management` and other classic logs) are `Data0`, `Data1`, ... and, all together, `Data`.

Rules for other logs load and are named as such: `vigie hunt --liveness FILE` says of every rule why it could not fire.
";

/// Sets of field names, each told once under the title of the log that has it.
fn named_fields() -> Vec<(String, &'static [Alias])> {
    let mut found: Vec<(String, &'static [Alias])> = Vec::new();
    for source in taxonomy::sources().filter(|source| !source.fields.is_empty()) {
        if found.iter().all(|(_, fields)| !std::ptr::eq(*fields, source.fields)) {
            found.push((title(source), source.fields));
        }
    }
    found
}

fn fields_of(source: &Source) -> String {
    let own = named_fields().into_iter().find(|(_, fields)| std::ptr::eq(*fields, source.fields));
    match own {
        Some((title, _)) => format!("[{title}](#{})", anchor(&title)),
        None => "as in the evidence".to_owned(),
    }
}

/// Built from what the row says, so that a new set of names needs no word here.
fn title(source: &Source) -> String {
    let ids: Vec<String> = source.event_ids.iter().take(2).map(u32::to_string).collect();
    let more = if source.event_ids.len() > 2 { " and more" } else { "" };
    let log = match (source.artifact, source.streams) {
        ("windows.event", [stream, ..]) => *stream,
        (artifact, _) => artifact,
    };
    let ids = if ids.is_empty() { String::new() } else { format!(", events {}{more}", ids.join(" and ")) };
    format!("Fields of {log}{ids}")
}

/// As GitHub makes anchors of headings.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn words(page: &mut String) {
    page.push_str("\n## Words that the Security log says otherwise\n\n");
    page.push_str("A rule written for Sysmon meets these, too.\n\n");
    page.push_str("| category | in rules | in the Security log |\n|---|---|---|\n");
    for word in WORDS {
        let said: Vec<String> = word.said.iter().map(|said| format!("`{}: {said}`", word.twin)).collect();
        let said = said.join(" or ");
        let _ = writeln!(page, "| `{}` | `{}: {}` | {said} |", word.category, word.field, word.word);
    }
    page.push_str("| `registry_*` | `Details: DWORD (0x00000001)` | `NewValue: 1` |\n");
    for (sysmon, kernel) in ROOTS {
        let _ = writeln!(page, "| `registry_*` | `{sysmon}\\...` | `{kernel}\\...` |");
    }
    page.push_str("| `registry_*` | `\\CurrentControlSet` | `\\ControlSet001`, or another number |\n");
    page.push_str("\nAn access that was only asked for (4663) and a port that was only bound (5158) meet no rule of these ");
    page.push_str("categories: nothing was changed, nobody connected.\n");
}

fn place(place: &Place) -> String {
    match place {
        Place::Field(name) => format!("`{name}`"),
        Place::Joined(left, Joint::Query, right) => format!("`{left}?{right}`"),
        Place::Joined(left, Joint::Backslash, right) => format!("`{left}\\{right}`"),
    }
}

fn code(word: &str) -> String {
    if word.is_empty() { String::new() } else { format!("`{word}`") }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| code(word)).collect::<Vec<_>>().join(", ")
}
