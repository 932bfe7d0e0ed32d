//! Names of organisations made comparable: scripts, accents and legal forms taken away.
//!
//! Forms stand before the name in some countries (Oy Karl Fazer, ООО, 株式会社) and after it in others; both are tried.

/// Legal forms in Latin letters, without dots and spaces. Facts from the registers of the countries named.
const FORMS: &[&str] = &[
    // Germany, Austria, Switzerland
    "gmbh",
    "mbh",
    "ggmbh",
    "ag",
    "kg",
    "kgaa",
    "ohg",
    "ug",
    "haftungsbeschrankt",
    "ev",
    "eg",
    "ek",
    "gesmbh",
    "stiftung",
    // France, Belgium, Luxembourg
    "sa",
    "sas",
    "sasu",
    "sarl",
    "eurl",
    "sci",
    "snc",
    "scop",
    "sprl",
    "srl",
    "scrl",
    "asbl",
    "gie",
    "selarl",
    // Netherlands, Belgium
    "bv",
    "nv",
    "vof",
    "bvba",
    "cv",
    "vzw",
    // United Kingdom, Ireland, Commonwealth
    "ltd",
    "limited",
    "plc",
    "llp",
    "cic",
    "pty",
    "pte",
    "pvt",
    "private",
    "sdn",
    "bhd",
    "dac",
    // United States, Canada
    "inc",
    "incorporated",
    "llc",
    "lp",
    "corp",
    "corporation",
    "co",
    "company",
    "ltee",
    "pc",
    "pllc",
    // Italy, Spain, Portugal, Latin America
    "spa",
    "srls",
    "sapa",
    "sl",
    "slu",
    "sau",
    "lda",
    "ltda",
    "sadecv",
    "sderl",
    "eireli",
    "sc",
    // Nordic and Baltic countries
    "ab",
    "hb",
    "as",
    "asa",
    "aps",
    "ans",
    "ks",
    "oy",
    "oyj",
    "ky",
    "ehf",
    "hf",
    "uab",
    "sia",
    "ou",
    "osauhing",
    // Central and Eastern Europe
    "spzoo",
    "spolka",
    "zoo",
    "sro",
    "vos",
    "kft",
    "zrt",
    "nyrt",
    "bt",
    "doo",
    "dd",
    "ad",
    "ood",
    "eood",
    "ooo",
    "zao",
    "oao",
    "pao",
    "ao",
    "tov",
    "ip",
    "jsc",
    "ojsc",
    "pjsc",
    // Turkey, Asia
    "as",
    "anonim",
    "sirketi",
    "sti",
    "kk",
    "gk",
    "yk",
    "pt",
    "tbk",
    "jsc",
    // European forms
    "se",
    "eeig",
];

/// Legal forms in other scripts, taken away before transliteration, the longer ones first.
const FORMS_OTHER: &[&str] = &[
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "株式会社",
    "合同会社",
    "有限会社",
    "合資会社",
    "(株)",
    "（株）",
    "㈱",
    "(有)",
    "주식회사",
    "(주)",
    "유한회사",
];

/// Words between name and form.
const JOINERS: &[&str] = &["and", "und", "et", "y", "e", "og", "och", "ja", "the", "de", "of"];

/// A name in lower-case Latin letters without legal form; empty when nothing is left.
pub fn clean(name: &str) -> String {
    let mut text: String = name.chars().take(300).collect();
    for form in FORMS_OTHER {
        text = text.replace(form, " ");
    }
    let latin = deunicode::deunicode(&text).to_lowercase().replace('&', " and ").replace(['\'', '`'], "");
    let words: Vec<&str> =
        latin.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let mut words = join_initials(&words);
    strip_forms(&mut words);
    words.iter().map(|w| fold_umlauts(w)).collect::<Vec<_>>().join(" ")
}

/// `S. p. A.` is one word: runs of single letters are joined.
fn join_initials(words: &[&str]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut run = String::new();
    for word in words {
        if word.len() == 1 && word.bytes().all(|b| b.is_ascii_alphabetic()) {
            run.push_str(word);
            continue;
        }
        if !run.is_empty() {
            joined.push(std::mem::take(&mut run));
        }
        joined.push((*word).to_owned());
    }
    if !run.is_empty() {
        joined.push(run);
    }
    joined
}

/// Takes forms off both ends while a name is left.
fn strip_forms(words: &mut Vec<String>) {
    while words.len() > 1 {
        let last = &words[words.len() - 1];
        let pair = format!("{}{last}", words[words.len() - 2]);
        if words.len() > 2 && FORMS.contains(&pair.as_str()) {
            words.truncate(words.len() - 2);
        } else if FORMS.contains(&last.as_str()) || (words.len() > 2 && JOINERS.contains(&last.as_str())) {
            words.pop();
        } else {
            break;
        }
    }
    while words.len() > 1 && (FORMS.contains(&words[0].as_str()) || words[0] == "the") {
        words.remove(0);
    }
}

/// `Mueller` and `Müller` are one name: the vowel alone is kept.
fn fold_umlauts(word: &str) -> String {
    word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
}

/// Likeness of two cleaned names, 0 to 1: that of the worst word, words taken in any order.
///
/// `Stadtwerke Kobahof` and `Stadtwerke Kojohof` share most letters and are two firms: the common word must not speak for
/// the other one. A word that only one side has caps the likeness.
pub fn likeness(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split(' ').collect(), b.split(' ').collect());
    if a.concat() == b.concat() {
        return 0.99;
    }
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    let worst = short
        .iter()
        .map(|word| long.iter().map(|other| strsim::jaro_winkler(word, other)).fold(0.0, f64::max))
        .fold(1.0, f64::min);
    if short.len() == long.len() { worst } else { worst.min(0.9) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_many_countries_in_front_and_behind() {
        for (raw, expected) in [
            ("Vattenfall Europe GmbH & Co. KG", "vattenfall europe"),
            ("Oy Karl Fazer Ab", "karl fazer"),
            ("株式会社 日立製作所", clean("日立製作所").as_str()),
            ("ООО «Ромашка»", "romashka"),
            ("Müller S.p.A.", "muller"),
            ("Mueller SpA", "muller"),
            ("Société Générale S.A.", "societe generale"),
            ("Zakład Mleczarski Sp. z o.o.", "zaklad mleczarski"),
            ("Anadolu Süt A.Ş.", "anadolu sut"),
            ("The Ice Cream Company, Inc.", "ice cream"),
            ("AB", "ab"),
        ] {
            assert_eq!(clean(raw), expected, "{raw}");
        }
    }

    #[test]
    fn likeness_ignores_the_order_of_words() {
        assert!(likeness("karl fazer", "fazer karl") > 0.99);
        assert!(likeness("karl fazer", "hotel adler") < 0.7);
        assert!(likeness("stadtwerke kobahof", "stadtwerke kojohof") < 0.88);
        assert!(likeness("hotel adlerhof", "hotel adlrehof") > 0.94);
    }
}
