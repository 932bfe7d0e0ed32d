//! The web-shell analyzer as a content scanner: what would a page do with what a client sends?

use std::sync::Arc;

use vigie_detect::RuleSet;
use vigie_model::diagnostic::Code;
use vigie_model::pack::{RuleText, TitleAndDescription};
use vigie_model::rule::{Confidence, Level, Role, RuleInfo, Stage};
use vigie_webshell::baseline::{self, Standing};
use vigie_webshell::{CLASSES, Class, Tongue, Verdict, analyze, may_be_page};

use super::{Content, ContentHit, ContentRules, ContentScanner, End, File, Findings};

/// Up to how many bytes of a page are looked at; the analyzer has its own bound below.
const PAGE_BYTES_MAX: u64 = 16 << 20;
/// Findings told of one page; the first are the gravest.
const TOLD: usize = 8;
/// Whose verdict a web shell belongs to, where the pack is loaded: a shell does not say who planted it, so that no campaign
/// answers for it. Without the pack it is a finding like that of a rule given with `--rules`.
const HOME_PACK: &str = "generic";

/// What is said of a page by its place and hash, with a rule of its own each.
const BY_PLACE: &[(&str, Level)] = &[
    ("sends-passwords", Level::High),
    ("other-hash", Level::Low),
    ("look-alike", Level::High),
    ("unlisted", Level::Medium),
];

/// Adds the analyzer to a run.
pub fn add(rules: &mut RuleSet, content: &mut Content) {
    let mut pack_id = None;
    if let Some(pack) = rules.packs.iter_mut().find(|pack| pack.id == HOME_PACK) {
        for (id, fr) in french() {
            pack.rule.insert(id, RuleText { fr });
        }
        pack_id = Some(pack.id.clone());
    }
    content.add(rules, Arc::new(WebShells { pack: pack_id }));
}

#[derive(Debug)]
struct WebShells {
    pack: Option<String>,
}

struct PageScanner;

impl ContentRules for WebShells {
    fn name(&self) -> &'static str {
        "webshell"
    }

    fn rules(&self) -> Vec<RuleInfo> {
        let classes = CLASSES.iter().map(|class| self.of_class(*class));
        classes.chain(BY_PLACE.iter().map(|(word, level)| self.of_place(word, *level))).collect()
    }

    fn asks(&self, file: &File<'_>, head: &[u8]) -> Option<u64> {
        may_be_page(file.path, head).then_some(PAGE_BYTES_MAX)
    }

    fn scanner(&self) -> Box<dyn ContentScanner + '_> {
        Box::new(PageScanner)
    }
}

impl WebShells {
    fn of_class(&self, class: Class) -> RuleInfo {
        let proof = class.is_proof();
        RuleInfo {
            id: id(class.word()),
            title: class.title(Tongue::En),
            description: description(proof, Tongue::En).to_owned(),
            level: if proof { Level::Critical } else { Level::High },
            confidence: if proof { Confidence::High } else { Confidence::Medium },
            pack: self.pack.clone(),
            // What is only suspicious supports a story and proves nothing by itself.
            stage: proof.then_some(Stage::Foothold),
            role: if proof { Role::Trace } else { Role::Context },
            attack: vec!["T1505.003".to_owned()],
            source: "vigie-webshell".to_owned(),
            ..RuleInfo::default()
        }
    }

    fn of_place(&self, word: &str, level: Level) -> RuleInfo {
        let (title, description) = place_words(word, Tongue::En);
        RuleInfo {
            id: id(word),
            title: title.to_owned(),
            description: description.to_owned(),
            level,
            confidence: Confidence::Medium,
            pack: self.pack.clone(),
            role: Role::Context,
            attack: vec!["T1505.003".to_owned()],
            source: "vigie-webshell".to_owned(),
            ..RuleInfo::default()
        }
    }
}

impl ContentScanner for PageScanner {
    fn scan(&mut self, file: &File<'_>, bytes: &[u8]) -> Findings {
        let standing = baseline::standing(file.path, bytes);
        // A page that Microsoft shipped does what it does.
        if matches!(standing, Standing::Known(..)) {
            return Findings::default();
        }
        let analysis = analyze(file.path, bytes);
        let mut hits: Vec<ContentHit> = by_place(&standing).into_iter().collect();
        for finding in analysis.findings.iter().take(TOLD) {
            let rule = CLASSES.iter().position(|class| *class == finding.class).unwrap_or(0);
            let fields = [
                ("WebShell", analysis.verdict.word().to_owned()),
                ("Score", format!("{:.2}", analysis.score)),
                ("Line", finding.line.to_string()),
                ("Says", finding.sentence(Tongue::En)),
                ("Dit", finding.sentence(Tongue::Fr)),
            ];
            let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            hits.push(ContentHit { rule: number(rule), offset: offset_of(bytes, finding.line), fields });
        }
        let mut notes = Vec::new();
        if !analysis.not_analyzed.is_empty() {
            notes.push((
                Code::ContentTimeLimit,
                format!("not followed: {}", analysis.not_analyzed.join(", ")),
            ));
        }
        // What was found stands; a page of which nothing was seen does not count as tried.
        let end =
            if notes.is_empty() || analysis.verdict > Verdict::NotSeen { End::Whole } else { End::Stopped };
        Findings { hits, notes, end }
    }
}

fn by_place(standing: &Standing) -> Option<ContentHit> {
    let (word, says, dit) = match standing {
        Standing::Known(..) | Standing::NoBaseline => return None,
        Standing::OtherHash { sends_passwords: true } => ("sends-passwords", String::new(), String::new()),
        Standing::OtherHash { sends_passwords: false } => (
            "other-hash",
            format!("no build up to {} has this hash", baseline::NEWEST),
            format!("aucune version jusqu'à {} n'a cette empreinte", baseline::NEWEST),
        ),
        Standing::LookAlike(of) => ("look-alike", format!("named like {of}"), format!("nommée comme {of}")),
        Standing::Unlisted => ("unlisted", String::new(), String::new()),
    };
    let place = BY_PLACE.iter().position(|(known, _)| *known == word)?;
    let mut fields = Vec::new();
    if !says.is_empty() {
        fields.push(("Says".to_owned(), says));
        fields.push(("Dit".to_owned(), dit));
    }
    Some(ContentHit { rule: number(CLASSES.len() + place), offset: 0, fields })
}

/// Where a line begins.
fn offset_of(bytes: &[u8], line: u32) -> u64 {
    let before = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u64 + 1);
    if before == 0 { 0 } else { ends.clone().nth(before - 1).unwrap_or(0) }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn id(word: &str) -> String {
    format!("webshell:{word}")
}

fn description(proof: bool, tongue: Tongue) -> &'static str {
    match (proof, tongue) {
        (true, Tongue::En) => {
            "The code of the page was read: what a client sends reaches execution, or its equal. Whoever knows the page controls the server through it."
        }
        (true, Tongue::Fr) => {
            "Le code de la page a été lu : ce qu'un client envoie atteint l'exécution, ou l'équivalent. Qui connaît la page contrôle le serveur par elle."
        }
        (false, Tongue::En) => {
            "The code of the page was read: it does something that an honest page has no use for. That is short of a proof; a person should read the page."
        }
        (false, Tongue::Fr) => {
            "Le code de la page a été lu : elle fait quelque chose dont une page honnête n'a pas besoin. Ce n'est pas encore une preuve ; une personne devrait lire la page."
        }
    }
}

fn place_words(word: &str, tongue: Tongue) -> (&'static str, &'static str) {
    match (word, tongue) {
        ("sends-passwords", Tongue::En) => (
            "A page of Microsoft was changed, and its script sends passwords",
            "The page has a hash that no known build has, and a script in it reads the password field and sends something.",
        ),
        ("sends-passwords", Tongue::Fr) => (
            "Une page de Microsoft a été modifiée, et son script envoie des mots de passe",
            "La page a une empreinte qu'aucune version connue n'a, et un script y lit le champ du mot de passe et envoie quelque chose.",
        ),
        ("other-hash", Tongue::En) => (
            "A page of Microsoft with an unknown hash",
            "Microsoft ships a page of this name at this place. Its hash is in no build of the table: it was changed, or it is newer than the table. Compare it with a server of the same build.",
        ),
        ("other-hash", Tongue::Fr) => (
            "Une page de Microsoft à l'empreinte inconnue",
            "Microsoft livre une page de ce nom à cet endroit. Son empreinte n'est dans aucune version de la table : elle a été modifiée, ou elle est plus récente que la table. Comparez avec un serveur de la même version.",
        ),
        ("look-alike", Tongue::En) => (
            "A page that is named nearly like one of Microsoft's",
            "Microsoft ships no page of this name at this place, but one whose name looks like it.",
        ),
        ("look-alike", Tongue::Fr) => (
            "Une page nommée presque comme une de Microsoft",
            "Microsoft ne livre pas de page de ce nom à cet endroit, mais une dont le nom lui ressemble.",
        ),
        (_, Tongue::En) => (
            "A page that Microsoft did not ship there",
            "In every build up to March 2021 all pages of this folder are known, and this is none of them. A later build may have added it.",
        ),
        (_, Tongue::Fr) => (
            "Une page que Microsoft n'a pas livrée là",
            "Dans toutes les versions jusqu'à mars 2021, toutes les pages de ce dossier sont connues, et celle-ci n'en est pas. Une version plus récente peut l'avoir ajoutée.",
        ),
    }
}

/// The French of every rule.
fn french() -> Vec<(String, TitleAndDescription)> {
    let text = |title: &str, description: &str| TitleAndDescription {
        title: title.to_owned(),
        description: description.to_owned(),
    };
    let classes = CLASSES.iter().map(|class| {
        (id(class.word()), text(&class.title(Tongue::Fr), description(class.is_proof(), Tongue::Fr)))
    });
    let places = BY_PLACE.iter().map(|(word, _)| {
        let (title, description) = place_words(word, Tongue::Fr);
        (id(word), text(title, description))
    });
    classes.chain(places).collect()
}
