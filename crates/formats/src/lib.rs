//! Contacts and events as text: vCard, CSV, JSContact, iCalendar, JSCalendar.
