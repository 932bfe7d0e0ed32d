//! Configuration files of IIS and ASP.NET: `applicationHost.config`, `web.config`, `redirection.config`.
//!
//! Schema: <https://learn.microsoft.com/en-us/iis/configuration/>. Each thing that decides who may ask for what, or which code
//! answers, is an event: rules of URL Rewrite (<https://learn.microsoft.com/en-us/iis/extensions/url-rewrite-module/url-rewrite-module-configuration-reference>),
//! modules, handlers, virtual directories, authentication. They are the state of the server when it was collected and have
//! no time. What a web directory's file holds is given to the rules on web directories as well, as for any other file.

use std::ops::ControlFlow;

use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::{Account, Fact, FactKind};

use super::encoding::head_text;
use super::iis_config_rule::RewriteRule;
use super::limit::Cuts;
use super::table::{self, Layout, Table};
use super::text_file::{TextFile, name_of};
use super::xml::{self, Element, Visit};
use super::{web_root, web_root_path};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Reads the configuration of IIS.
#[derive(Clone, Copy, Debug)]
pub struct IisConfig;

static ARTIFACT: Artifact = Artifact {
    name: "iis.config",
    title: "Configuration of IIS (applicationHost.config, web.config)",
    density: Density::State,
    proves: "Which mitigations stood in front of Exchange and whether their patterns hold, whether Extended Protection was \
             on for each directory, and which modules, handlers and virtual directories answered: those that nobody \
             installed included.",
    location: r"C:\Windows\System32\inetsrv\config\applicationHost.config; web.config of each directory",
    source: "https://learn.microsoft.com/en-us/iis/configuration/",
};

const NAME: &str = "iis.config";

static LAYOUTS: [Layout; 6] = [
    Layout {
        artifact: NAME,
        stream: "RewriteRule",
        fields: &[
            "Location",
            "Direction",
            "Change",
            "Name",
            "Enabled",
            "PatternSyntax",
            "StopProcessing",
            "MatchUrl",
            "ServerVariable",
            "Conditions",
            "Action",
            "Target",
        ],
    },
    Layout {
        artifact: NAME,
        stream: "Module",
        fields: &["Location", "Kind", "Change", "Name", "Image", "Type", "PreCondition"],
    },
    Layout {
        artifact: NAME,
        stream: "Handler",
        fields: &[
            "Location",
            "Change",
            "Name",
            "Path",
            "Verb",
            "Modules",
            "ScriptProcessor",
            "Type",
            "ResourceType",
            "RequireAccess",
            "PreCondition",
        ],
    },
    Layout {
        artifact: NAME,
        stream: "VirtualDirectory",
        fields: &["Site", "Url", "PhysicalPath", "ApplicationPool", "UserName"],
    },
    Layout {
        artifact: NAME,
        stream: "Authentication",
        fields: &["Location", "Method", "Enabled", "UserName", "TokenChecking"],
    },
    Layout { artifact: NAME, stream: "Setting", fields: &["Location", "Section", "Name", "Value"] },
];
/// Bytes of one value that are kept.
const VALUE_BYTES_MAX: usize = 64 * 1024;
const RULES: usize = 0;
const MODULES: usize = 1;
const HANDLERS: usize = 2;
const DIRECTORIES: usize = 3;
const AUTHENTICATION: usize = 4;
const SETTINGS: usize = 5;

/// Sections one of which stands in the head of a file that is IIS's or ASP.NET's and no other program's.
const SECTIONS: &[&str] = &[
    "system.webserver",
    "system.applicationhost",
    "<system.web>",
    "<system.web ",
    "configurationredirection",
];
/// Names that tell where no section does: files of a few lines. IIS obeys a file of such a name wherever it finds it.
pub(crate) const NAMES: &[&str] =
    &["applicationhost.config", "web.config", "redirection.config", "administration.config"];

impl Parser for IisConfig {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let text = head_text(head.bytes);
        if xml::root_of(&text) != "configuration" {
            return false;
        }
        let lower = text.to_ascii_lowercase();
        NAMES.contains(&name_of(head.path).as_str()) || SECTIONS.iter().any(|section| lower.contains(section))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut file = TextFile::read(input, sink);
        if web_root_path::read(input.path).is_web {
            let bytes = file.text.as_bytes();
            if web_root::give(input, bytes, web_root::mark_of(bytes), sink).is_break() {
                file.abandon(0);
                return file.account();
            }
        }
        let mut reading = Reading {
            tables: LAYOUTS.each_ref().map(Table::new),
            locations: Vec::new(),
            site: String::new(),
            application: (String::new(), String::new()),
            rule: None,
            cuts: Cuts::default(),
        };
        let flow = xml::read(&mut file, &mut reading, sink);
        reading.cuts.say(sink);
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = flow.is_continue().then(|| table::finish(&mut reading.tables, sink));
        file.account()
    }
}

struct Reading {
    tables: [Table; 6],
    /// Paths of the `location` elements around the place.
    locations: Vec<String>,
    site: String,
    /// Path and pool of the application around the place.
    application: (String, String),
    /// The rewrite rule around the place.
    rule: Option<RewriteRule>,
    cuts: Cuts,
}

/// What an element changes in a list of the configuration.
fn change_of(name: &str) -> Option<&'static str> {
    match name {
        "add" => Some("add"),
        "remove" => Some("remove"),
        "clear" => Some("clear"),
        _ => None,
    }
}

impl Visit for Reading {
    fn open(&mut self, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        let parent = element.path.len().checked_sub(2).and_then(|at| element.path.get(at));
        let parent = parent.map_or("", String::as_str);
        if let Some(rule) = &mut self.rule {
            rule.add(parent, element, &mut self.cuts);
            return ControlFlow::Continue(());
        }
        match (parent, element.name()) {
            (_, "location") => {
                let path = self.cuts.context(element.get("path").unwrap_or_default(), element.line);
                self.locations.push(path);
                ControlFlow::Continue(())
            }
            (list @ ("rules" | "outboundRules" | "globalRules"), name) => {
                self.open_rule(list, name, element, sink)
            }
            (list @ ("globalModules" | "modules" | "httpModules"), name) => {
                self.module(list, name, element, sink)
            }
            ("handlers" | "httpHandlers", name) => self.handler(name, element, sink),
            (_, "site") => {
                self.site = self.cuts.context(element.get("name").unwrap_or_default(), element.line);
                ControlFlow::Continue(())
            }
            (_, "application") if parent == "site" => {
                let mut get = |name| self.cuts.context(element.get(name).unwrap_or_default(), element.line);
                self.application = (get("path"), get("applicationPool"));
                ControlFlow::Continue(())
            }
            ("application", "virtualDirectory") => self.directory(element, sink),
            ("authentication", method) => self.authentication(method, element, sink),
            ("windowsAuthentication", "extendedProtection") => self.token_checking(element, sink),
            (parent, name) => self.setting(parent, name, element, sink),
        }
    }

    fn close(&mut self, path: &[String], sink: &mut dyn Sink) -> ControlFlow<()> {
        match path.last().map_or("", String::as_str) {
            "location" => {
                self.locations.pop();
            }
            "rule" => {
                if let Some(rule) = self.rule.take() {
                    return self.give_rule(&rule, sink);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Reading {
    fn location(&self) -> String {
        self.locations.last().cloned().unwrap_or_default()
    }

    fn push(
        &mut self,
        table: usize,
        position: Position,
        values: &[Option<&str>],
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let mut fit = |value| self.cuts.fit(value, VALUE_BYTES_MAX, position.number);
        let values: Vec<_> = values.iter().map(|value| value.map(&mut fit)).collect();
        match self.tables.get_mut(table) {
            Some(table) => table.push(None, position, &values, sink),
            None => ControlFlow::Continue(()),
        }
    }

    fn open_rule(
        &mut self,
        list: &str,
        name: &str,
        element: &Element<'_>,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let direction = match list {
            "outboundRules" => "outbound",
            "globalRules" => "global",
            _ => "inbound",
        };
        if name == "rule" {
            self.rule = Some(RewriteRule::begin(direction, element, &mut self.cuts));
            return ControlFlow::Continue(());
        }
        let Some(change) = change_of(name).filter(|change| *change != "add") else {
            return ControlFlow::Continue(());
        };
        let rule = RewriteRule::change(direction, change, element, &mut self.cuts);
        self.give_rule(&rule, sink)
    }

    fn give_rule(&mut self, rule: &RewriteRule, sink: &mut dyn Sink) -> ControlFlow<()> {
        let location = self.location();
        let place = format!("line {}", rule.position.number);
        sink.fact(Fact { kind: FactKind::RewriteRule, value: rule.as_fact(&location), time: None, place });
        let conditions = rule.conditions.join("\n");
        let values = [
            Some(location.as_str()),
            Some(rule.direction),
            Some(rule.change),
            Some(rule.name.as_str()),
            Some(rule.enabled.as_str()),
            Some(rule.syntax.as_str()),
            Some(rule.stops.as_str()),
            Some(rule.url.as_str()),
            Some(rule.variable.as_str()),
            Some(conditions.as_str()),
            Some(rule.action.as_str()),
            Some(rule.target.as_str()),
        ];
        self.push(RULES, rule.position, &values, sink)
    }

    fn module(
        &mut self,
        list: &str,
        name: &str,
        element: &Element<'_>,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let Some(change) = change_of(name) else { return ControlFlow::Continue(()) };
        // In `modules` a native one is named only; a managed one brings its type.
        let kind = match (list, element.get("type")) {
            ("globalModules", _) => "native",
            (_, Some(_)) => "managed",
            (_, None) => "enabled",
        };
        let location = self.location();
        let get = |name| element.get(name);
        let values = [
            Some(location.as_str()),
            Some(kind),
            Some(change),
            get("name"),
            get("image"),
            get("type"),
            get("preCondition"),
        ];
        self.push(MODULES, element.position(), &values, sink)
    }

    fn handler(&mut self, name: &str, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        let Some(change) = change_of(name) else { return ControlFlow::Continue(()) };
        let location = self.location();
        let mut values = vec![Some(location.as_str()), Some(change)];
        let rest = [
            "name",
            "path",
            "verb",
            "modules",
            "scriptProcessor",
            "type",
            "resourceType",
            "requireAccess",
            "preCondition",
        ];
        values.extend(rest.iter().map(|name| element.get(name)));
        self.push(HANDLERS, element.position(), &values, sink)
    }

    fn directory(&mut self, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        let below = element.get("path").unwrap_or_default();
        let (application, pool) = self.application.clone();
        let url = format!("{}/{}", application.trim_end_matches('/'), below.trim_start_matches('/'));
        let url = if url.len() > 1 { url.trim_end_matches('/') } else { url.as_str() };
        let site = self.site.clone();
        let values = [
            Some(site.as_str()),
            Some(url),
            element.get("physicalPath"),
            Some(pool.as_str()),
            element.get("userName"),
        ];
        self.push(DIRECTORIES, element.position(), &values, sink)
    }

    fn authentication(
        &mut self,
        method: &str,
        element: &Element<'_>,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let Some(method) = method.strip_suffix("Authentication") else { return ControlFlow::Continue(()) };
        let location = self.location();
        let values =
            [Some(location.as_str()), Some(method), element.get("enabled"), element.get("userName"), None];
        self.push(AUTHENTICATION, element.position(), &values, sink)
    }

    fn token_checking(&mut self, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        let location = self.location();
        let checking = element.get("tokenChecking").unwrap_or("None");
        let checking = self.cuts.context(checking, element.line);
        let place = format!("line {}", element.line);
        let value = format!("{location}\t{checking}");
        sink.fact(Fact { kind: FactKind::TokenChecking, value, time: None, place });
        let values = [Some(location.as_str()), Some("windows"), None, None, Some(checking.as_str())];
        self.push(AUTHENTICATION, element.position(), &values, sink)
    }

    /// Single settings that an attacker changes, or that tell of a door.
    fn setting(
        &mut self,
        parent: &str,
        name: &str,
        element: &Element<'_>,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let get = |name: &str| element.get(name).unwrap_or_default();
        let named = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        let found = match (parent, name) {
            (_, "httpLogging") => named("dontLog", get("dontLog")),
            // The key itself is a secret: that it is fixed is what matters.
            (_, "machineKey") => {
                let fixed =
                    !get("validationKey").is_empty() && !get("validationKey").starts_with("AutoGenerate");
                named("validationKey", if fixed { "fixed in the file" } else { "made by the server" })
            }
            (_, "configurationRedirection") => named(get("enabled"), get("path")),
            ("isapiFilters", "filter") => named(get("name"), get("path")),
            ("assemblies", "add") => named("assembly", get("assembly")),
            ("buildProviders", "add") => named(get("extension"), get("type")),
            ("fastCgi", "application") => named(get("fullPath"), get("arguments")),
            ("security", "access") => named("sslFlags", get("sslFlags")),
            ("security", "ipSecurity") => named("allowUnlisted", get("allowUnlisted")),
            (_, "directoryBrowse") => named("enabled", get("enabled")),
            (_, "httpRedirect") => named(get("enabled"), get("destination")),
            _ => None,
        };
        let Some((key, value)) = found else { return ControlFlow::Continue(()) };
        let location = self.location();
        let section = if name == "add" { parent } else { name };
        let values = [Some(location.as_str()), Some(section), Some(key.as_str()), Some(value.as_str())];
        self.push(SETTINGS, element.position(), &values, sink)
    }
}
