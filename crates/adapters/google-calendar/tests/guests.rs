//! Meetings of others, and what guests and phones see of one's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::Duration as Wait;

use common::{ME, World, at, create, delete, entry, listen, stored, timed, update, write_one};
use passerelle_calendar::{Duration, Event, Participant};
use passerelle_google_calendar::{CalendarOptions, GoogleCalendar};
use passerelle_ports::{Code, CreateKey, ErrorKind, From, Replica, Stored, Write, Written};
use serde_json::json;

async fn invitation(world: &World) -> Stored<Event> {
    let bobs = world.calendar_of("bob@example.org");
    let guests = [ME, "zoe@client.example"]
        .map(|email| (email.to_owned(), Participant { email: email.to_owned(), ..Participant::default() }));
    let meeting = Event {
        title: "Bob's".into(),
        start: Some(at("2026-03-16T09:00:00")),
        duration: Duration::seconds(3600),
        participants: guests.into(),
        ..Event::default()
    };
    stored(write_one(&bobs, create("bobs", &meeting)).await);
    let heard = listen(&world.calendar(), From::Start).await.unwrap();
    heard.items.into_iter().find(|item| item.record.title == "Bob's").unwrap()
}

fn calendar(world: &World, options: CalendarOptions) -> GoogleCalendar {
    GoogleCalendar::new(world.client.clone(), "primary", CalendarOptions { settle: Wait::ZERO, ..options })
}

#[tokio::test]
async fn somebody_elses_meeting_is_never_made_again() {
    let world = World::new().await;
    let theirs = invitation(&world).await;
    let again = Write::Create {
        key: CreateKey::from("again"),
        record: theirs.record.clone(),
        opaque: Some(theirs.opaque.clone()),
        stamp: entry(7),
        replaces: Some(theirs.id.clone()),
    };
    let refused = write_one(&world.calendar(), again).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (ErrorKind::Forbidden, Some(Code::Goog309)));
}

#[tokio::test]
async fn deleting_somebody_elses_meeting_declines_it_only_by_rule() {
    let world = World::new().await;
    let theirs = invitation(&world).await;
    let careful = world.calendar();
    let refused = write_one(&careful, delete(&theirs)).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (ErrorKind::Forbidden, Some(Code::Goog309)));
    let found = careful.fetch(std::slice::from_ref(&theirs.id)).await.unwrap();
    assert_eq!(found, [Some(theirs.clone())]);
    let options = CalendarOptions { decline_deleted: true, ..CalendarOptions::default() };
    let declining = calendar(&world, options);
    assert_eq!(write_one(&declining, delete(&theirs)).await.unwrap(), Written::Deleted);
    // What is gone already is no question.
    assert_eq!(write_one(&careful, delete(&theirs)).await.unwrap(), Written::Deleted);
    world.sim.with(|core| assert_eq!(core.mails().len(), 0));
}

#[tokio::test]
async fn a_guest_who_may_change_a_meeting_neither_declines_nor_cancels_it_unasked() {
    let world = World::new().await;
    let theirs = invitation(&world).await;
    let bobs = format!("calendars/primary/events/{}?sendUpdates=none", theirs.id);
    world.other_of("bob@example.org", "PATCH", &bobs, json!({"guestsCanModify": true})).await;
    let heard = listen(&world.calendar(), From::Start).await.unwrap();
    let theirs = heard.one(theirs.id.as_str()).clone();
    let telling = calendar(&world, CalendarOptions { mail_guests: true, ..CalendarOptions::default() });
    assert!(!telling.tells_others(&theirs), "its organiser tells its guests");
    let refused = write_one(&telling, delete(&theirs)).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (ErrorKind::Forbidden, Some(Code::Goog309)));
    assert_eq!(world.client.counter().may_mail(), 0);
    let changed = Event { location: "Room 7".into(), ..theirs.record.clone() };
    assert_eq!(stored(write_one(&telling, update(&theirs, &changed)).await).record, changed);
}

#[tokio::test]
async fn guests_are_told_of_a_deletion_only_by_rule() {
    for mail_guests in [false, true] {
        let world = World::new().await;
        let options = CalendarOptions { mail_guests, ..CalendarOptions::default() };
        let own = calendar(&world, options);
        let bob = Participant { email: "bob@example.org".into(), ..Participant::default() };
        let meeting = Event {
            title: "Mine".into(),
            start: Some(at("2026-03-16T09:00:00")),
            participants: [("bob@example.org".to_owned(), bob)].into(),
            ..Event::default()
        };
        let made = stored(write_one(&own, create("mine", &meeting)).await);
        assert_eq!(write_one(&own, delete(&made)).await.unwrap(), Written::Deleted);
        let heard = listen(&world.calendar_of("bob@example.org"), From::Start).await.unwrap();
        assert_eq!(heard.items.is_empty(), mail_guests);
    }
}

#[tokio::test]
async fn a_video_link_typed_here_is_seen_at_google() {
    let world = World::new().await;
    let calendar = world.calendar();
    let link = "https://zoom.example/42";
    for (number, (description, location)) in
        [("", ""), ("Bring coffee", ""), ("Bring coffee", link), ("see https://zoom.example/42 !", "")]
            .into_iter()
            .enumerate()
    {
        let plain = Event {
            title: "Talk".into(),
            description: description.into(),
            location: location.into(),
            start: Some(at("2026-03-16T09:00:00")),
            duration: Duration::seconds(3600),
            ..Event::default()
        };
        let with = Event { conference_url: link.into(), ..plain.clone() };
        let same = |found: &Event, wanted: &Event| {
            assert_eq!(*found, Event { uid: found.uid.clone(), ..wanted.clone() });
        };
        let made = stored(write_one(&calendar, create(&format!("k{number}"), &plain)).await);
        let linked = stored(write_one(&calendar, update(&made, &with)).await);
        same(&linked.record, &with);
        let shown = world.show(made.id.as_str()).await;
        assert!(format!("{}{}", shown["description"], shown["location"]).contains(link), "{shown}");
        let renamed = Event { description: "Other".into(), location: String::new(), ..with.clone() };
        let renamed_now = stored(write_one(&calendar, update(&linked, &renamed)).await);
        same(&renamed_now.record, &renamed);
        assert_eq!(world.show(made.id.as_str()).await["description"], format!("Other\n\n{link}"));
        // A person's editor on the phone may break lines in its own way.
        let path = format!("calendars/primary/events/{}", made.id);
        world.other("PATCH", &path, json!({"description": format!("Edited<br><br>{link}")})).await;
        let heard = listen(&calendar, From::Start).await.unwrap();
        let edited = heard.one(made.id.as_str()).clone();
        same(&edited.record, &Event { description: "Edited".into(), ..renamed.clone() });
        let without = Event { conference_url: String::new(), ..edited.record.clone() };
        let bare = stored(write_one(&calendar, update(&edited, &without)).await);
        same(&bare.record, &without);
        assert_eq!(world.show(made.id.as_str()).await["description"], "Edited");
        let anew = stored(write_one(&calendar, create(&format!("anew{number}"), &with)).await);
        same(&anew.record, &with);
    }
}

#[tokio::test]
async fn beside_a_conference_of_googles_the_address_typed_here_is_seen_too() {
    let world = World::new().await;
    let calendar = world.calendar();
    let meet =
        json!({"createRequest": {"requestId": "r", "conferenceSolutionKey": {"type": "hangoutsMeet"}}});
    let body = json!({
        "summary": "Meet", "conferenceData": meet,
        "start": timed("2026-03-16T09:00:00+01:00"), "end": timed("2026-03-16T10:00:00+01:00"),
    });
    let made = world.other("POST", "calendars/primary/events?conferenceDataVersion=1", body).await;
    let id = made["id"].as_str().unwrap();
    let heard = listen(&calendar, From::Start).await.unwrap();
    let from = heard.one(id).clone();
    let googles = from.record.conference_url.clone();
    assert!(!googles.is_empty());
    let to = Event { conference_url: "https://zoom.example/7".into(), ..from.record.clone() };
    let written = stored(write_one(&calendar, update(&from, &to)).await);
    assert_eq!(written.record, to);
    assert_eq!(world.show(id).await["description"], "https://zoom.example/7");
    let back = stored(write_one(&calendar, update(&written, &from.record)).await);
    assert_eq!(back.record, from.record);
    assert!(world.show(id).await["description"].as_str().unwrap_or_default().is_empty());
}
