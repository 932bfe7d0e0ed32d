//! Two languages side by side, numbers to two significant figures, and the sentence that may be quoted.

/// A language of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French.
    French,
}

/// The same statement in every language, so that none can be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: String,
    /// French.
    pub fr: String,
}

impl Text {
    /// A statement in both languages.
    pub fn new(en: impl Into<String>, fr: impl Into<String>) -> Self {
        Self { en: en.into(), fr: fr.into() }
    }

    /// The statement in one language.
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::French => &self.fr,
        }
    }
}

/// Two significant figures: more would claim what no estimate here can know.
pub fn two_figures(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let scale = 10_f64.powf(x.abs().log10().floor() - 1.0);
    (x / scale).round() * scale
}

/// A whole number with the thousands separator of a language.
pub fn whole(x: f64, language: Language) -> String {
    let separator = match language {
        Language::English => ',',
        Language::French => '\u{202f}',
    };
    let digits = format!("{:.0}", x.abs());
    let mut out = String::from(if x < -0.5 { "-" } else { "" });
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

/// An estimate as it may be shown: two figures, never below the floor.
pub fn shown(x: f64, floor: u64, language: Language) -> String {
    whole(two_figures(x).max(floor as f64), language)
}

/// A lower end as it may be shown: rounded down, since a bound rounded up is no bound.
pub fn shown_low(x: f64, floor: u64, language: Language) -> String {
    whole((two_figures(x - half_step(x))).max(floor as f64), language)
}

/// An upper end as it may be shown: rounded up.
pub fn shown_high(x: f64, floor: u64, language: Language) -> String {
    whole((two_figures(x + half_step(x))).max(floor as f64), language)
}

/// Just under half of the last figure that is shown.
fn half_step(x: f64) -> f64 {
    if x < 10.0 { 0.0 } else { 0.499_999 * 10_f64.powf(x.log10().floor() - 1.0) }
}

/// The same in both languages, for building a [`Text`].
pub fn both(x: f64, floor: u64) -> (String, String) {
    (shown(x, floor, Language::English), shown(x, floor, Language::French))
}

/// A number with decimals, with the point or comma of a language.
pub fn decimal(x: f64, decimals: usize, language: Language) -> String {
    let text = format!("{x:.decimals$}");
    match language {
        Language::English => text,
        Language::French => text.replace('.', ","),
    }
}

/// A share in percent as a language writes it.
pub fn share(x: f64, language: Language) -> String {
    match language {
        Language::English => percent(x),
        Language::French => percent(x).replace('.', ",").replace('%', "\u{202f}%"),
    }
}

/// A share in percent without decimals, or with one below ten.
pub fn percent(x: f64) -> String {
    let p = x * 100.0;
    if p.abs() < 10.0 && (p - p.round()).abs() > 0.05 { format!("{p:.1}%") } else { format!("{p:.0}%") }
}

/// Text of others made safe for a line of a terminal: what steers a terminal or turns the line around is shown, length is bounded.
pub fn tame(text: &str) -> String {
    text.chars()
        .take(200)
        .flat_map(|c| if steers(c) { c.escape_default().collect() } else { vec![c] })
        .collect()
}

/// Control characters, and those of Unicode that are not seen but turn or hide what stands beside them.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}' | '\u{61c}')
}

/// A method as a reader may know it; the short name stays for those who know the program that it is from.
pub fn method_label(method: &str, language: Language) -> String {
    let (en, fr) = match method {
        "Mt independence" => ("independence (Mt)", "indépendance (Mt)"),
        "Mth Chao LB" => ("Chao's lower bound (Mth)", "borne basse de Chao (Mth)"),
        "log-linear BIC" => ("pairs of lists, best BIC", "paires, meilleur BIC"),
        "log-linear AIC" => ("pairs of lists, best AIC", "paires, meilleur AIC"),
        "all models order<=2 range" => ("pairs of lists, all models", "paires, tous les modèles"),
        "all models range" => ("all models", "tous les modèles"),
        "dga BMA" => ("average over graphs (dga)", "moyenne de graphes (dga)"),
        "MSE BIC-BCa" => ("best BIC, bootstrap", "meilleur BIC, bootstrap"),
        "LCMCR K10" => ("latent classes (LCMCR)", "classes latentes (LCMCR)"),
        other => return tame(other),
    };
    match language {
        Language::English => en.to_owned(),
        Language::French => fr.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_shown() {
        assert!((two_figures(14_341.66) - 14_000.0).abs() < 1e-9);
        assert!(two_figures(0.0).abs() < 1e-9);
        assert_eq!(whole(1_234_567.0, Language::English), "1,234,567");
        assert_eq!(shown_low(405.4, 271, Language::English), "400");
        assert_eq!(shown_low(129.6, 123, Language::English), "123");
        assert_eq!(shown_high(802.0, 123, Language::English), "810");
        assert_eq!(shown_high(800.0, 123, Language::English), "800");
        assert_eq!(whole(12_000.0, Language::French), "12\u{202f}000");
        assert_eq!(shown(4_432.0, 4_400, Language::English), "4,400");
        assert_eq!(shown(4_442.0, 4_432, Language::English), "4,432");
        assert_eq!((percent(0.029), percent(0.9)), ("2.9%".to_owned(), "90%".to_owned()));
        assert_eq!(tame("a\u{1b}[31m\n"), "a\\u{1b}[31m\\n");
        assert_eq!(tame("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(method_label("dga BMA", Language::French), "moyenne de graphes (dga)");
    }
}
