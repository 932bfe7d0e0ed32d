//! Commands: which program, with which arguments, and how much of both a client chooses.

use std::rc::Rc;

use super::Run;
use super::expr::index;
use crate::evidence::Class;
use crate::tree::Name;
use crate::value::{CLIENT, GIVEN, UNKNOWN, Value};

/// Programs that run what they are given.
const INTERPRETERS: &[&str] = &[
    "cmd",
    "powershell",
    "pwsh",
    "bash",
    "sh",
    "wscript",
    "cscript",
    "mshta",
    "rundll32",
    "regsvr32",
    "python",
    "perl",
    "msbuild",
    "wmic",
    "osql",
    "sqlcmd",
    "psexec",
    "command",
    "certutil",
    "schtasks",
    "at",
    "net",
    "forfiles",
];

impl Run {
    /// A program is started.
    pub(super) fn command(&mut self, file: &Value, args: Option<&Value>, line: u32) {
        let shape = match args {
            Some(args) => [&*file.shape(), " ", &*args.shape()].concat(),
            None => file.shape().to_string(),
        };
        let given = if file.has(GIVEN) { Some(file) } else { args.filter(|args| args.has(GIVEN)) };
        let (program, rest) = split_program(&shape);
        let interpreter = INTERPRETERS.contains(&program.as_str());
        if interpreter {
            self.facts.shell_started.get_or_insert(line);
        }
        let Some(given) = given.cloned() else { return };
        if program.contains(CLIENT) {
            self.found(Class::RunsCommand, line, &given, None);
            return;
        }
        let unknown_shell = program.contains(UNKNOWN)
            && (has_switch(rest, "/c")
                || has_switch(rest, "/k")
                || has_switch(rest, "-c")
                || has_switch(rest, "-command"));
        if !interpreter && !unknown_shell {
            return;
        }
        let bare = skip_switches(rest);
        let class = if bare.starts_with(CLIENT) { Class::RunsCommand } else { Class::AddsToCommand };
        self.found(
            class,
            line,
            &given,
            Some(&program).filter(|program| !program.contains(UNKNOWN)).map(String::as_str),
        );
    }

    /// One part of a start information that no object holds.
    pub(super) fn command_part(&mut self, name: &Name, value: &Value, line: u32) {
        let key: Name = Rc::from(format!("\u{0}start:{name}"));
        self.globals.insert(key, value.clone());
        let file = self.globals.get("\u{0}start:filename").cloned().unwrap_or_default();
        let args = self.globals.get("\u{0}start:arguments").cloned();
        self.command(&file, args.as_ref(), line);
    }

    pub(super) fn process_sink(
        &mut self,
        base: &Value,
        key: &str,
        args: &[Value],
        line: u32,
    ) -> Option<Value> {
        let first = args.first();
        match (base.ty.as_deref()?, key) {
            ("process", "start") => {
                if let Some(first) = first.filter(|first| !first.is("processstartinfo")) {
                    self.command(first, args.get(1), line);
                }
                let mut out = Value::typed("process");
                out.obj = base.obj;
                Some(out)
            }
            ("stdin", "write" | "writeline" | "writeasync" | "writelineasync") => {
                if let Some(given) = args.iter().find(|arg| arg.has(GIVEN)).cloned() {
                    self.found(Class::RunsCommand, line, &given, None);
                }
                Some(Value::default())
            }
            (
                "wscript.shell" | "comobject" | "shell.application" | "wscript",
                "run" | "exec" | "shellexecute" | "open",
            ) => {
                // `ShellExecute file, arguments`; `Run command, window, wait`.
                let second = args.get(1).filter(|_| key == "shellexecute");
                if base.is("comobject") {
                    if let Some(given) = first.filter(|first| first.has(GIVEN)).cloned()
                        && key != "open"
                    {
                        self.found(Class::RunsCommand, line, &given, None);
                    }
                    return (key != "open").then(Value::default);
                }
                if key != "open" {
                    self.command(first?, second, line);
                }
                Some(Value::default())
            }
            ("wscript.shell" | "comobject", "regread" | "regwrite" | "regdelete") => {
                if first.is_some_and(|first| first.has(GIVEN)) {
                    self.facts.file_ops.entry("registry").or_insert(line);
                }
                Some(Value::default())
            }
            (
                "winmgmts"
                | "managementclass"
                | "managementobject"
                | "win32_process"
                | "wbemscripting.swbemlocator",
                "create" | "invokemethod" | "execmethod" | "execmethod_",
            ) => {
                if let Some(given) = args.iter().find(|arg| arg.has(GIVEN)).cloned() {
                    self.found(Class::RunsCommand, line, &given, Some("WMI"));
                }
                Some(Value::default())
            }
            ("winmgmts" | "managementclass" | "wbemscripting.swbemlocator", _) => {
                Some(Value { ty: base.ty.clone(), ..Value::from_parts(args.iter()) })
            }
            ("interaction" | "microsoft.visualbasic", "shell") => {
                self.command(first?, None, line);
                Some(Value::default())
            }
            _ => None,
        }
    }

    /// Start informations are looked at when everything is set.
    pub(super) fn started(&mut self) {
        let all: Vec<(Value, Option<Value>, u32)> = self
            .heap
            .iter()
            .filter(|object| object.ty.as_deref() == Some("processstartinfo"))
            .map(|object| {
                let file = object.fields.get("filename").cloned().unwrap_or_default();
                (file, object.fields.get("arguments").cloned(), object.line)
            })
            .collect();
        for (file, args, line) in all {
            let line = [Some(&file), args.as_ref()]
                .into_iter()
                .flatten()
                .find_map(|value| {
                    value.origins.as_ref().and_then(|all| all.first().map(|origin| origin.line))
                })
                .filter(|line| *line > 0)
                .unwrap_or(line);
            self.command(&file, args.as_ref(), line);
        }
        let _ = index;
    }
}

/// The program's bare name and the rest of a command line.
fn split_program(shape: &str) -> (String, &str) {
    let shape = shape.trim_start();
    let (path, rest) = if let Some(inner) = shape.strip_prefix('"') {
        inner.split_once('"').unwrap_or((inner, ""))
    } else {
        // A path with spaces and an extension ends behind the extension.
        let lower = shape.to_ascii_lowercase();
        match lower.find(".exe") {
            Some(at) if lower.get(..at).is_some_and(|front| !front.contains(CLIENT)) => {
                shape.split_at(at + 4)
            }
            Some(_) | None => shape.split_once(' ').unwrap_or((shape, "")),
        }
    };
    let file = path.rsplit(['\\', '/']).next().unwrap_or(path).trim_matches('"').to_ascii_lowercase();
    let file = if path.starts_with(CLIENT) { CLIENT.to_string() } else { file };
    (file.trim_end_matches(".exe").trim_end_matches(".com").to_owned(), rest)
}

fn has_switch(rest: &str, switch: &str) -> bool {
    rest.split(' ').any(|word| word.to_ascii_lowercase().trim_start_matches(['"', '\'']).starts_with(switch))
}

/// What follows the switches of an interpreter.
fn skip_switches(rest: &str) -> &str {
    const VALUED: &[&str] = &["bypass", "hidden", "unrestricted", "remotesigned"];
    let mut rest = rest.trim_start_matches([' ', '"', '\'', '\t', UNKNOWN]);
    for _ in 0..16 {
        let word = rest.split([' ', '"', '\'', CLIENT]).next().unwrap_or("");
        let is_switch = word.starts_with(['/', '-']) || VALUED.contains(&word.to_ascii_lowercase().as_str());
        if !is_switch {
            break;
        }
        rest = rest.get(word.len()..).unwrap_or("").trim_start_matches([' ', '"', '\'', '\t']);
    }
    rest
}
