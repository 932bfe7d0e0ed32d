//! Transport agents that Exchange loads: `agents.config`, `fetagents.config`.
//!
//! Described at <https://learn.microsoft.com/en-us/exchange/mail-flow/transport-agents/transport-agents>. An agent is code that sees and changes every
//! message; attackers installed their own (`LightNeuron`). One event for each.

use std::ops::ControlFlow;

use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::encoding::head_text;
use super::limit::{CONTEXT_BYTES_MAX, Cuts};
use super::table::{Layout, Table};
use super::text_file::TextFile;
use super::xml::{self, Element, Visit};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Reads the list of transport agents.
#[derive(Clone, Copy, Debug)]
pub struct TransportAgents;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.agents",
    title: "Transport agents (agents.config)",
    density: Density::State,
    proves: "Which code sees and changes every message that passes: agents that nobody installed included.",
    location: r"%ExchangeInstallPath%\TransportRoles\Shared\agents.config, fetagents.config",
    source: "https://learn.microsoft.com/en-us/exchange/mail-flow/transport-agents/transport-agents",
};

static LAYOUT: Layout = Layout {
    artifact: "exchange.agents",
    stream: "",
    fields: &["Name", "BaseType", "ClassFactory", "AssemblyPath", "Enabled", "Priority"],
};

impl Parser for TransportAgents {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let text = head_text(head.bytes);
        xml::root_of(&text) == "configuration"
            && (text.contains("<mexRuntime") || text.contains("<agentList"))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut file = TextFile::read(input, sink);
        let mut agents = Agents { table: Table::new(&LAYOUT), cuts: Cuts::default() };
        let flow = xml::read(&mut file, &mut agents, sink);
        agents.cuts.say(sink);
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = flow.is_continue().then(|| agents.table.finish(sink));
        file.account()
    }
}

struct Agents {
    table: Table,
    cuts: Cuts,
}

impl Visit for Agents {
    fn open(&mut self, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        if element.name() != "agent" {
            return ControlFlow::Continue(());
        }
        let names = ["name", "baseType", "classFactory", "assemblyPath", "enabled", "priority"];
        let mut get = |name| Some(self.cuts.fit(element.get(name)?, CONTEXT_BYTES_MAX, element.line));
        let values = names.map(&mut get);
        self.table.push(None, element.position(), &values, sink)
    }
}
