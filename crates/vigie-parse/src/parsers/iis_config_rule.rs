//! A rule of IIS's URL Rewrite module while its elements are read.

use vigie_model::batch::Position;

use super::limit::Cuts;
use super::xml::Element;

/// Bytes of a pattern, and of what a rule writes, that are kept.
const VALUE_BYTES_MAX: usize = 64 * 1024;
/// Conditions of one rule that are kept.
const CONDITIONS_MAX: usize = 64;

/// A rewrite rule, or what else stands in a list of them.
pub(super) struct RewriteRule {
    /// `inbound`, `outbound` or `global`.
    pub(super) direction: &'static str,
    /// `add`, or what is done to rules that the file inherits: `remove`, `clear`.
    pub(super) change: &'static str,
    pub(super) name: String,
    pub(super) enabled: String,
    pub(super) syntax: String,
    pub(super) stops: String,
    /// The pattern for the address.
    pub(super) url: String,
    /// The server variable that an outbound rule changes.
    pub(super) variable: String,
    /// `{HTTP_COOKIE} ~ pattern`; `!~` where the pattern must not match.
    pub(super) conditions: Vec<String>,
    pub(super) action: String,
    /// Where the action leads to, or what it writes.
    pub(super) target: String,
    pub(super) position: Position,
}

impl RewriteRule {
    /// A rule at its beginning, with what is true where the file says nothing else.
    pub(super) fn begin(direction: &'static str, element: &Element<'_>, cuts: &mut Cuts) -> RewriteRule {
        let mut get =
            |name: &str, default: &str| cuts.context(element.get(name).unwrap_or(default), element.line);
        RewriteRule {
            direction,
            change: "add",
            name: get("name", ""),
            enabled: get("enabled", "true"),
            syntax: get("patternSyntax", "ECMAScript"),
            stops: get("stopProcessing", "false"),
            url: String::new(),
            variable: String::new(),
            conditions: Vec::new(),
            action: String::new(),
            target: String::new(),
            position: element.position(),
        }
    }

    /// A change of rules that stand elsewhere.
    pub(super) fn change(
        direction: &'static str,
        change: &'static str,
        element: &Element<'_>,
        cuts: &mut Cuts,
    ) -> RewriteRule {
        RewriteRule { change, ..RewriteRule::begin(direction, element, cuts) }
    }

    /// Takes an element that lies in the rule.
    pub(super) fn add(&mut self, parent: &str, element: &Element<'_>, cuts: &mut Cuts) {
        let line = element.line;
        let get = |name: &str| element.get(name).unwrap_or_default();
        match (parent, element.name()) {
            (_, "match") => {
                let pattern = if self.direction == "outbound" { get("pattern") } else { get("url") };
                // Turned around, a pattern for everything is one for nothing.
                let is_negated = get("negate").eq_ignore_ascii_case("true");
                let pattern = cuts.fit(pattern, VALUE_BYTES_MAX, line);
                self.url = if is_negated { format!("!{pattern}") } else { pattern.to_owned() };
                self.variable = cuts.context(get("serverVariable"), line);
            }
            ("conditions", "add") if cuts.has_room(self.conditions.len(), CONDITIONS_MAX, line) => {
                let is_negated = get("negate").eq_ignore_ascii_case("true");
                let verb = if is_negated { "!~" } else { "~" };
                let case = if get("ignoreCase").eq_ignore_ascii_case("false") { " (case)" } else { "" };
                let kind = get("matchType");
                let kind = if kind.is_empty() || kind.eq_ignore_ascii_case("Pattern") { "" } else { kind };
                let kind = cuts.context(kind, line);
                let (input, pattern) = (cuts.context(get("input"), line), get("pattern"));
                let pattern = cuts.fit(pattern, VALUE_BYTES_MAX, line);
                self.conditions.push(format!("{input} {verb} {pattern}{case}{kind}"));
            }
            (_, "action") => {
                self.action = cuts.context(get("type"), line);
                let target = if get("url").is_empty() { get("value") } else { get("url") };
                self.target = cuts.head(target, VALUE_BYTES_MAX, line);
            }
            _ => {}
        }
    }

    /// The rule in one line, its parts between tabs, in the order that `vigie-assess` reads.
    pub(super) fn as_fact(&self, location: &str) -> String {
        let conditions = self.conditions.join(" && ");
        let parts = [
            location,
            self.direction,
            self.change,
            &self.name,
            &self.enabled,
            &self.syntax,
            &self.stops,
            &self.url,
            &conditions,
            &self.action,
            &self.variable,
            &self.target,
        ];
        let clean = |part: &&str| part.replace(['\t', '\r', '\n'], " ");
        parts.iter().map(clean).collect::<Vec<_>>().join("\t")
    }
}
