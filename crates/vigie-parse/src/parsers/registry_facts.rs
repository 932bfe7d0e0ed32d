//! What a hive says of its server: its name, the Exchange that is installed, and the tools that were run.
//!
//! Where Exchange leaves its version: `Setup` holds the build of the cumulative update; a security update does not change
//! it, but is listed among the patches of Windows Installer, under `Uninstall` and under `Microsoft\Updates`
//! (CSS-Exchange, `Get-ExchangeUpdates.ps1`). Which build an update makes of a cumulative update is known to whoever holds
//! the table of builds.

use vigie_model::Time;
use vigie_model::evidence::{Fact, FactKind};

use super::registry_hive::{BASE_BLOCK_BYTES, Hive, Key};
use crate::Sink;

/// Keys of one list that are looked at: programs, products and patches are some thousands at most.
const KEYS_MAX: usize = 20_000;
/// Twelve hours, in microseconds.
const HALF_A_DAY_MICROS: i64 = 12 * 3_600 * 1_000_000;

/// Gives all facts of a hive.
pub(super) fn give(hive: &Hive<'_>, kind: &str, sink: &mut dyn Sink) {
    match kind {
        "SYSTEM" => host_name(hive, sink),
        "SOFTWARE" => {
            exchange_base(hive, sink);
            exchange_updates(hive, sink);
            tools(hive, sink);
        }
        _ => {}
    }
}

/// `ControlSet001`, where `Select` says that it is in use.
pub(super) fn current_control_set(hive: &Hive<'_>) -> Option<String> {
    let select = hive.find("Select")?;
    Some(format!("ControlSet{:03}", hive.number(select, "Current")?))
}

fn fact(sink: &mut dyn Sink, kind: FactKind, value: &str, key: Key<'_>, time: Option<Time>) {
    if !value.is_empty() {
        let offset = u64::from(key.cell).saturating_add(BASE_BLOCK_BYTES as u64);
        sink.fact(Fact { kind, value: value.to_owned(), time, place: format!("offset {offset}") });
    }
}

fn host_name(hive: &Hive<'_>, sink: &mut dyn Sink) {
    let Some(set) = current_control_set(hive) else { return };
    let path = format!(r"{set}\Control\ComputerName\ComputerName");
    if let Some(key) = hive.find(&path)
        && let Some(name) = hive.text(key, "ComputerName")
    {
        fact(sink, FactKind::HostName, &name, key, key.written());
    }
}

/// The build of the cumulative update, and the one that OWA was last told to show.
fn exchange_base(hive: &Hive<'_>, sink: &mut dyn Sink) {
    for version in ["v15", "v14"] {
        let Some(key) = hive.find(&format!(r"Microsoft\ExchangeServer\{version}\Setup")) else { continue };
        let names = ["MsiProductMajor", "MsiProductMinor", "MsiBuildMajor", "MsiBuildMinor"];
        let parts: Vec<u32> = names.iter().filter_map(|name| hive.number(key, name)).collect();
        if let [major, minor, build, revision] = parts.as_slice() {
            let value = format!("{major}.{minor}.{build}.{revision}");
            fact(sink, FactKind::BuildBase, &value, key, key.written());
        }
        if let Some(owa) = hive.text(key, "OwaVersion").filter(|text| is_build(text)) {
            fact(sink, FactKind::UpdateInstalled, &owa, key, key.written());
        }
    }
}

fn is_build(text: &str) -> bool {
    text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u32>().is_ok())
}

/// Updates of Exchange by all the places that name them.
fn exchange_updates(hive: &Hive<'_>, sink: &mut dyn Sink) {
    for uninstall in [
        r"Microsoft\Windows\CurrentVersion\Uninstall",
        r"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
    ] {
        let below = hive.find(uninstall).map(|key| hive.subkeys(key)).unwrap_or_default();
        for key in below.into_iter().take(KEYS_MAX) {
            update_by_name(hive, key, "InstallDate", sink);
        }
    }
    let products = hive.find(r"Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products");
    let products = products.map(|key| hive.subkeys(key)).unwrap_or_default();
    for product in products.into_iter().take(KEYS_MAX) {
        let patches = hive.find_below(product, "Patches").map(|key| hive.subkeys(key)).unwrap_or_default();
        for patch in patches.into_iter().take(KEYS_MAX) {
            // Applied; others were superseded, made obsolete or only registered.
            if hive.number(patch, "State").is_none_or(|state| state == 1) {
                update_by_name(hive, patch, "Installed", sink);
            }
        }
    }
    let updates = hive.find(r"Microsoft\Updates").map(|key| hive.subkeys(key)).unwrap_or_default();
    for product in updates.iter().filter(|key| key.name().starts_with("Exchange")) {
        for update in hive.subkeys(*product).into_iter().take(KEYS_MAX) {
            let text = hive.text(update, "PackageName").unwrap_or_else(|| update.name());
            if let Some(article) = article_of(&text).or_else(|| article_of(&update.name())) {
                fact(sink, FactKind::UpdateInstalled, &article, update, update.written());
            }
        }
    }
}

/// An update that its display name shows to be one of Exchange.
fn update_by_name(hive: &Hive<'_>, key: Key<'_>, date: &str, sink: &mut dyn Sink) {
    let Some(name) = hive.text(key, "DisplayName").filter(|name| name.contains("Exchange Server")) else {
        return;
    };
    if let Some(article) = article_of(&name) {
        // Both are no earlier than the moment of installation: the key may have been written again since.
        let day = hive.text(key, date).and_then(|text| day_of(&text));
        let time = match (key.written(), day) {
            (Some(written), Some(day)) => Some(written.min(day)),
            (written, day) => written.or(day),
        };
        fact(sink, FactKind::UpdateInstalled, &article, key, time);
    }
}

/// `20210303`, as the end of that day in the last zone where it ends (UTC-12): its zone is not told.
fn day_of(text: &str) -> Option<Time> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(number(0, 4)?).ok()?;
    (text.len() == 8).then_some(())?;
    Time::from_civil(year, number(4, 6)?, number(6, 8)?, 86_399, 0)?.plus_micros(HALF_A_DAY_MICROS)
}

/// `KB5000871` out of a name that holds it.
fn article_of(text: &str) -> Option<String> {
    text.match_indices("KB").find_map(|(at, _)| {
        let rest = text.get(at.checked_add(2)?..)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (6..=8).contains(&digits.len()).then(|| format!("KB{digits}"))
    })
}

/// Traces that Microsoft's clean-up tools leave behind.
fn tools(hive: &Hive<'_>, sink: &mut dyn Sink) {
    if let Some(key) = hive.find(r"MSERTBootstrap\PatchState") {
        fact(sink, FactKind::ToolRun, "EOMT", key, key.written());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_updates() {
        let name = "Security Update for Exchange Server 2016 Cumulative Update 19 (KB5000871)";
        assert_eq!(article_of(name).as_deref(), Some("KB5000871"));
        assert_eq!(article_of("MKB12 KB"), None);
        assert_eq!(day_of("20210303").unwrap().to_string(), "2021-03-04T11:59:59.000000Z");
        assert_eq!((day_of("3/3/2021"), day_of("20211340")), (None, None));
    }
}
