//! Scheduled tasks as Windows keeps them: an XML file a task, below `System32\Tasks`, in UTF-16.
//!
//! Schema: <https://learn.microsoft.com/en-us/windows/win32/taskschd/task-scheduler-schema>. One event for each action. The date of registration is
//! what the creator says, local time as a rule; a task that was made by hand may have none.

use std::ops::ControlFlow;

use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::encoding::head_text;
use super::limit::{CONTEXT_BYTES_MAX, Cuts};
use super::local_time;
use super::table::{Layout, Table};
use super::text_file::TextFile;
use super::xml::{self, Element, Visit};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Bytes of one value of an action that are kept.
const VALUE_BYTES_MAX: usize = 64 * 1024;
/// Actions of one task that are kept; Windows allows 32.
const ACTIONS_MAX: usize = 256;
/// Bytes of the kind of a trigger that are kept.
const TRIGGER_BYTES_MAX: usize = 64;
/// The namespace of tasks.
const NAMESPACE: &str = "schemas.microsoft.com/windows/2004/02/mit/task";

/// Reads scheduled tasks.
#[derive(Clone, Copy, Debug)]
pub struct ScheduledTask;

static ARTIFACT: Artifact = Artifact {
    name: "windows.task",
    title: "Scheduled task",
    density: Density::State,
    proves: "Which programs the server starts by itself, for whom and when: a common way to come back.",
    location: r"C:\Windows\System32\Tasks\**",
    source: "https://learn.microsoft.com/en-us/windows/win32/taskschd/task-scheduler-schema",
};

static LAYOUT: Layout = Layout {
    artifact: "windows.task",
    stream: "",
    fields: &[
        "TaskName",
        "Author",
        "Description",
        "ActionType",
        "Command",
        "Arguments",
        "WorkingDirectory",
        "ClassId",
        "CommandLine",
        "UserId",
        "RunLevel",
        "Hidden",
        "Enabled",
        "Triggers",
        "Registered",
    ],
};

impl Parser for ScheduledTask {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let text = head_text(head.bytes);
        xml::root_of(&text) == "Task" && (text.contains(NAMESPACE) || text.contains("<Actions"))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut file = TextFile::read(input, sink);
        let mut task = Task { name: name_by_path(input.path), enabled: "true".to_owned(), ..Task::default() };
        // Nothing is given while it is read, so nobody can have had enough.
        let _flow = xml::read(&mut file, &mut task, sink);
        let mut table = Table::new(&LAYOUT);
        // The file was read to its end, whether the receiver wants more or not.
        task.cuts.say(sink);
        let _stopped = task.give(&mut table, sink).is_continue().then(|| table.finish(sink));
        file.account()
    }
}

/// `\Microsoft\Windows\x` of a path that leads through `Tasks`.
fn name_by_path(path: &str) -> String {
    let path = path.replace('/', "\\");
    let at = path.to_ascii_lowercase().rfind(r"\tasks\");
    at.and_then(|at| path.get(at.checked_add(6)?..)).map(str::to_owned).unwrap_or_default()
}

/// A task as far as it was read.
#[derive(Default)]
struct Task {
    /// By the file's place; its own word goes before.
    name: String,
    uri: String,
    author: String,
    description: String,
    registered: String,
    user: String,
    level: String,
    hidden: String,
    enabled: String,
    triggers: Vec<String>,
    actions: Vec<Action>,
    /// Where the root begins.
    position: Position,
    /// The line of the last element that began.
    line: u64,
    cuts: Cuts,
}

#[derive(Default)]
struct Action {
    kind: String,
    command: String,
    arguments: String,
    directory: String,
    class: String,
    position: Position,
}

impl Visit for Task {
    fn open(&mut self, element: &Element<'_>, _sink: &mut dyn Sink) -> ControlFlow<()> {
        let position = element.position();
        self.line = element.line;
        let parent = element.path.len().checked_sub(2).and_then(|at| element.path.get(at));
        match parent.map(String::as_str) {
            None => self.position = position,
            Some("Actions") if self.cuts.has_room(self.actions.len(), ACTIONS_MAX, element.line) => {
                let kind = self.cuts.context(element.name(), element.line);
                self.actions.push(Action { kind, position, ..Action::default() });
            }
            Some("Triggers") if self.cuts.has_room(self.triggers.len(), ACTIONS_MAX, element.line) => {
                // All of them stand in each action's event.
                let trigger = self.cuts.head(element.name(), TRIGGER_BYTES_MAX, element.line);
                self.triggers.push(trigger);
            }
            Some(_) => {}
        }
        ControlFlow::Continue(())
    }

    fn text(&mut self, path: &[String], text: &str) {
        let [.., parent, own] = path else { return };
        let action = self.actions.last_mut();
        let field = match (parent.as_str(), own.as_str()) {
            ("RegistrationInfo", "URI") => Some(&mut self.uri),
            ("RegistrationInfo", "Author") => Some(&mut self.author),
            ("RegistrationInfo", "Description") => Some(&mut self.description),
            ("RegistrationInfo", "Date") => Some(&mut self.registered),
            ("Principal", "UserId" | "GroupId") => Some(&mut self.user),
            ("Principal", "RunLevel") => Some(&mut self.level),
            ("Settings", "Hidden") => Some(&mut self.hidden),
            ("Settings", "Enabled") => {
                self.enabled.clear();
                Some(&mut self.enabled)
            }
            (_, "Command") => action.map(|action| &mut action.command),
            (_, "Arguments") => action.map(|action| &mut action.arguments),
            (_, "WorkingDirectory") => action.map(|action| &mut action.directory),
            (_, "ClassId") => action.map(|action| &mut action.class),
            _ => None,
        };
        // What is said of the task stands in the event of each action.
        let of_action = matches!(own.as_str(), "Command" | "Arguments" | "WorkingDirectory" | "ClassId");
        let max = if of_action { VALUE_BYTES_MAX } else { CONTEXT_BYTES_MAX };
        if let Some(field) = field {
            self.cuts.push(field, text.trim_matches(['\r', '\n', '\t']), max, self.line);
        }
    }
}

impl Task {
    fn give(mut self, table: &mut Table, sink: &mut dyn Sink) -> ControlFlow<()> {
        let time = self.time(sink);
        if self.actions.is_empty() {
            // A task without an action that could be read is a task all the same.
            self.actions.push(Action { position: self.position, ..Action::default() });
        }
        let triggers = self.triggers.join(", ");
        let name = if self.uri.trim().is_empty() { &self.name } else { &self.uri };
        for action in &self.actions {
            let line = format!("{} {}", action.command, action.arguments);
            let values = [
                name,
                &self.author,
                &self.description,
                &action.kind,
                &action.command,
                &action.arguments,
                &action.directory,
                &action.class,
                line.trim(),
                &self.user,
                &self.level,
                &self.hidden,
                &self.enabled,
                &triggers,
                &self.registered,
            ];
            let values = values.map(|value| Some(value).filter(|value| !value.is_empty()));
            table.push(time, action.position, &values, sink)?;
        }
        ControlFlow::Continue(())
    }

    /// The date of registration; without a zone it is local time.
    fn time(&self, sink: &mut dyn Sink) -> Option<Time> {
        let text = self.registered.trim();
        if text.is_empty() {
            return None;
        }
        let behind_date = text.get(10..).unwrap_or_default();
        if behind_date.ends_with(['Z', 'z']) || behind_date.contains(['+', '-']) {
            return Time::parse(text.as_bytes());
        }
        let time = Time::parse(text.as_bytes()).or_else(|| local_time::of_digits(text))?;
        local_time::say(&format!("line {}", self.position.number), sink);
        Some(time)
    }
}
