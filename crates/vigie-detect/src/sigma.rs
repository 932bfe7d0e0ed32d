//! Sigma's YAML to our IR: conditions written out, every modifier resolved or refused.
//!
//! Follows the specification 2.1 and pySigma where the specification is silent:
//! <https://sigmahq.io/sigma-specification/>.

mod condition;
mod encode;
mod item;
mod meta;
pub(crate) mod value;

use std::collections::BTreeMap;

use rsigma_parser::{FilterRule, FilterRuleTarget, SigmaCollection, parse_sigma_yaml};

use crate::correlation::Written;
use crate::error::LoadError;
use crate::ir::{Expr, LogSource, Rule};
use crate::place::{self, Text};
use crate::taxonomy::twins;

pub(crate) use condition::detections_to_expr;
pub(crate) use meta::Owner;

/// Values of `%placeholders%` for the `expand` modifier, by name.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// What a rule is converted with.
pub(crate) struct Context<'a> {
    /// Whose rule it is: decides what must be there.
    pub owner: &'a Owner<'a>,
    /// Values for `expand`.
    pub placeholders: &'a Placeholders,
}

/// What one file holds. Errors name what is missing from the rest.
#[derive(Default)]
pub(crate) struct SigmaFile {
    /// Detection rules, in order.
    pub rules: Vec<Rule>,
    /// Correlation rules.
    pub correlations: Vec<Written>,
    /// Filters.
    pub filters: Vec<Filter>,
    /// What would not load.
    pub errors: Vec<LoadError>,
}

/// Reads one Sigma file.
pub(crate) fn read_file(path: &str, content: &str, context: &Context<'_>) -> SigmaFile {
    let mut file = SigmaFile::default();
    for document in place::documents(path, content) {
        read_document(&document, context, &mut file);
    }
    file
}

fn read_document(document: &Text<'_>, context: &Context<'_>, file: &mut SigmaFile) {
    let collection = match parse_sigma_yaml(document.body) {
        Ok(collection) => collection,
        Err(error) => {
            file.errors.push(locate(document, &error.to_string()));
            return;
        }
    };
    file.errors.extend(collection.errors.iter().map(|error| locate(document, error)));
    convert(document, context, collection, file);
}

fn convert(document: &Text<'_>, context: &Context<'_>, collection: SigmaCollection, file: &mut SigmaFile) {
    for rule in &collection.rules {
        match rule_to_ir(document, context, rule) {
            Ok(rule) => file.rules.push(rule),
            Err(error) => file.errors.push(*error),
        }
    }
    for rule in collection.correlations {
        let place = document.error_on_key("correlation", "", "see correlations in the Sigma specification");
        match meta::correlation_info(document, context.owner, &rule) {
            Ok(info) => file.correlations.push(Written { info, rule, place }),
            Err(error) => file.errors.push(*error),
        }
    }
    for filter in &collection.filters {
        match filter_to_ir(document, context, filter) {
            Ok(filter) => file.filters.push(filter),
            Err(error) => file.errors.push(*error),
        }
    }
}

fn rule_to_ir(
    document: &Text<'_>,
    context: &Context<'_>,
    rule: &rsigma_parser::SigmaRule,
) -> Result<Rule, Box<LoadError>> {
    let info = meta::rule_info(document, context.owner, rule)?;
    if document.value_of_key("logsource").is_none() {
        let hint = "add `logsource:` with a category, product or service, or `logsource: {}` for every log";
        return Err(Box::new(document.error_on_key("title", "the rule has no `logsource`", hint)));
    }
    let mut unfilled = Vec::new();
    let keeper = item::Values { document, placeholders: context.placeholders };
    let condition = detections_to_expr(&keeper, &rule.detection, &mut unfilled)?;
    unfilled.sort();
    unfilled.dedup();
    let name = rule.name.clone().unwrap_or_default();
    let fields = rule.fields.clone();
    let mut rule = Rule { name, fields, unfilled, ..Rule::new(info, log_source(&rule.logsource), condition) };
    twins::add_words(&mut rule);
    Ok(rule)
}

/// A filter: a condition that its rules must meet, too.
pub(crate) struct Filter {
    /// Ids, names or titles of rules; `None` for every rule of the log source.
    pub targets: Option<Vec<String>>,
    /// Rules of other log sources are left alone.
    pub source: LogSource,
    /// The condition.
    pub condition: Expr,
    /// The filter's own place and title, for the list of what was not loaded.
    pub place: LoadError,
}

impl Filter {
    /// Whether the filter means a rule.
    pub(crate) fn means(&self, rule: &Rule) -> bool {
        let within = |mine: &str, theirs: &str| mine.is_empty() || mine == theirs;
        let same_log = within(&self.source.category, &rule.source.category)
            && within(&self.source.product, &rule.source.product)
            && within(&self.source.service, &rule.source.service);
        let named = |target: &String| {
            [&rule.info.id, &rule.name, &rule.info.title].into_iter().any(|name| name == target)
        };
        same_log && self.targets.as_ref().is_none_or(|targets| targets.iter().any(named))
    }
}

fn filter_to_ir(
    document: &Text<'_>,
    context: &Context<'_>,
    filter: &FilterRule,
) -> Result<Filter, Box<LoadError>> {
    let mut unfilled = Vec::new();
    let keeper = item::Values { document, placeholders: context.placeholders };
    let condition = detections_to_expr(&keeper, &filter.detection, &mut unfilled)?;
    if let Some(name) = unfilled.first() {
        // A filter whose values are unknown would let nothing through, or everything.
        let hint = "give the placeholder its values";
        return Err(Box::new(document.error_on(
            name,
            format!("the placeholder %{name}% has no values"),
            hint,
        )));
    }
    let targets = match &filter.rules {
        FilterRuleTarget::Any => None,
        FilterRuleTarget::Specific(targets) => Some(targets.clone()),
    };
    let source = filter.logsource.as_ref().map(log_source).unwrap_or_default();
    let place = document.error_on_key("filter", format!("the filter `{}`", filter.title), "");
    Ok(Filter { targets, source, condition, place })
}

/// Sigma's `logsource` in our words, lower case.
pub(crate) fn log_source(source: &rsigma_parser::LogSource) -> LogSource {
    let lower = |part: &Option<String>| part.as_deref().unwrap_or_default().to_ascii_lowercase();
    LogSource {
        category: lower(&source.category),
        product: lower(&source.product),
        service: lower(&source.service),
        indicator: false,
    }
}

/// The place and hint of a message of the YAML or Sigma parser.
fn locate(document: &Text<'_>, message: &str) -> LoadError {
    if let Some((line, column)) = yaml_place(message) {
        let (index, byte) = (line.saturating_sub(1), column.saturating_sub(1));
        let source = document.body.lines().nth(index).unwrap_or_default();
        return document.error_at(index, byte, first_line(message), yaml_hint(message, source));
    }
    if let Some(name) = between(message, "Unknown modifier '", "'") {
        let hint = value::nearest_modifier(name).map_or_else(
            || "see Sigma's list of modifiers".to_owned(),
            |known| format!("did you mean `{known}`?"),
        );
        let wanted = format!("|{name}");
        return document.error_where(
            |line| line.find(&wanted).map(|at| at + 1),
            format!("unknown modifier `{name}`"),
            &hint,
        );
    }
    if message.contains("Condition parse error") {
        return locate_condition(document, message);
    }
    if let Some(field) = between(message, "Missing required field '", "'") {
        let parent = if field == "condition" { "detection" } else { "title" };
        let hint = format!("add `{field}:`");
        return document.error_on_key(parent, format!("the rule has no `{field}`"), &hint);
    }
    if let Some(key) = between(message, "invalid ", ":") {
        return document.error_on_key(
            key,
            first_line(message),
            "use one of the words of the Sigma specification",
        );
    }
    if let Some(span) = between(message, "Invalid timespan '", "'") {
        return document.error_on(span, format!("`{span}` is no time span"), "write it as 30s, 5m, 1h or 7d");
    }
    if message.contains("correlation") || message.contains("timeframe") || message.contains("timespan") {
        return locate_correlation(document, message);
    }
    let quoted =
        message.split('\'').nth(1).filter(|quoted| document.body.contains(quoted)).unwrap_or("detection");
    document.error_on(quoted, first_line(message), "")
}

/// What YAML's own rules make of the usual slips.
fn yaml_hint(message: &str, source: &str) -> &'static str {
    if message.contains("unknown escape character") {
        "between double quotes a backslash is an escape: use single quotes"
    } else if message.contains("scanning an alias") {
        "put a value that begins with a wildcard in single quotes"
    } else if message.contains("cannot start any token")
        && source.starts_with([' ', '\t'])
        && source.trim_start_matches(' ').starts_with('\t')
    {
        "indent with blanks: YAML takes no tabs"
    } else if message.contains("cannot start any token") {
        "put a value that begins with a sign in single quotes"
    } else if message.contains("mapping values are not allowed") {
        "put a text that holds a colon in quotes"
    } else if message.contains("duplicate entry") {
        "a key stands once: give it a list of values, or make a list of maps"
    } else {
        "check indentation and quotes"
    }
}

/// The place and hint of what the parser says of a correlation.
fn locate_correlation(document: &Text<'_>, message: &str) -> LoadError {
    if message.contains("Missing timeframe") || message.contains("Missing timespan") {
        let hint = "add `timespan: 5m` under `correlation`";
        return document.error_on_key("correlation", "the correlation has no `timespan`", hint);
    }
    if let Some(kind) = message.split("Unknown correlation type: ").nth(1) {
        let kind = kind.trim();
        let hint = "one of event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, \
                    value_percentile, value_median";
        return document.error_on(kind, format!("`{kind}` is no type of correlation"), hint);
    }
    if message.contains("must have an operator") {
        let text = "the correlation's condition compares nothing";
        return document.error_on_key("condition", text, "one of lt, lte, gt, gte, eq, neq, with a number");
    }
    document.error_on_key("correlation", first_line(message), "see correlations in the Sigma specification")
}

/// A condition's error carries its own line and column within the condition.
fn locate_condition(document: &Text<'_>, message: &str) -> LoadError {
    let place = between(message, "error at ", ": ").and_then(|at| at.split_once(':'));
    let column = place.and_then(|(_, column)| column.parse::<usize>().ok()).unwrap_or(1);
    let expected = message.lines().rev().find_map(|line| line.trim().strip_prefix("= "));
    let text = expected
        .map_or_else(|| "the condition cannot be read".to_owned(), |e| format!("condition: {}", in_words(e)));
    let (line, byte) = document.value_of_key("condition").unwrap_or((0, 0));
    let condition = document.body.lines().nth(line).and_then(|line| line.get(byte..)).unwrap_or_default();
    if let Some(at) = condition.find('|') {
        let text = "aggregations behind `|` are gone from Sigma";
        return document.error_at(
            line,
            byte + at,
            text,
            "write a correlation rule: type event_count, or another",
        );
    }
    let hint = "a condition joins detection names with and, or, not, `1 of name_*`, `all of them`";
    document.error_at(line, byte + column - 1, text, hint)
}

/// The grammar's names for what it expected, as a person says them.
fn in_words(expected: &str) -> String {
    let words = [
        ("selector_target", "a pattern of names or `them`"),
        ("or_op", "`or`"),
        ("and_op", "`and`"),
        ("not_op", "`not`"),
        ("EOI", "the end"),
        ("primary", "a name"),
    ];
    words.iter().fold(expected.to_owned(), |text, (name, word)| text.replace(name, word))
}

fn yaml_place(message: &str) -> Option<(usize, usize)> {
    let at = message.rfind(" at line ")?;
    let mut numbers = message.get(at..)?.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    let rest = text.get(start..)?;
    rest.get(..rest.find(after)?)
}
