//! YARA files to one set of rules, strictly: what is wrong, where, and what to do about it.

use std::collections::BTreeMap;
use std::fmt;

use vigie_model::rule::RuleInfo;
use yara_x::errors::CompileError;
use yara_x::{Compiler, IgnoredRuleReason, Rules, SourceCode};

use crate::info;

/// Modules of YARA that this build does not have, each with what it is about.
const NOT_BUILT: &[&str] = &[
    "crx", "cuckoo", "dex", "dotnet", "elf", "lnk", "macho", "magic", "msi", "olecf", "pe", "vba", "vt",
    "zip",
];
/// Those that it has.
const BUILT: &str = "console, hash, math, string, time";
/// Variables that other tools define for each file, which this one does not.
const EXTERNAL: &[&str] = &["filename", "filepath", "extension", "filetype", "owner"];
/// Brackets in brackets, or signs and negations in a row, of one condition: the compiler calls itself for each.
const NESTED_MAX: usize = 200;
/// What that takes, in bytes, with room to spare.
const STACK_BYTES: usize = 64 << 20;
/// Mistakes that are told.
const MISTAKES_MAX: usize = 100;

/// Whose rules a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The user's.
    User,
    /// Those of a pack, by its id and the ids of its ways in.
    Pack(String, Vec<String>),
}

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// As messages name it; no two files of a run have the same.
    pub path: String,
    /// Its content.
    pub text: String,
    /// Whose rules these are.
    pub owner: Owner,
}

/// Something wrong with a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file.
    pub path: String,
    /// Line, from 1; 0 when the mistake is the file itself.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong, one line.
    pub message: String,
    /// The line of the file.
    pub source_line: String,
    /// What to do about it; empty when the message says it all.
    pub hint: String,
}

/// What came of the files.
#[derive(Debug)]
pub struct Compiled {
    /// The rules that compiled.
    pub rules: YaraRules,
    /// Everything that did not.
    pub mistakes: Vec<Mistake>,
}

/// A set of compiled rules.
pub struct YaraRules {
    pub(crate) rules: Rules,
    infos: Vec<RuleInfo>,
    /// By namespace and name: the place in `infos`.
    places: BTreeMap<(String, String), u32>,
}

impl fmt::Debug for YaraRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("YaraRules").field("infos", &self.infos.len()).finish_non_exhaustive()
    }
}

impl YaraRules {
    /// What is known of each rule, in the order of files and lines. Private rules serve others and are not told.
    pub fn infos(&self) -> &[RuleInfo] {
        &self.infos
    }

    pub(crate) fn place(&self, namespace: &str, name: &str) -> Option<u32> {
        self.places.get(&(namespace.to_owned(), name.to_owned())).copied()
    }
}

/// Compiles files of rules, each in a namespace of its own, so that two may use one name.
///
/// Includes are refused: what a rule file pulls in would not be part of what is told and hashed.
///
/// # Panics
/// When YARA-X does, or when the system refuses a thread.
pub fn compile(files: &[RuleFile]) -> Compiled {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let compiled =
            thread.spawn_scoped(scope, || compile_here(files)).map(std::thread::ScopedJoinHandle::join);
        match compiled {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => panic!("no thread to compile rules on: {error}"),
        }
    })
}

fn compile_here(files: &[RuleFile]) -> Compiled {
    let mut compiler = Compiler::new();
    compiler.enable_includes(false);
    // Only the rules that use one are left out, and each is told; an import that nothing uses harms nobody.
    for module in NOT_BUILT {
        compiler.ignore_module(*module);
    }
    let mut mistakes = Vec::new();
    for file in files {
        if let Some(at) = too_deep(&file.text) {
            let message =
                format!("a condition nests deeper than the at most {NESTED_MAX} levels that are read");
            mistakes.push(at_byte(file, at, message, "write the condition flatter"));
            continue;
        }
        compiler.new_namespace(&file.path);
        let (before, ignored_before) = (compiler.errors().len(), compiler.ignored_rules().len());
        // Every error of the file stands in the list, the first one too.
        let _first =
            compiler.add_source(SourceCode::from(file.text.as_str()).with_origin(file.path.as_str()));
        let fresh = compiler.errors().iter().skip(before);
        mistakes.extend(fresh.map(|error| mistake(file, error)));
        mistakes.extend(compiler.ignored_rules().skip(ignored_before).filter_map(|(name, reason)| {
            let why = match reason {
                IgnoredRuleReason::IgnoredModule(module) => format!("needs the module `{module}`"),
                IgnoredRuleReason::IgnoredRule(other) => {
                    format!("needs the rule {other}, which did not load")
                }
                // Told with the error itself.
                IgnoredRuleReason::CompileError(_) => return None,
            };
            let at = declared_at(&file.text, name);
            Some(at_byte(
                file,
                at,
                format!("rule {name} {why}"),
                &format!("this build has the modules {BUILT}"),
            ))
        }));
    }
    let rules = compiler.build();
    let (mut infos, mut places) = (Vec::new(), BTreeMap::new());
    for rule in rules.iter().filter(|rule| !rule.is_private()) {
        let Some(file) = files.iter().find(|file| file.path == rule.namespace()) else { continue };
        match info::of(&rule, file) {
            Ok(info) => {
                let place = u32::try_from(infos.len()).unwrap_or(u32::MAX);
                places.insert((rule.namespace().to_owned(), rule.identifier().to_owned()), place);
                infos.push(info);
            }
            Err((message, hint)) => {
                let name = rule.identifier();
                let at = declared_at(&file.text, name);
                mistakes.push(at_byte(file, at, format!("rule {name}: {message}"), &hint));
            }
        }
    }
    mistakes.sort();
    mistakes.dedup();
    mistakes.truncate(MISTAKES_MAX);
    Compiled { rules: YaraRules { rules, infos, places }, mistakes }
}

/// Where a condition nests too deep, in bytes.
fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut prefixes, mut word_start) = (0_usize, 0_usize, 0);
    let mut in_condition = false;
    for (at, byte) in text.bytes().enumerate() {
        if !byte.is_ascii_alphanumeric() && byte != b'_' {
            match text.get(word_start..at).unwrap_or_default() {
                word @ ("condition" | "strings" | "meta" | "rule") => {
                    in_condition = word == "condition";
                    (depth, prefixes) = (0, 0);
                }
                "not" | "defined" => prefixes += 1,
                "" => {}
                _ => prefixes = 0,
            }
            word_start = at + 1;
        }
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'-' | b'~' => prefixes += 1,
            _ => {}
        }
        if in_condition && (depth > NESTED_MAX || prefixes > NESTED_MAX) {
            return Some(at);
        }
    }
    None
}

/// Where a rule of this name is declared, in bytes.
fn declared_at(text: &str, name: &str) -> usize {
    text.match_indices(name)
        .map(|(at, _)| at)
        .find(|at| text.get(..*at).is_some_and(|before| before.trim_end().ends_with("rule")))
        .unwrap_or(0)
}

fn mistake(file: &RuleFile, error: &CompileError) -> Mistake {
    let (mut start, mut detail) = (0, String::new());
    if let Some(label) = error.labels().next() {
        start = label.span().start();
        label.text().clone_into(&mut detail);
    }
    let footer = error.footers().next().map(|footer| footer_text(&footer)).unwrap_or_default();
    let title = error.title().to_owned();
    let said = detail.is_empty() || title.contains(&detail);
    let message = if said { title } else { format!("{title}: {detail}") };
    let hint = if footer.is_empty() { hint(error) } else { footer };
    at_byte(file, start, message.lines().collect::<Vec<_>>().join(" "), &hint)
}

/// The footer's text, which the library shows in its serialised form only.
fn footer_text(footer: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(footer).unwrap_or_default();
    value["text"].as_str().unwrap_or_default().to_owned()
}

fn hint(error: &CompileError) -> String {
    match error {
        CompileError::IncludeNotAllowed(_) => "give the included file to --yara as well".to_owned(),
        CompileError::UnknownModule(_) | CompileError::CustomError(_) => format!("this build has {BUILT}"),
        CompileError::UnknownIdentifier(unknown) if EXTERNAL.contains(&unknown.identifier()) => {
            "rules see the bytes of a file, not its name: take this condition out".to_owned()
        }
        // The library may add kinds of errors; what it says of them stands in the message.
        _ => "see https://virustotal.github.io/yara-x/docs/writing_rules/anatomy-of-a-rule/".to_owned(),
    }
}

/// The mistake at a byte of its file.
fn at_byte(file: &RuleFile, at: usize, message: String, hint: &str) -> Mistake {
    let before = file.text.get(..at.min(file.text.len())).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    let line = before.matches('\n').count();
    Mistake {
        path: file.path.clone(),
        line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1),
        column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
        message,
        source_line: file.text.lines().nth(line).unwrap_or_default().to_owned(),
        hint: hint.to_owned(),
    }
}
