//! What is asked of the account's owner, and what was granted.

/// Reads and writes events on every calendar the account may write (C241).
pub const CALENDAR_EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
/// Reads the account's list of calendars (C180).
pub const CALENDAR_LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
/// Reads and writes contacts.
pub const CONTACTS: &str = "https://www.googleapis.com/auth/contacts";
/// Says who the account is.
pub const OPENID: &str = "openid";
/// Says the account's address.
pub const EMAIL: &str = "email";

/// Names that Google uses for one and the same scope (O23).
const SAME: &[&[&str]] = &[
    &[EMAIL, "https://www.googleapis.com/auth/userinfo.email"],
    &["profile", "https://www.googleapis.com/auth/userinfo.profile"],
    &[CONTACTS, "https://www.google.com/m8/feeds", "https://www.google.com/m8/feeds/"],
];

/// Scopes that hold another one (C180, C241).
const WIDER: &[(&str, &[&str])] = &[
    (CALENDAR_EVENTS, &["https://www.googleapis.com/auth/calendar"]),
    (
        CALENDAR_LIST,
        &[
            "https://www.googleapis.com/auth/calendar",
            "https://www.googleapis.com/auth/calendar.readonly",
            "https://www.googleapis.com/auth/calendar.calendarlist",
        ],
    ),
];

/// Returns the scopes of `needed` that `granted` lacks, in the order of `needed` (O40).
#[must_use]
pub fn missing_scopes<'a>(needed: &[&'a str], granted: &[String]) -> Vec<&'a str> {
    needed.iter().copied().filter(|scope| !granted.iter().any(|have| covers(have, scope))).collect()
}

fn covers(have: &str, need: &str) -> bool {
    have == need
        || SAME.iter().any(|names| names.contains(&have) && names.contains(&need))
        || WIDER.iter().any(|(narrow, wide)| *narrow == need && wide.contains(&have))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_or_a_wider_scope_counts_as_granted() {
        let granted = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = [OPENID, EMAIL, CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS];
        let table: &[(&[&str], &[&str])] = &[
            (&[], &all),
            (&all, &[]),
            (
                &[
                    "https://www.googleapis.com/auth/userinfo.email",
                    OPENID,
                    "https://www.google.com/m8/feeds",
                    "https://www.googleapis.com/auth/calendar",
                ],
                &[],
            ),
            (&[OPENID, EMAIL, CALENDAR_EVENTS, CALENDAR_LIST], &[CONTACTS]),
            (&[OPENID, EMAIL, CALENDAR_EVENTS, CONTACTS], &[CALENDAR_LIST]),
        ];
        for (have, want) in table {
            assert_eq!(missing_scopes(&all, &granted(have)), *want, "granted {have:?}");
        }
    }
}
