//! Durations as text: ISO 8601, as iCalendar and JSCalendar write it.

use std::{fmt, str::FromStr};

use crate::Duration;

/// The text is no duration of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration")]
pub struct DurationError;

impl Duration {
    /// Makes a duration of whole days of the calendar.
    #[must_use]
    pub fn days(days: u32) -> Self {
        Duration { days, seconds: 0 }
    }

    /// Makes a duration of exact seconds.
    #[must_use]
    pub fn seconds(seconds: u32) -> Self {
        Duration { days: 0, seconds }
    }

    /// Tells whether it lasts no time at all.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Duration::default()
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        if self.days > 0 {
            write!(f, "{}D", self.days)?;
        }
        if self.seconds > 0 {
            f.write_str("T")?;
        }
        for (count, unit) in
            [(self.seconds / 3600, 'H'), (self.seconds / 60 % 60, 'M'), (self.seconds % 60, 'S')]
        {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    /// Reads `P1W`, `P1DT2H`, `PT90M` …; a negative duration is none.
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let text = text.trim().to_ascii_uppercase();
        let body = text.strip_prefix('+').unwrap_or(&text).strip_prefix('P').ok_or(DurationError)?;
        let (date, time) = body.split_once('T').unwrap_or((body, ""));
        if (date.is_empty() && time.is_empty()) || body.ends_with('T') {
            return Err(DurationError);
        }
        Ok(Duration {
            days: sum(date, &[('W', 7), ('D', 1)])?,
            seconds: sum(time, &[('H', 3600), ('M', 60), ('S', 1)])?,
        })
    }
}

/// Adds up `2W3D` by the weight of each unit; each unit once, in order.
fn sum(text: &str, units: &[(char, u32)]) -> Result<u32, DurationError> {
    let mut total = 0_u32;
    let mut rest = text;
    for &(unit, weight) in units {
        if let Some((count, after)) = rest.split_once(unit) {
            if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(DurationError);
            }
            let count: u32 = count.parse().map_err(|_| DurationError)?;
            total = count.checked_mul(weight).and_then(|n| total.checked_add(n)).ok_or(DurationError)?;
            rest = after;
        }
    }
    if rest.is_empty() { Ok(total) } else { Err(DurationError) }
}

impl TryFrom<String> for Duration {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> String {
        duration.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_others_write_them() {
        for (text, days, seconds) in [
            ("P1W", 7, 0),
            ("P1D", 1, 0),
            ("P1W2D", 9, 0),
            ("PT90M", 0, 5400),
            ("PT1H30M", 0, 5400),
            ("p1dt2h", 1, 7200),
            ("+PT0S", 0, 0),
            ("P15DT5H0M20S", 15, 18_020),
        ] {
            assert_eq!(text.parse(), Ok(Duration { days, seconds }), "{text}");
        }
        for text in ["", "P", "PT", "-PT15M", "1H", "PT1.5H", "P1Y", "P1M", "PT1S1H", "PT99999999H", "PT+1H"]
        {
            assert_eq!(text.parse::<Duration>(), Err(DurationError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_is_read_as_it_is_written(days in any::<u32>(), seconds in any::<u32>()) {
            let duration = Duration { days, seconds };
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }
    }
}
