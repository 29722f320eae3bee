//! Partial responses: `fields=items(id,etag),nextPageToken` (C129).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A parsed mask: no children means the whole member.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mask(BTreeMap<String, Mask>);

/// Keeps what a mask names; `None` means the mask is invalid.
#[must_use]
pub fn select(mask: &str, body: &Value) -> Option<Value> {
    let mut parser = Parser { rest: mask.chars().filter(|letter| !letter.is_whitespace()).collect(), at: 0 };
    let parsed = parser.list(0)?;
    (parser.at == parser.rest.len()).then(|| keep(&parsed, body))
}

fn keep(mask: &Mask, value: &Value) -> Value {
    if mask.0.is_empty() {
        return value.clone();
    }
    match value {
        Value::Array(items) => items.iter().map(|item| keep(mask, item)).collect(),
        Value::Object(members) => {
            let mut out = Map::new();
            for (name, member) in members {
                if let Some(inner) = mask.0.get(name).or_else(|| mask.0.get("*")) {
                    out.insert(name.clone(), keep(inner, member));
                }
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

struct Parser {
    rest: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn list(&mut self, depth: usize) -> Option<Mask> {
        if depth > 20 {
            return None;
        }
        let mut all = Mask::default();
        loop {
            self.path(&mut all, depth)?;
            if self.peek() != Some(',') {
                return Some(all);
            }
            self.at += 1;
        }
    }

    fn path(&mut self, into: &mut Mask, depth: usize) -> Option<()> {
        let name = self.name()?;
        let inner = into.0.entry(name).or_default();
        match self.peek() {
            Some('/') => {
                self.at += 1;
                self.path(inner, depth + 1)
            }
            Some('(') => {
                self.at += 1;
                let children = self.list(depth + 1)?;
                inner.0.extend(children.0);
                (self.peek() == Some(')')).then(|| self.at += 1)
            }
            _ => Some(()),
        }
    }

    fn name(&mut self) -> Option<String> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || "_-*.@$".contains(c)) {
            self.at += 1;
        }
        (self.at > start).then(|| self.rest.get(start..self.at).unwrap_or_default().iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn masks_keep_what_they_name() {
        let body = json!({"items": [{"id": 1, "start": {"date": "d", "x": 1}, "y": 2}], "t": 3, "u": 4});
        for (mask, wanted) in [
            ("t", Some(json!({"t": 3}))),
            ("items(id,start/date),t", Some(json!({"items": [{"id": 1, "start": {"date": "d"}}], "t": 3}))),
            ("items/id", Some(json!({"items": [{"id": 1}]}))),
            ("*", Some(body.clone())),
            ("items(id", None),
            ("", None),
            ("a,,b", None),
        ] {
            assert_eq!(select(mask, &body), wanted, "{mask}");
        }
    }
}
