//! What a page was seen to do: the classes of evidence, the findings, and one sentence for each.

use std::rc::Rc;

use crate::limits::MAX_FINDINGS;
use crate::tell;

/// A class of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// What a client sends is run as code.
    RunsCode,
    /// What a client sends is run as a command, or names the program.
    RunsCommand,
    /// A client adds to the arguments of a command.
    AddsToCommand,
    /// What a client sends is loaded as an assembly.
    LoadsAssembly,
    /// A client names type and method, and gives the arguments.
    CallsByName,
    /// What a client sends is deserialized by a formatter that can run code.
    Deserializes,
    /// A client gives a style sheet that can hold code.
    RunsStylesheet,
    /// A client chooses both the path and the content of a file.
    WritesFile,
    /// What a client sends becomes a page that a server runs.
    WritesPage,
    /// A file is taken with the name that the client gives, where a server runs it, unchecked.
    TakesUpload,
    /// A client lists, reads and changes any files.
    ManagesFiles,
    /// A client lists and reads any files.
    BrowsesFiles,
    /// A client gives both the connection and the statement.
    SqlConsole,
    /// A client gives the whole statement.
    SqlStatement,
    /// A client chooses an address, and its bytes are passed on.
    Tunnel,
    /// A client chooses where to connect to.
    ConnectsAnywhere,
    /// A shell is tied to a connection.
    ReverseShell,
    /// Machine code is put in memory and run.
    RunsNative,
    /// The keys of the server are shown.
    ShowsKeys,
    /// Passwords that people type are written to a file.
    KeepsPasswords,
    /// A page that is itself a web shell is written.
    DropsShell,
    /// Code that was hidden is decoded and run.
    RunsHidden,
    /// Code is fetched from elsewhere and run.
    RunsFetched,
    /// Pages are served that are in no file.
    ServesFromMemory,
    /// A configuration lets files be run that are no code.
    MapsHandler,
    /// A configuration file holds code.
    CodeInConfig,
    /// Security programs are looked for.
    LooksForDefenses,
}

/// All classes, in the order of their importance.
pub const CLASSES: &[Class] = &[
    Class::RunsCode,
    Class::RunsCommand,
    Class::LoadsAssembly,
    Class::CallsByName,
    Class::Deserializes,
    Class::RunsStylesheet,
    Class::WritesFile,
    Class::WritesPage,
    Class::ManagesFiles,
    Class::SqlConsole,
    Class::Tunnel,
    Class::ReverseShell,
    Class::ShowsKeys,
    Class::DropsShell,
    Class::RunsNative,
    Class::RunsHidden,
    Class::RunsFetched,
    Class::TakesUpload,
    Class::BrowsesFiles,
    Class::SqlStatement,
    Class::ConnectsAnywhere,
    Class::AddsToCommand,
    Class::KeepsPasswords,
    Class::ServesFromMemory,
    Class::CodeInConfig,
    Class::MapsHandler,
    Class::LooksForDefenses,
];

impl Class {
    /// What it is called, without line and name.
    pub fn title(self, tongue: Tongue) -> String {
        tell::title(self, tongue)
    }

    /// A stable word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Class::RunsCode => "runs-code",
            Class::RunsCommand => "runs-command",
            Class::AddsToCommand => "adds-to-command",
            Class::LoadsAssembly => "loads-assembly",
            Class::CallsByName => "calls-by-name",
            Class::Deserializes => "deserializes",
            Class::RunsStylesheet => "runs-stylesheet",
            Class::WritesFile => "writes-file",
            Class::WritesPage => "writes-page",
            Class::TakesUpload => "takes-upload",
            Class::ManagesFiles => "manages-files",
            Class::BrowsesFiles => "browses-files",
            Class::SqlConsole => "sql-console",
            Class::SqlStatement => "sql-statement",
            Class::Tunnel => "tunnel",
            Class::ConnectsAnywhere => "connects-anywhere",
            Class::ReverseShell => "reverse-shell",
            Class::RunsNative => "runs-native",
            Class::ShowsKeys => "shows-keys",
            Class::KeepsPasswords => "keeps-passwords",
            Class::DropsShell => "drops-shell",
            Class::RunsHidden => "runs-hidden",
            Class::RunsFetched => "runs-fetched",
            Class::ServesFromMemory => "serves-from-memory",
            Class::MapsHandler => "maps-handler",
            Class::CodeInConfig => "code-in-config",
            Class::LooksForDefenses => "looks-for-defenses",
        }
    }

    /// Whether it proves a web shell: input reaches execution, or its equal.
    pub fn is_proof(self) -> bool {
        match self {
            Class::RunsCode
            | Class::RunsCommand
            | Class::LoadsAssembly
            | Class::CallsByName
            | Class::Deserializes
            | Class::RunsStylesheet
            | Class::WritesFile
            | Class::WritesPage
            | Class::ManagesFiles
            | Class::SqlConsole
            | Class::Tunnel
            | Class::ReverseShell
            | Class::ShowsKeys
            | Class::DropsShell => true,
            Class::AddsToCommand
            | Class::TakesUpload
            | Class::BrowsesFiles
            | Class::SqlStatement
            | Class::ConnectsAnywhere
            | Class::RunsNative
            | Class::KeepsPasswords
            | Class::RunsHidden
            | Class::RunsFetched
            | Class::ServesFromMemory
            | Class::MapsHandler
            | Class::CodeInConfig
            | Class::LooksForDefenses => false,
        }
    }
}

/// The language of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    En,
    /// French.
    Fr,
}

/// Something that the page was seen to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it does.
    pub class: Class,
    /// The line of the file on which it happens, from 1.
    pub line: u32,
    /// The name under which the client sends what is used, as the page writes it: hostile text.
    pub input: Option<String>,
    /// A path, program or type that the page names: hostile text.
    pub target: Option<String>,
}

impl Finding {
    /// One sentence with the line; it holds hostile text, which the caller escapes for its medium.
    pub fn sentence(&self, tongue: Tongue) -> String {
        tell::sentence(self, tongue)
    }
}

/// The findings of a page while it is followed.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) all: Vec<Finding>,
}

impl Findings {
    pub(crate) fn add(&mut self, class: Class, line: u32, input: Option<Rc<str>>, target: Option<&str>) {
        let known = self.all.iter_mut().find(|found| found.class == class && found.line == line);
        if let Some(known) = known {
            if known.input.is_none() {
                known.input = input.map(|name| short(&name));
            }
            return;
        }
        if self.all.len() < MAX_FINDINGS {
            let target = target.map(short);
            self.all.push(Finding { class, line, input: input.map(|name| short(&name)), target });
        }
    }

    pub(crate) fn has(&self, class: Class) -> bool {
        self.all.iter().any(|found| found.class == class)
    }
}

/// Hostile text of a length that a sentence bears.
fn short(text: &str) -> String {
    const MOST: usize = 80;
    let clean: String = text.chars().filter(|c| !c.is_control()).take(MOST + 1).collect();
    if clean.chars().count() > MOST { clean.chars().take(MOST).chain(['…']).collect() } else { clean }
}
