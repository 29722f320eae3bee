//! Faults on demand: which requests fail, how, and before or after they are applied.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::api::ApiResponse;
use crate::bodies;
use crate::rng::Rng;
use crate::wire::{Cut, Response};

/// Whether a fault hides the request or only its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Moment {
    /// The request is not applied.
    #[default]
    Before,
    /// The request is applied and its answer is lost.
    After,
}

/// One rule: which requests, how often, and what happens.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Holds a method id; a final `*` stands for anything. Absent means all.
    pub method: Option<String>,
    /// Applies to each request with this probability.
    pub probability: Option<f64>,
    /// Applies to the n-th matching request (from 1) and, with `times`, the next ones.
    pub nth: Option<u64>,
    /// Applies so often, then no more.
    pub times: Option<u64>,
    /// Says when the fault strikes.
    pub when: Moment,
    /// Plays this error body.
    pub body: Option<String>,
    /// Answers this status.
    pub status: Option<u16>,
    /// Answers with this reason, in the form of the Calendar API, for reasons that no collected body has.
    pub reason: Option<String>,
    /// Answers an HTML page, as front ends do.
    pub html: bool,
    /// Closes the connection without an answer.
    pub drop: bool,
    /// Closes the connection in the middle of the answer.
    pub cut: bool,
    /// Waits before the answer; alone it changes nothing else.
    pub delay_ms: u64,
    /// Applies to this account only.
    pub account: Option<String>,
    /// Adds a `Retry-After` header.
    pub retry_after: Option<u64>,
    /// Applies to requests only whose address or body contains this text.
    pub about: Option<String>,
    /// Changes the answer: the first text becomes the second one, wherever it stands.
    pub replace: Option<(String, String)>,
    /// Answers every page of a list as one that another follows: the first one again.
    pub circle: bool,
    #[serde(skip)]
    seen: u64,
    #[serde(skip)]
    struck: u64,
}

impl Rule {
    fn matches(&self, method: &str, account: Option<&str>, request: &str) -> bool {
        if self.about.as_deref().is_some_and(|text| !request.contains(text)) {
            return false;
        }
        let pattern = self.method.as_deref().unwrap_or("*");
        let fits = match pattern.strip_suffix('*') {
            Some(prefix) => method.starts_with(prefix),
            None => method == pattern,
        };
        fits && self.account.as_deref().is_none_or(|wanted| account == Some(wanted))
    }

    fn strikes(&mut self, rng: &mut Rng) -> bool {
        self.seen += 1;
        let most = self.times.unwrap_or(match (self.nth, self.probability) {
            (Some(_), _) => 1,
            _ => u64::MAX,
        });
        if self.struck >= most || self.nth.is_some_and(|nth| self.seen < nth) {
            return false;
        }
        if self.probability.is_some_and(|probability| !rng.happens(probability)) {
            return false;
        }
        self.struck += 1;
        true
    }
}

/// The rules in force, with their own randomness.
#[derive(Debug, Clone)]
pub struct Faults {
    rng: Rng,
    rules: Vec<Rule>,
}

/// What a request suffers.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Says whether the request is applied first.
    pub when: Moment,
    rule: Rule,
}

impl Faults {
    /// Makes rules from a seed.
    #[must_use]
    pub fn new(seed: u64, rules: Vec<Rule>) -> Self {
        Self { rng: Rng::new(seed), rules }
    }

    /// Returns what a request of this method suffers, if anything.
    ///
    /// `request` is its address and its body.
    pub fn strike(&mut self, method: &str, account: Option<&str>, request: &str) -> Option<Fault> {
        let Self { rng, rules } = self;
        rules
            .iter_mut()
            .filter(|rule| rule.matches(method, account, request))
            .find_map(|rule| rule.strikes(rng).then(|| rule.clone()))
            .map(|rule| Fault { when: rule.when, rule })
    }
}

impl Fault {
    /// Tells whether the fault only slows the answer down.
    #[must_use]
    pub fn only_delays(&self) -> bool {
        let rule = &self.rule;
        rule.body.is_none()
            && rule.reason.is_none()
            && rule.status.is_none()
            && !rule.drop
            && !rule.cut
            && !rule.html
    }

    /// Changes a true answer, where the fault is one that does.
    pub fn change(&self, response: &mut Response) {
        let Some((from, to)) = &self.rule.replace else { return };
        let text = String::from_utf8_lossy(&response.body).replace(from, to);
        response.body = text.into_bytes();
    }

    /// Tells whether the list that is asked for goes in a circle.
    #[must_use]
    pub fn circles(&self) -> bool {
        self.rule.circle
    }

    /// Returns how long the answer waits.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.rule.delay_ms)
    }

    /// Returns the faulty answer.
    #[must_use]
    pub fn response(&self, method: &str) -> Response {
        let rule = &self.rule;
        let mut response = if let Some(name) = &rule.body {
            let mut answer = ApiResponse::error_file(name);
            answer.status = rule.status.unwrap_or_else(|| bodies::status(name));
            Response::of_api(&answer, true)
        } else if let Some(reason) = &rule.reason {
            let status = rule.status.unwrap_or(403);
            Response::of_api(&ApiResponse::calendar_error(status, "global", reason, reason), true)
        } else if rule.html {
            html(rule.status.unwrap_or(503))
        } else {
            generic(method, rule.status.unwrap_or(503))
        };
        response.cut = match (rule.drop, rule.cut) {
            (true, _) => Some(Cut::Whole),
            (false, true) => Some(Cut::Half),
            _ => None,
        };
        response.delay = self.delay();
        if let Some(seconds) = rule.retry_after {
            response.headers.push(("Retry-After".to_owned(), seconds.to_string()));
        }
        response
    }
}

fn html(status: u16) -> Response {
    let page = format!(
        "<!DOCTYPE html><html lang=en><title>Error {status} (Server Error)!!1</title>\
         <p><b>{status}.</b> <ins>That's an error.</ins><p>The server encountered a temporary error \
         and could not complete your request.<p>Please try again in 30 seconds."
    );
    Response::html(status, &page)
}

fn generic(method: &str, status: u16) -> Response {
    let people = method.starts_with("people.");
    let name = match (status, people) {
        (500, true) => "people-500-internal",
        (503, true) => "people-503-unavailable",
        (429, true) => "people-429-critical-reads",
        (401, true) => "people-401-unauthenticated",
        (404, true) => "people-404-not-found",
        (500, _) => "calendar-500-backendError",
        (503, _) => "calendar-503-backendError",
        (429, _) => "calendar-429-rateLimitExceeded",
        (403, _) => "calendar-403-rateLimitExceeded",
        (401, _) => "calendar-401-unauthenticated-frontend",
        (404, _) => "calendar-404-notFound",
        (409, _) => "calendar-409-conflict",
        (412, _) => "calendar-412-conditionNotMet",
        _ => return html(status),
    };
    let body: Value = bodies::body(name);
    Response::json(status, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(rule: Value, methods: &[&str]) -> Vec<bool> {
        let rule: Rule = serde_json::from_value(rule).unwrap();
        let mut faults = Faults::new(3, vec![rule]);
        methods.iter().map(|method| faults.strike(method, None, "").is_some()).collect()
    }

    #[test]
    fn rules_strike_as_written() {
        let three = ["calendar.events.list"; 4];
        assert_eq!(strikes(serde_json::json!({"nth": 3}), &three), [false, false, true, false]);
        assert_eq!(strikes(serde_json::json!({"times": 2}), &three), [true, true, false, false]);
        assert_eq!(strikes(serde_json::json!({"nth": 2, "times": 2}), &three), [false, true, true, false]);
        let mixed = ["oauth.token", "calendar.events.list"];
        assert_eq!(strikes(serde_json::json!({"method": "calendar.events.*"}), &mixed), [false, true]);
        assert_eq!(strikes(serde_json::json!({"method": "oauth.token"}), &mixed), [true, false]);
        assert_eq!(strikes(serde_json::json!({"account": "a@b.c"}), &mixed), [false, false]);
    }
}
