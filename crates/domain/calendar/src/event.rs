//! The event series itself: names after JSCalendar (RFC 8984) and iCalendar (RFC 5545).
//!
//! An event is a whole series: the master with its changed and cancelled occurrences. Every member
//! has a default, keyed collections are maps, and any mix of valid members is a valid event: so
//! events merge field by field (see `passerelle_ports::fields`).

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

/// An appointment, a meeting, an all-day entry: once or as a series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct Event {
    /// The identifier shared by all copies of the event (RFC 5545 `UID`).
    pub uid: String,
    /// What it is called (`SUMMARY`).
    pub title: String,
    /// Free text; may hold HTML where a provider allows it (C166).
    pub description: String,
    /// Where it takes place, in words.
    pub location: String,
    /// When the first occurrence begins.
    pub start: Option<Start>,
    /// How long each occurrence lasts.
    #[serde(skip_serializing_if = "is_default")]
    pub duration: Duration,
    /// `RRULE` values without their name, such as `FREQ=WEEKLY;BYDAY=MO`, one per rule.
    pub recurrence_rules: Vec<String>,
    /// `EXRULE` values without their name: obsolete, kept where a provider holds them.
    pub excluded_recurrence_rules: Vec<String>,
    /// Additional occurrences (`RDATE`), keyed by [`RecurrenceId`]; the value is `true`.
    pub recurrence_dates: BTreeMap<String, bool>,
    /// Changed and cancelled occurrences (`RECURRENCE-ID`, `EXDATE`), keyed by [`RecurrenceId`].
    pub recurrence_overrides: BTreeMap<String, Override>,
    /// Who takes part, keyed by e-mail address in lower case.
    pub participants: BTreeMap<String, Participant>,
    /// Reminders, keyed by [`Alert::key`].
    pub alerts: BTreeMap<String, Alert>,
    /// Whether the calendar's own default reminders apply (and `alerts` is empty).
    pub use_default_alerts: bool,
    /// Who may see it.
    #[serde(skip_serializing_if = "is_default")]
    pub privacy: Privacy,
    /// Whether it blocks time.
    #[serde(skip_serializing_if = "is_default")]
    pub free_busy_status: FreeBusyStatus,
    /// Whether it is settled.
    #[serde(skip_serializing_if = "is_default")]
    pub status: Status,
    /// A CSS colour name or `#rrggbb` (RFC 7986 `COLOR`); empty for the calendar's own.
    pub color: String,
    /// A page about it (`URL`).
    pub url: String,
    /// Where to join it online (`CONFERENCE`, RFC 7986).
    pub conference_url: String,
    /// Categories, keyed by their text in lower case; the value is the text as typed.
    pub categories: BTreeMap<String, String>,
}

/// Tells whether a member stands at its default, and so counts as absent.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// When an event begins. Three different things; none is ever turned into another.
///
/// Stored as one text, so that it is one field: `2026-11-23`, `2026-11-23T09:00:00[Europe/Paris]`
/// or `2026-11-23T09:00:00`. Half of a start never meets half of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Start {
    /// On a day, wherever the reader is.
    Date {
        /// The day.
        date: NaiveDate,
    },
    /// At an hour by the clock of a named zone.
    Zoned {
        /// The time on the wall.
        local: NaiveDateTime,
        /// The IANA name of the zone; `Etc/UTC` for UTC.
        zone: String,
    },
    /// At an hour by the reader's own clock.
    Floating {
        /// The time on the wall.
        local: NaiveDateTime,
    },
}

/// How long an occurrence lasts: whole days of the calendar, then exact seconds (RFC 8984 §1.4.6).
///
/// Written as ISO 8601: `P1D`, `PT1H30M`, `P1DT2H`. An all-day event has days and no seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration {
    /// Days of the calendar, which a change of the clocks may make 23 or 25 hours long.
    pub days: u32,
    /// Seconds on top of them.
    pub seconds: u32,
}

/// The original start of an occurrence, which names it for ever: `2026-11-23T09:00:00` by the clock
/// of the series' own zone, or `2026-11-23` for an all-day series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RecurrenceId {
    /// Of an all-day series.
    Date(NaiveDate),
    /// Of a timed series, by the clock of its zone.
    Local(NaiveDateTime),
}

/// What is different about one occurrence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct Override {
    /// The occurrence does not take place (`EXDATE`, or a cancelled exception).
    pub excluded: bool,
    /// Its own title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its own description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its own place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Where it was moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// Its own length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
    /// Its own status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Its own transparency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_busy_status: Option<FreeBusyStatus>,
    /// Its own colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Its own guests, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participants: Option<BTreeMap<String, Participant>>,
    /// Its own reminders, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<BTreeMap<String, Alert>>,
    /// Whether the calendar's own default reminders apply to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_default_alerts: Option<bool>,
    /// Who may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
    /// Its own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where to join it online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conference_url: Option<String>,
    /// Its own categories, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<BTreeMap<String, String>>,
}

impl Override {
    /// Returns what somebody typed of it, in one line: its title, where it was moved to, and its other words.
    #[must_use]
    pub fn words(&self) -> String {
        let moved = self.start.as_ref().map(|start| start.wall().format("%Y-%m-%d %H:%M").to_string());
        let moved = moved.map(|text| match &self.start {
            Some(Start::Date { .. }) => text.chars().take("2026-01-01".len()).collect(),
            _ => text,
        });
        let texts = [
            self.title.clone(),
            moved,
            self.location.clone(),
            self.description.clone(),
            self.url.clone(),
            self.conference_url.clone(),
        ];
        let texts = texts.into_iter().flatten().filter(|text| !text.is_empty());
        texts.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("; ")
    }

    /// Lays what is different about the occurrence over the event that its series makes of it.
    pub fn lay_over(&self, event: &mut Event) {
        fn take<T: Clone>(into: &mut T, own: Option<&T>) {
            if let Some(own) = own {
                into.clone_from(own);
            }
        }
        take(&mut event.title, self.title.as_ref());
        take(&mut event.description, self.description.as_ref());
        take(&mut event.location, self.location.as_ref());
        take(&mut event.duration, self.duration.as_ref());
        take(&mut event.status, self.status.as_ref());
        take(&mut event.free_busy_status, self.free_busy_status.as_ref());
        take(&mut event.color, self.color.as_ref());
        take(&mut event.participants, self.participants.as_ref());
        take(&mut event.privacy, self.privacy.as_ref());
        take(&mut event.url, self.url.as_ref());
        take(&mut event.conference_url, self.conference_url.as_ref());
        take(&mut event.categories, self.categories.as_ref());
        if self.start.is_some() {
            event.start.clone_from(&self.start);
        }
        if let Some(alerts) = &self.alerts {
            event.alerts.clone_from(alerts);
            event.use_default_alerts = false;
        }
        match self.use_default_alerts {
            Some(true) => {
                event.alerts.clear();
                event.use_default_alerts = true;
            }
            Some(false) => event.use_default_alerts = false,
            None => {}
        }
    }

    /// Returns what is different about an occurrence; its start is left to the caller, who knows what is the same
    /// moment there.
    #[must_use]
    pub fn between(expected: &Event, found: &Event) -> Self {
        fn own<T: Clone + PartialEq>(expected: &T, found: &T) -> Option<T> {
            (expected != found).then(|| found.clone())
        }
        // Where those of the calendar apply, others wait: they are no reminders of the occurrence.
        let reminders = |event: &Event| (!event.use_default_alerts).then(|| event.alerts.clone());
        let differ = reminders(expected) != reminders(found);
        Override {
            excluded: false,
            title: own(&expected.title, &found.title),
            description: own(&expected.description, &found.description),
            location: own(&expected.location, &found.location),
            start: None,
            duration: own(&expected.duration, &found.duration),
            status: own(&expected.status, &found.status),
            free_busy_status: own(&expected.free_busy_status, &found.free_busy_status),
            color: own(&expected.color, &found.color),
            participants: own(&expected.participants, &found.participants),
            alerts: (differ && !found.use_default_alerts).then(|| found.alerts.clone()),
            use_default_alerts: (differ && found.use_default_alerts).then_some(true),
            privacy: own(&expected.privacy, &found.privacy),
            url: own(&expected.url, &found.url),
            conference_url: own(&expected.conference_url, &found.conference_url),
            categories: own(&expected.categories, &found.categories),
        }
    }

    /// Tells whether the occurrence itself is marked as private.
    #[must_use]
    pub fn is_private(&self) -> bool {
        !self.excluded && self.privacy.is_some_and(Privacy::is_hidden)
    }
}

impl Privacy {
    /// Tells whether only the owner sees what it is about.
    #[must_use]
    pub fn is_hidden(self) -> bool {
        matches!(self, Privacy::Private | Privacy::Confidential)
    }
}

/// Somebody, or something, that takes part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct Participant {
    /// The address as typed.
    pub email: String,
    /// The name, if known.
    pub name: String,
    /// The part played.
    pub role: Role,
    /// The answer given.
    pub participation_status: ParticipationStatus,
    /// Whether this is a room or a thing (`CUTYPE`).
    pub resource: bool,
    /// Whether this one organises the event.
    pub organizer: bool,
    /// A comment that came with the answer.
    pub comment: String,
}

macro_rules! choice {
    ($($(#[$doc:meta])* $name:ident { $($(#[$var_doc:meta])* $var:ident => $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$var_doc])* #[serde(rename = $text)] $var),*
        }
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [$name] = &[$($name::$var),*];
            /// Returns the value's name, as it is stored.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($name::$var => $text),* }
            }
            /// Finds the value of a name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    )*};
}

choice! {
    /// The part a participant plays (RFC 5545 `ROLE`).
    Role {
        /// Shall come.
        #[default]
        Required => "required",
        /// May come.
        Optional => "optional",
        /// Is told only.
        Informational => "informational",
        /// Leads the meeting.
        Chair => "chair",
    }
    /// The answer of a participant (RFC 5545 `PARTSTAT`).
    ParticipationStatus {
        /// None yet.
        #[default]
        NeedsAction => "needs_action",
        /// Yes.
        Accepted => "accepted",
        /// No.
        Declined => "declined",
        /// Perhaps.
        Tentative => "tentative",
    }
    /// Who may see an event (RFC 5545 `CLASS`).
    Privacy {
        /// Whatever the calendar says.
        #[default]
        Default => "default",
        /// Everybody who sees the calendar.
        Public => "public",
        /// Its owner; others see that time is taken.
        Private => "private",
        /// Its owner; others see nothing (`CONFIDENTIAL`).
        Confidential => "confidential",
    }
    /// Whether an event blocks time (RFC 5545 `TRANSP`).
    FreeBusyStatus {
        /// It does.
        #[default]
        Busy => "busy",
        /// It does not.
        Free => "free",
    }
    /// Whether an event is settled (RFC 5545 `STATUS`).
    Status {
        /// It is.
        #[default]
        Confirmed => "confirmed",
        /// Not yet.
        Tentative => "tentative",
        /// It was called off, and stays in the calendar.
        Cancelled => "cancelled",
    }
    /// How a reminder reaches its owner (RFC 5545 `ACTION`).
    AlertAction {
        /// On the screen.
        #[default]
        Display => "display",
        /// By mail.
        Email => "email",
    }
}

/// A reminder before (or after) the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct Alert {
    /// How it reaches its owner.
    pub action: AlertAction,
    /// Minutes before the start; negative for after it.
    pub minutes_before: i32,
}

impl Alert {
    /// Returns the key of this reminder in `Event::alerts`, such as `display:15`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.action.as_str(), self.minutes_before)
    }
}
