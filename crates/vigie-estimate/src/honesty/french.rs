//! Words of published tables in French: units and places that such tables use; any other word stays as it is, in quotes.

use super::wording::tame;

const UNITS: [(&str, &str); 16] = [
    ("addresses", "adresses"),
    ("hosts", "machines"),
    ("ip addresses", "adresses IP"),
    ("ips", "adresses IP"),
    ("machines", "machines"),
    ("organisations", "organisations"),
    ("organizations", "organisations"),
    ("servers", "serveurs"),
    ("systems", "systèmes"),
    ("unique ip addresses", "adresses IP distinctes"),
    ("unique servers", "serveurs distincts"),
    ("units", "unités"),
    ("urls", "URL"),
    ("victims", "victimes"),
    ("web shell url paths", "URL de web shells"),
    ("web shells", "web shells"),
];
const PLACES: [(&str, &str); 12] = [
    ("france", "France"),
    ("germany", "Allemagne"),
    ("global", "monde entier"),
    ("italy", "Italie"),
    ("netherlands", "Pays-Bas"),
    ("norway", "Norvège"),
    ("spain", "Espagne"),
    ("uk", "Royaume-Uni"),
    ("united kingdom", "Royaume-Uni"),
    ("united states", "États-Unis"),
    ("us", "États-Unis"),
    ("world", "monde entier"),
];

/// A unit in the plural.
pub(crate) fn unit(word: &str) -> String {
    known(&UNITS, word)
}

/// Where units were counted.
pub(crate) fn place(word: &str) -> String {
    known(&PLACES, word)
}

/// `compromis` after a unit, in its gender: addresses, organisations, machines and units are feminine.
pub(crate) fn compromised(word: &str) -> &'static str {
    let french = unit(word);
    let feminine = ["adresses", "machines", "organisations", "unités", "URL", "victimes"];
    if feminine.iter().any(|f| french.starts_with(f)) { "compromises" } else { "compromis" }
}

fn known(words: &[(&str, &str)], word: &str) -> String {
    let lower = word.trim().to_lowercase();
    match words.iter().find(|(en, _)| *en == lower) {
        Some((_, fr)) => (*fr).to_owned(),
        None if lower.is_empty() => String::new(),
        None => format!("«\u{a0}{}\u{a0}»", tame(word.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_are_french_and_others_are_quoted() {
        assert_eq!((unit("Servers").as_str(), compromised("servers")), ("serveurs", "compromis"));
        assert_eq!(compromised("unique IP addresses"), "compromises");
        assert_eq!(place("Huntress partners"), "«\u{a0}Huntress partners\u{a0}»");
        assert_eq!(place("global"), "monde entier");
    }
}
