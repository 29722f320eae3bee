//! Which calendars an account has (C180, C181).

use http::Method;
use passerelle_google_transport::{Api, Call, GoogleClient, Pages};
use passerelle_ports::{PortError, PortResult};

use crate::wire::CalendarsPage;

/// A calendar of the account's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEntry {
    /// The id, by which [`crate::GoogleCalendar`] finds it.
    pub id: String,
    /// The name that the account's owner gave it, or else its own.
    pub name: String,
    /// What the account may do with it.
    pub access_role: AccessRole,
    /// Whether it is the account's main calendar.
    pub primary: bool,
    /// The IANA name of its zone.
    pub time_zone: Option<String>,
}

/// What an account may do with a calendar (C181).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessRole {
    /// Nothing that we know.
    Other,
    /// See when time is taken.
    FreeBusyReader,
    /// Read.
    Reader,
    /// Read and write, without private events.
    WriterWithoutPrivateAccess,
    /// Read and write.
    Writer,
    /// Read, write and share.
    Owner,
}

impl AccessRole {
    fn parse(text: &str) -> Self {
        match text {
            "freeBusyReader" => AccessRole::FreeBusyReader,
            "reader" => AccessRole::Reader,
            "writerWithoutPrivateAccess" => AccessRole::WriterWithoutPrivateAccess,
            "writer" => AccessRole::Writer,
            "owner" => AccessRole::Owner,
            _ => AccessRole::Other,
        }
    }

    /// Tells whether events may be written.
    #[must_use]
    pub fn may_write(self) -> bool {
        self >= AccessRole::WriterWithoutPrivateAccess
    }
}

/// Lists the account's calendars; needs the scope `calendar.calendarlist.readonly`.
///
/// # Errors
///
/// Whatever Google answers, as the transport's table says.
pub async fn list_calendars(client: &GoogleClient) -> PortResult<Vec<CalendarEntry>> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    let mut pages = Pages::default();
    loop {
        let url = client.endpoints().calendar(&["users", "me", "calendarList"]);
        let mut call =
            Call::new(Api::Calendar, "calendarList.list", Method::GET, url).query("maxResults", "250");
        if let Some(token) = &token {
            call = call.query("pageToken", token);
        }
        let page: CalendarsPage = client.send(call).await.map_err(PortError::from)?.json()?;
        found.extend(page.items.into_iter().filter(|item| !item.deleted).map(|item| CalendarEntry {
            access_role: AccessRole::parse(&item.access_role),
            name: item.summary_override.unwrap_or(item.summary),
            id: item.id,
            primary: item.primary,
            time_zone: item.time_zone,
        }));
        token = pages.next(page.next_page_token, "calendarList.list")?;
        if token.is_none() {
            return Ok(found);
        }
    }
}
