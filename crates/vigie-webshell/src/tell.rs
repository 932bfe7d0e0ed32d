//! Findings as sentences, in English and French.

use crate::evidence::{Class, Finding, Tongue};

/// One sentence with the line.
pub(crate) fn sentence(finding: &Finding, tongue: Tongue) -> String {
    let (en, fr) = words(finding.class);
    let input = finding.input.as_deref();
    let target = finding.target.as_deref();
    let (pattern, line, what) = match tongue {
        Tongue::En => (
            en,
            "line",
            input.map_or("what the client sends".to_owned(), |name| {
                format!("what the client sends in '{name}'")
            }),
        ),
        Tongue::Fr => (
            fr,
            "ligne",
            input.map_or("ce que le client envoie".to_owned(), |name| {
                format!("ce que le client envoie dans « {name} »")
            }),
        ),
    };
    let mut out = format!("{line} {}: {}", finding.line, pattern.replacen("{}", &what, 1));
    if tongue == Tongue::Fr {
        out = out.replacen(": ", " : ", 1);
    }
    if let Some(target) = target {
        out.push_str(" (");
        out.push_str(target);
        out.push(')');
    }
    out
}

/// What a class is called: its sentence without a name.
pub(crate) fn title(class: Class, tongue: Tongue) -> String {
    let (en, fr) = words(class);
    let (pattern, what) = match tongue {
        Tongue::En => (en, "what the client sends"),
        Tongue::Fr => (fr, "ce que le client envoie"),
    };
    let plain = pattern.replacen("{}", what, 1);
    let mut letters = plain.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The sentence of a class; `{}` stands for what the client sends.
#[expect(clippy::too_many_lines, reason = "one arm for each construct or call that it tells apart")]
fn words(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::RunsCode => ("{} is run as code", "{} est exécuté comme du code"),
        Class::RunsCommand => ("{} is run as a command", "{} est exécuté comme une commande"),
        Class::AddsToCommand => ("{} is added to a command line", "{} est ajouté à une ligne de commande"),
        Class::LoadsAssembly => {
            ("{} is loaded as an assembly and run", "{} est chargé comme un assembly et exécuté")
        }
        Class::CallsByName => (
            "{} names the code to call and gives its arguments",
            "{} désigne le code à appeler et en donne les arguments",
        ),
        Class::Deserializes => (
            "{} is deserialized by a formatter that can run code",
            "{} est désérialisé par un formateur qui peut exécuter du code",
        ),
        Class::RunsStylesheet => (
            "{} is run as a style sheet, which can hold code",
            "{} est exécuté comme une feuille de style, qui peut contenir du code",
        ),
        Class::WritesFile => (
            "{} is written to a file whose path the client chooses",
            "{} est écrit dans un fichier dont le client choisit le chemin",
        ),
        Class::WritesPage => (
            "{} is written to a page that the server runs",
            "{} est écrit dans une page que le serveur exécute",
        ),
        Class::TakesUpload => (
            "an uploaded file keeps the name that the client gives, in a folder where the server runs pages, unchecked",
            "un fichier envoyé garde le nom donné par le client, dans un dossier où le serveur exécute des pages, sans contrôle",
        ),
        Class::ManagesFiles => (
            "the client lists, reads and changes any file of the server",
            "le client liste, lit et modifie n'importe quel fichier du serveur",
        ),
        Class::BrowsesFiles => (
            "the client lists and reads any file of the server",
            "le client liste et lit n'importe quel fichier du serveur",
        ),
        Class::SqlConsole => (
            "the client gives both the database to connect to and the statement to run",
            "le client donne la base à laquelle se connecter et l'instruction à exécuter",
        ),
        Class::SqlStatement => {
            ("{} is run as a whole SQL statement", "{} est exécuté comme une instruction SQL entière")
        }
        Class::Tunnel => (
            "the client chooses an address, and its bytes are passed on to there",
            "le client choisit une adresse, et ses octets y sont transmis",
        ),
        Class::ConnectsAnywhere => (
            "the client chooses an address that the server connects to",
            "le client choisit une adresse à laquelle le serveur se connecte",
        ),
        Class::ReverseShell => (
            "a command shell is tied to a network connection",
            "un interpréteur de commandes est relié à une connexion réseau",
        ),
        Class::RunsNative => {
            ("machine code is put in memory and run", "du code machine est placé en mémoire et exécuté")
        }
        Class::ShowsKeys => (
            "the keys that the server signs and encrypts with are shown",
            "les clés avec lesquelles le serveur signe et chiffre sont affichées",
        ),
        Class::KeepsPasswords => {
            ("{}, a password, is written to a file", "{}, un mot de passe, est écrit dans un fichier")
        }
        Class::DropsShell => (
            "a page that is itself a web shell is written to disk",
            "une page qui est elle-même un web shell est écrite sur le disque",
        ),
        Class::RunsHidden => (
            "code that was hidden in the page is decoded and run",
            "du code caché dans la page est décodé et exécuté",
        ),
        Class::RunsFetched => {
            ("code is fetched from elsewhere and run", "du code est récupéré ailleurs et exécuté")
        }
        Class::ServesFromMemory => (
            "requests are answered by code that is in no file",
            "des requêtes sont servies par du code qui n'est dans aucun fichier",
        ),
        Class::MapsHandler => (
            "files that are not code are made to run as code",
            "des fichiers qui ne sont pas du code sont rendus exécutables",
        ),
        Class::CodeInConfig => (
            "a configuration file holds code that a server can run",
            "un fichier de configuration contient du code qu'un serveur peut exécuter",
        ),
        Class::LooksForDefenses => (
            "the page tells which security programs the server has",
            "la page dit quels programmes de sécurité le serveur possède",
        ),
    }
}
