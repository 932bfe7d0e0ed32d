//! A generated rule: what is written into the YAML that each side reads.

use serde_json::{Map, Value, json};

use crate::reference;

/// A value as a rule's YAML holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Text, with Sigma's wildcards and escapes.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// `null`.
    Null,
}

/// `Field|modifiers: values`; no field for keywords.
#[derive(Clone, Debug)]
pub struct Item {
    /// The field; empty for keywords with modifiers, `'|all'`.
    pub field: String,
    /// The modifiers, in order.
    pub modifiers: Vec<&'static str>,
    /// One value, or a list.
    pub values: Vec<Scalar>,
}

/// What stands under one name in `detection`.
#[derive(Clone, Debug)]
pub enum Detection {
    /// All of the items.
    Map(Vec<Item>),
    /// One of the maps.
    Maps(Vec<Vec<Item>>),
    /// One of the words, in any field.
    Keywords(Vec<Scalar>),
    /// All of the words, in any field.
    AllKeywords(Vec<Scalar>),
}

/// A rule without a restriction on its log source.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Detections by name.
    pub detections: Vec<(String, Detection)>,
    /// The conditions: one, or a list of alternatives.
    pub conditions: Vec<String>,
}

impl Scalar {
    fn json(&self) -> Value {
        match self {
            Scalar::Text(text) => json!(text),
            Scalar::Int(number) => json!(number),
            Scalar::Float(number) => json!(number),
            Scalar::Bool(truth) => json!(truth),
            Scalar::Null => Value::Null,
        }
    }

    /// The text, when it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) => Some(text),
            Scalar::Int(_) | Scalar::Float(_) | Scalar::Bool(_) | Scalar::Null => None,
        }
    }
}

impl Item {
    /// Whether a modifier stands on it.
    pub fn has(&self, modifier: &str) -> bool {
        self.modifiers.contains(&modifier)
    }

    fn key(&self) -> String {
        let modifiers: Vec<&str> = self.modifiers.iter().flat_map(|name| ["|", name]).collect();
        format!("{}{}", self.field, modifiers.concat())
    }

    /// Whether two items would be one key of a YAML map, for one of the sides.
    pub fn clashes_with(&self, other: &Item) -> bool {
        self.key() == other.key() || self.for_them().key() == other.for_them().key()
    }

    /// The same question in words that the other side reads rightly.
    fn for_them(&self) -> Item {
        let mut item = self.clone();
        reference::windash(&mut item);
        reference::base64offset(&mut item);
        reference::wildcards_with_modifiers(&mut item);
        reference::single_addresses(&mut item);
        item
    }
}

impl Detection {
    fn json(&self) -> Value {
        let list = |values: &[Scalar]| Value::Array(values.iter().map(Scalar::json).collect());
        match self {
            Detection::Map(items) => map(items),
            Detection::Maps(maps) => Value::Array(maps.iter().map(|items| map(items)).collect()),
            Detection::Keywords(words) => list(words),
            Detection::AllKeywords(words) => json!({ "|all": list(words) }),
        }
    }

    fn for_them(&self) -> Detection {
        let items = |items: &[Item]| items.iter().map(Item::for_them).collect();
        match self {
            Detection::Map(all) => Detection::Map(items(all)),
            Detection::Maps(maps) => Detection::Maps(maps.iter().map(|map| items(map)).collect()),
            Detection::Keywords(words) => Detection::Keywords(reference::keywords(words)),
            Detection::AllKeywords(words) => {
                let (field, modifiers) = (String::new(), vec!["contains", "all"]);
                let item = Item { field, modifiers, values: reference::keywords(words) };
                Detection::Map(vec![item.for_them()])
            }
        }
    }

    /// Every item with a field.
    pub fn items(&self) -> Vec<&Item> {
        match self {
            Detection::Map(items) => items.iter().collect(),
            Detection::Maps(maps) => maps.iter().flatten().collect(),
            Detection::Keywords(_) | Detection::AllKeywords(_) => Vec::new(),
        }
    }

    /// Every word that is looked for in any field.
    pub fn words(&self) -> &[Scalar] {
        match self {
            Detection::Map(_) | Detection::Maps(_) => &[],
            Detection::Keywords(words) | Detection::AllKeywords(words) => words,
        }
    }
}

fn map(items: &[Item]) -> Value {
    let mut map = Map::new();
    for item in items {
        let mut values: Vec<Value> = item.values.iter().map(Scalar::json).collect();
        let value = if values.len() == 1 { values.remove(0) } else { Value::Array(values) };
        map.insert(item.key(), value);
    }
    Value::Object(map)
}

impl Rule {
    /// The YAML document, with this id. Flow style, since JSON is YAML and needs no quoting of its own.
    pub fn yaml(&self, id: &str) -> String {
        let mut detection: Map<String, Value> =
            self.detections.iter().map(|(name, detection)| (name.clone(), detection.json())).collect();
        let condition = match self.conditions.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        detection.insert("condition".into(), condition);
        let detection = Value::Object(detection);
        format!("title: T\nid: {id}\nlevel: high\nlogsource: {{}}\ndetection: {detection}\n")
    }

    /// The same rule in words that the other side reads rightly.
    #[must_use]
    pub fn for_them(&self) -> Rule {
        let detections = self.detections.iter().map(|(name, one)| (name.clone(), one.for_them())).collect();
        Rule { detections, conditions: self.conditions.clone() }
    }

    /// Every value of the rule that is text.
    pub fn texts(&self) -> Vec<&str> {
        let detections = || self.detections.iter().map(|(_, detection)| detection);
        let of_items = detections().flat_map(Detection::items).flat_map(|item| &item.values);
        of_items.chain(detections().flat_map(Detection::words)).filter_map(Scalar::text).collect()
    }
}
