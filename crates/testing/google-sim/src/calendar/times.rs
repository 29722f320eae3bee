//! Dates and times of events: what is accepted, stored and printed.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Offset as _, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::api::ApiResponse;

/// A start or an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A day of an all-day event.
    Day(NaiveDate),
    /// An instant, and the zone in which a series repeats.
    At(DateTime<Utc>, Tz),
}

impl When {
    /// Returns the instant; days begin at midnight of a zone.
    #[must_use]
    pub fn instant(&self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Day(day) => local(zone, day.and_time(chrono::NaiveTime::MIN)),
            Self::At(at, _) => *at,
        }
    }

    /// Returns the suffix of an instance id (C64).
    #[must_use]
    pub fn suffix(&self) -> String {
        match self {
            Self::Day(day) => day.format("%Y%m%d").to_string(),
            Self::At(at, _) => at.format("%Y%m%dT%H%M%SZ").to_string(),
        }
    }

    /// Returns the stored form.
    #[must_use]
    pub fn stored(&self) -> Value {
        match self {
            Self::Day(day) => json!({"date": day.format("%Y-%m-%d").to_string()}),
            Self::At(at, zone) => json!({
                "dateTime": at.to_rfc3339_opts(SecondsFormat::Secs, true),
                "timeZone": zone.name(),
            }),
        }
    }

    /// Reads the stored form back.
    #[must_use]
    pub fn read(stored: &Value) -> Option<Self> {
        if let Some(text) = stored.get("date").and_then(Value::as_str) {
            return NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self::Day);
        }
        let at = instant(stored.get("dateTime")?.as_str()?)?;
        let zone = stored
            .get("timeZone")
            .and_then(Value::as_str)
            .and_then(|name| name.parse().ok())
            .unwrap_or(Tz::UTC);
        Some(Self::At(at, zone))
    }

    /// Shifts by a duration (whole days for days).
    #[must_use]
    pub fn plus(&self, duration: Duration) -> Self {
        match self {
            Self::Day(day) => Self::Day(*day + Duration::days(duration.num_days())),
            Self::At(at, zone) => Self::At(*at + duration, *zone),
        }
    }

    /// Returns the time between two values of one kind.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Duration {
        match (self, earlier) {
            (Self::Day(end), Self::Day(start)) => *end - *start,
            (Self::At(end, _), Self::At(start, _)) => *end - *start,
            _ => Duration::zero(),
        }
    }
}

/// Turns a local time into an instant; a time inside a gap is counted by the clock before it (RFC 5545, 3.3.5).
#[must_use]
pub fn local(zone: Tz, naive: NaiveDateTime) -> DateTime<Utc> {
    if let Some(at) = zone.from_local_datetime(&naive).earliest() {
        return at.with_timezone(&Utc);
    }
    let before = zone.offset_from_utc_datetime(&(naive - Duration::days(1))).fix();
    Utc.from_utc_datetime(&(naive - before))
}

fn invalid(which: &str) -> ApiResponse {
    ApiResponse::calendar_error(400, "global", "invalid", &format!("Invalid {which} time."))
}

/// Reads a start or end of a request (C62, C90, C91, C94, C95, C264).
///
/// # Errors
///
/// Returns Google's refusal.
pub fn parse(given: Option<&Value>, which: &str, calendar: Tz, recurring: bool) -> Result<When, ApiResponse> {
    let members = given.and_then(Value::as_object);
    let text = |name: &str| members.and_then(|all| all.get(name)).and_then(Value::as_str);
    match (text("date"), text("dateTime")) {
        (None, None) => {
            Err(ApiResponse::error_file("calendar-400-required-end")
                .message(&format!("Missing {which} time.")))
        }
        (Some(_), Some(_)) => Err(invalid(which)),
        (Some(date), None) => {
            NaiveDate::parse_from_str(date, "%Y-%m-%d").map(When::Day).map_err(|_| invalid(which))
        }
        (None, Some(time)) => timed(time, text("timeZone"), which, calendar, recurring),
    }
}

fn timed(
    time: &str,
    zone: Option<&str>,
    which: &str,
    calendar: Tz,
    recurring: bool,
) -> Result<When, ApiResponse> {
    let zone: Option<Tz> = match zone {
        None => None,
        Some(name) => Some(name.parse().map_err(|_| {
            ApiResponse::calendar_error(
                400,
                "global",
                "invalid",
                &format!("Invalid time zone definition for {which} time."),
            )
        })?),
    };
    let no_zone = || {
        ApiResponse::error_file("calendar-400-required-timezone")
            .message(&format!("Missing time zone definition for {which} time."))
    };
    if recurring && zone.is_none() {
        return Err(no_zone());
    }
    if let Some(at) = instant(time) {
        let whole = at - Duration::nanoseconds(i64::from(at.timestamp_subsec_nanos()));
        return Ok(When::At(whole, zone.unwrap_or(calendar)));
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(time, form).ok())
        .ok_or_else(|| invalid(which))?;
    let zone = zone.ok_or_else(no_zone)?;
    Ok(When::At(local(zone, naive), zone))
}

/// Prints a stored time with the offset of a zone (C92).
#[must_use]
pub fn render(stored: &Value, zone: Tz) -> Value {
    match When::read(stored) {
        Some(When::At(at, own)) => json!({"dateTime": print(at, zone), "timeZone": own.name()}),
        _ => stored.clone(),
    }
}

/// Prints an instant with the offset of a zone. Before a country had a common time its offset has seconds, which
/// must not get lost.
#[must_use]
pub fn print(at: DateTime<Utc>, zone: Tz) -> String {
    let there = at.with_timezone(&zone);
    let offset = there.offset().fix().local_minus_utc();
    if offset % 60 == 0 {
        return there.to_rfc3339_opts(SecondsFormat::Secs, true);
    }
    let (sign, size) = (if offset < 0 { '-' } else { '+' }, offset.abs());
    let clock = there.naive_local().format("%Y-%m-%dT%H:%M:%S");
    format!("{clock}{sign}{:02}:{:02}:{:02}", size / 3600, size / 60 % 60, size % 60)
}

/// Reads an instant, also with an offset that has seconds.
#[must_use]
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    let (rest, seconds) = text.rsplit_once(':')?;
    let at = DateTime::parse_from_rfc3339(rest).ok()?;
    let seconds: i64 = seconds.parse().ok().filter(|seconds| (0..60).contains(seconds))?;
    let west = at.offset().local_minus_utc() < 0 || rest.ends_with("-00:00");
    let seconds = Duration::seconds(if west { seconds } else { -seconds });
    at.with_timezone(&Utc).checked_add_signed(seconds)
}

/// Prints a stamp with milliseconds (C262).
#[must_use]
pub fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads start and end of a stored event.
#[must_use]
pub fn span(fields: &Map<String, Value>) -> Option<(When, When)> {
    Some((When::read(fields.get("start")?)?, When::read(fields.get("end")?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARIS: Tz = Tz::Europe__Paris;

    fn check(given: Value, recurring: bool, wanted: Result<Value, &str>) {
        let got = parse(Some(&given), "start", PARIS, recurring)
            .map(|when| render(&when.stored(), PARIS))
            .map_err(|refusal| refusal.body.unwrap()["error"]["message"].as_str().unwrap().to_owned());
        assert_eq!(got, wanted.map_err(str::to_owned), "{given}");
    }

    #[test]
    fn times_are_read_and_printed_as_google_does() {
        check(json!({"date": "2026-03-01"}), false, Ok(json!({"date": "2026-03-01"})));
        let paris = json!({"dateTime": "2026-07-01T09:00:00+02:00", "timeZone": "Europe/Paris"});
        check(json!({"dateTime": "2026-07-01T07:00:00Z"}), false, Ok(paris.clone()));
        check(json!({"dateTime": "2026-07-01T09:00:00", "timeZone": "Europe/Paris"}), true, Ok(paris));
        check(
            json!({"dateTime": "2026-07-01T09:00:00-03:00", "timeZone": "America/Los_Angeles"}),
            false,
            Ok(json!({"dateTime": "2026-07-01T14:00:00+02:00", "timeZone": "America/Los_Angeles"})),
        );
        const MISSING: Result<Value, &str> = Err("Missing time zone definition for start time.");
        check(json!({"dateTime": "2026-07-01T09:00:00"}), false, MISSING);
        check(json!({"dateTime": "2026-07-01T09:00:00Z"}), true, MISSING);
        check(
            json!({"date": "2026-07-01", "dateTime": "2026-07-01T09:00:00Z"}),
            false,
            Err("Invalid start time."),
        );
        check(json!({}), false, Err("Missing start time."));
        check(
            json!({"dateTime": "2026-07-01T09:00:00Z", "timeZone": "Romance Standard Time"}),
            false,
            Err("Invalid time zone definition for start time."),
        );
    }
}
