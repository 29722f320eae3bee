//! A changed occurrence has its own privacy, links, categories, colour and reminders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{World, at, create, delete, entry, listen, stored, update, write_one};
use passerelle_calendar::{Alert, Duration, Event, Override, Privacy};
use passerelle_ports::{CreateKey, From, Opaque, Write};
use serde_json::{Value, json};

const FIRST: &str = "2026-03-23T09:00:00";
const SECOND: &str = "2026-03-30T09:00:00";

fn weekly() -> Event {
    Event {
        title: "Weekly".into(),
        start: Some(at("2026-03-16T09:00:00")),
        duration: Duration::seconds(3600),
        recurrence_rules: vec!["FREQ=WEEKLY;COUNT=5".into()],
        url: "https://series.example".into(),
        categories: texts(&["Team"]),
        ..Event::default()
    }
}

fn texts(texts: &[&str]) -> BTreeMap<String, String> {
    texts.iter().map(|text| (text.to_lowercase(), (*text).to_owned())).collect()
}

fn nameless(event: &Event) -> Event {
    Event { uid: String::new(), ..event.clone() }
}

fn with(changes: &[(&str, Override)]) -> Event {
    let mut event = weekly();
    event
        .recurrence_overrides
        .extend(changes.iter().map(|(name, change)| ((*name).to_owned(), change.clone())));
    event
}

fn private(title: &str) -> Override {
    Override { title: Some(title.into()), privacy: Some(Privacy::Private), ..Override::default() }
}

async fn visibilities(world: &World, id: &str) -> Vec<String> {
    let path = format!("calendars/primary/events/{id}/instances");
    let found = world.other("GET", &path, Value::Null).await;
    let of = |item: &Value| item["visibility"].as_str().unwrap_or("default").to_owned();
    found["items"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn what_an_occurrence_says_itself_goes_to_google_and_comes_back() {
    let world = World::new().await;
    let calendar = world.calendar();
    let alert = Alert { minutes_before: 5, ..Alert::default() };
    let change = Override {
        url: Some("https://one.example/x".into()),
        conference_url: Some("https://call.example/1".into()),
        categories: Some(texts(&["Travel", "VIP"])),
        color: Some("gold".into()),
        alerts: Some([(alert.key(), alert)].into()),
        ..Override::default()
    };
    let emptied = Override {
        url: Some(String::new()),
        categories: Some(BTreeMap::new()),
        use_default_alerts: Some(true),
        ..Override::default()
    };
    let event = with(&[(FIRST, change.clone()), (SECOND, emptied)]);
    let made = stored(write_one(&calendar, create("k", &event)).await);
    assert_eq!(nameless(&made.record), event);
    let shown = world.show(&format!("{}_20260323T080000Z", made.id)).await;
    assert_eq!(shown["source"]["url"], "https://one.example/x");
    assert!(shown["description"].as_str().unwrap().contains("https://call.example/1"));
    assert_eq!(shown["reminders"]["overrides"], json!([{"method": "popup", "minutes": 5}]));
    assert_eq!(shown["colorId"], "5");
    let heard = listen(&calendar, From::Start).await.unwrap();
    assert_eq!(nameless(&heard.one(made.id.as_str()).record), event);
    // The series changes: what the occurrence says itself stays, the rest follows.
    let to =
        Event { url: "https://other.example".into(), categories: texts(&["All"]), ..made.record.clone() };
    let now = stored(write_one(&calendar, update(&made, &to)).await);
    assert_eq!(now.record, to);
    // It follows its series again.
    let mut to = now.record.clone();
    to.recurrence_overrides.clear();
    let now = stored(write_one(&calendar, update(&now, &to)).await);
    assert_eq!(now.record, to);
}

#[tokio::test]
async fn what_somebody_gives_one_occurrence_at_google_is_its_own() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &weekly())).await);
    let path = format!("calendars/primary/events/{}_20260323T080000Z", made.id);
    let body = json!({
        "source": {"url": "https://one.example", "title": "One"}, "colorId": "5",
        "reminders": {"useDefault": true}, "description": "own",
    });
    world.other("PATCH", &path, body).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let found = heard.one(made.id.as_str());
    let own = Override {
        url: Some("https://one.example".into()),
        color: Some("gold".into()),
        use_default_alerts: Some(true),
        description: Some("own".into()),
        ..Override::default()
    };
    assert_eq!(found.record.recurrence_overrides[FIRST], own);
}

#[tokio::test]
async fn a_private_occurrence_makes_its_series_private_at_google_and_not_here() {
    let world = World::new().await;
    let calendar = world.calendar();
    for (number, of_series) in [Privacy::Default, Privacy::Public].into_iter().enumerate() {
        let open = Override { title: Some("Open".into()), ..Override::default() };
        let of = |event: Event| Event { privacy: of_series, ..event };
        let event = of(with(&[(FIRST, private("Notary")), (SECOND, open.clone())]));
        let mut now = stored(write_one(&calendar, create(&format!("k{number}"), &event)).await);
        let id = now.id.clone();
        let read = async || {
            let heard = listen(&calendar, From::Start).await.unwrap();
            nameless(&heard.one(id.as_str()).record)
        };
        assert_eq!(nameless(&now.record), event);
        assert_eq!(read().await, event);
        assert_eq!(visibilities(&world, id.as_str()).await, ["private"; 5]);
        assert_eq!(world.show(id.as_str()).await["visibility"], "private");
        // Another one, more hidden still; somebody edits at Google; the first is opened again, then the other.
        let confidential = Override { privacy: Some(Privacy::Confidential), ..private("Doctor") };
        let path = format!("calendars/primary/events/{id}");
        for changes in [
            vec![(FIRST, private("Notary")), (SECOND, confidential.clone())],
            vec![(FIRST, Override { privacy: None, ..private("Notary") }), (SECOND, confidential)],
            vec![(FIRST, Override { privacy: None, ..private("Notary") }), (SECOND, open)],
            vec![],
        ] {
            let hidden = changes.iter().any(|(_, change)| change.is_private());
            let wanted = Event { uid: now.record.uid.clone(), ..of(with(&changes)) };
            let wanted = Event { location: now.record.location.clone(), ..wanted };
            now = stored(write_one(&calendar, update(&now, &wanted)).await);
            assert_eq!(now.record, wanted);
            let shown = if hidden { "private" } else { of_series.as_str() };
            let all = visibilities(&world, id.as_str()).await;
            let fits = |one: &String| if hidden { one != "default" && one != "public" } else { one == shown };
            assert!(all.iter().all(fits), "{all:?}");
            let place = format!("Lyon {}", changes.len());
            world.other("PATCH", &path, json!({ "location": place })).await;
            let heard = listen(&calendar, From::Start).await.unwrap();
            now = heard.one(id.as_str()).clone();
            assert_eq!(now.record, Event { location: place, ..wanted });
        }
    }
}

#[tokio::test]
async fn whoever_opens_the_series_at_google_opens_its_occurrences() {
    let world = World::new().await;
    let calendar = world.calendar();
    let event = with(&[(FIRST, private("Notary"))]);
    let made = stored(write_one(&calendar, create("k", &event)).await);
    world
        .other("PATCH", &format!("calendars/primary/events/{}", made.id), json!({"visibility": "public"}))
        .await;
    world
        .other(
            "PATCH",
            &format!("calendars/primary/events/{}_20260323T080000Z", made.id),
            json!({"visibility": "public"}),
        )
        .await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let found = &heard.one(made.id.as_str()).record;
    assert_eq!(found.privacy, Privacy::Public);
    assert!(!found.recurrence_overrides[FIRST].is_private());
    // And whoever makes one occurrence private at Google makes the series private, as Google does.
    let made = stored(write_one(&calendar, create("l", &with(&[]))).await);
    let path = format!("calendars/primary/events/{}_20260406T070000Z", made.id);
    world.other("PATCH", &path, json!({"visibility": "private"})).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    assert_eq!(heard.one(made.id.as_str()).record.privacy, Privacy::Private);
}

fn file(name: &str) -> Value {
    json!([{"fileUrl": format!("https://files.example/{name}"), "title": name}])
}

/// The day, the title and the attached files of each occurrence.
async fn attached(world: &World, id: &str) -> Vec<String> {
    let path = format!("calendars/primary/events/{id}/instances");
    let found = world.other("GET", &path, Value::Null).await;
    let of = |item: &Value| {
        let files = item["attachments"].as_array().cloned().unwrap_or_default();
        let titles: Vec<&str> = files.iter().filter_map(|file| file["title"].as_str()).collect();
        let day = item["start"]["dateTime"].as_str().unwrap().get(8..10).unwrap();
        format!("{day} {} {}", item["summary"].as_str().unwrap_or_default(), titles.join(","))
    };
    found["items"].as_array().unwrap().iter().map(of).collect()
}

/// What another program keeps beside the occurrence that is called "Named".
async fn properties_of_named(world: &World, id: &str) -> (Value, Value) {
    let path = format!("calendars/primary/events/{id}/instances");
    let found = world.other("GET", &path, Value::Null).await;
    let named = found["items"].as_array().unwrap().iter().find(|item| item["summary"] == "Named").unwrap();
    let properties = &named["extendedProperties"];
    (properties["private"]["crm"].clone(), properties["shared"]["theirs"].clone())
}

#[tokio::test]
async fn what_hangs_on_an_occurrence_follows_it() {
    for of_series in ["", "agenda"] {
        let world = World::new().await;
        let calendar = world.calendar();
        let made = stored(write_one(&calendar, create("k", &weekly())).await);
        let events = "calendars/primary/events";
        let path = |id: &str| format!("{events}/{id}?supportsAttachments=true");
        let id = made.id.as_str();
        if !of_series.is_empty() {
            world.other("PATCH", &path(id), json!({"attachments": file(of_series)})).await;
        }
        // One occurrence that says something else as well, one that does not, and one of which it was taken away.
        let properties = json!({"private": {"crm": "17"}, "shared": {"theirs": "x"}});
        let named = json!({"summary": "Named", "attachments": file("one"), "extendedProperties": properties});
        world.other("PATCH", &path(&format!("{id}_20260323T080000Z")), named).await;
        world
            .other("PATCH", &path(&format!("{id}_20260330T070000Z")), json!({"attachments": file("two")}))
            .await;
        world.other("PATCH", &path(&format!("{id}_20260406T070000Z")), json!({"attachments": []})).await;
        let wanted = [
            format!("16 Weekly {of_series}"),
            "23 Named one".to_owned(),
            "30 Weekly two".to_owned(),
            "06 Weekly ".to_owned(),
            format!("13 Weekly {of_series}"),
        ];
        assert_eq!(attached(&world, id).await, wanted);
        let heard = listen(&calendar, From::Start).await.unwrap();
        let from = heard.one(id);
        // The company moves the series by two hours, as plain SQL does.
        let mut to = from.record.clone();
        to.start = Some(at("2026-03-16T11:00:00"));
        let change = to.recurrence_overrides.remove(FIRST).unwrap();
        to.recurrence_overrides.insert("2026-03-23T11:00:00".into(), change);
        let moved = stored(write_one(&calendar, update(from, &to)).await);
        assert_eq!(attached(&world, id).await, wanted, "of the series: {of_series}");
        assert_eq!(properties_of_named(&world, id).await, (json!("17"), json!("x")), "of other programs");
        assert_eq!(moved.record.recurrence_overrides.len(), 1);
        // It is deleted, and made again.
        write_one(&calendar, delete(&moved)).await.unwrap();
        let again = Write::Create {
            key: CreateKey::from("again"),
            record: moved.record.clone(),
            opaque: Some(Opaque(moved.opaque.0.clone())),
            stamp: entry(4),
            replaces: None,
        };
        let again = stored(write_one(&calendar, again).await);
        assert_eq!(attached(&world, again.id.as_str()).await, wanted, "of the series: {of_series}");
        assert_eq!(properties_of_named(&world, again.id.as_str()).await, (json!("17"), json!("x")));
    }
}

#[tokio::test]
async fn a_video_link_that_a_person_moved_or_edited_is_shown_once() {
    let world = World::new().await;
    let calendar = world.calendar();
    let link = "https://zoom.example/42";
    for (number, (description, now, text, link_now)) in [
        ("Desc", "Desc\n\nhttps://zoom.example/42\nroom 5", "Desc\nroom 5", link),
        ("Desc", "Desc<br><br>https://zoom.example/42<br>room 5", "Desc<br><br><br>room 5", link),
        ("Desc", "https://zoom.example/42\nDesc", "Desc", link),
        ("", "https://zoom.example/42\n\nroom 5", "room 5", link),
        ("Desc", "Desc\n\nhttps://zoom.example/77", "Desc", "https://zoom.example/77"),
        ("Desc", "Desc\n\nhttps://docs.example/x", "Desc\n\nhttps://docs.example/x", link),
        ("Desc", "Desc", "Desc", link),
    ]
    .into_iter()
    .enumerate()
    {
        let event = Event {
            title: "O".into(),
            description: description.into(),
            start: Some(at("2026-03-16T09:00:00")),
            duration: Duration::seconds(3600),
            conference_url: link.into(),
            ..Event::default()
        };
        let made = stored(write_one(&calendar, create(&format!("k{number}"), &event)).await);
        let path = format!("calendars/primary/events/{}", made.id);
        world.other("PATCH", &path, json!({ "description": now })).await;
        let heard = listen(&calendar, From::Start).await.unwrap();
        let read = heard.one(made.id.as_str()).clone();
        assert_eq!(
            (read.record.description.as_str(), read.record.conference_url.as_str()),
            (text, link_now),
            "{now}"
        );
        let other = Event { conference_url: "https://zoom.example/43".into(), ..read.record.clone() };
        let written = stored(write_one(&calendar, update(&read, &other)).await);
        assert_eq!(written.record.conference_url, "https://zoom.example/43");
        let shown = world.show(made.id.as_str()).await["description"].as_str().unwrap().to_owned();
        assert_eq!(shown.matches("zoom.example").count(), 1, "{now}: {shown}");
        assert!(shown.ends_with("https://zoom.example/43"), "{shown}");
    }
}

#[tokio::test]
async fn a_video_link_that_a_person_removed_is_shown_again() {
    let link = "https://meet.example/abc?a=1&b=2";
    for recurrence_rules in [Vec::new(), vec!["FREQ=WEEKLY;COUNT=4".to_owned()]] {
        let world = World::new().await;
        let calendar = world.calendar();
        let event = Event {
            title: "Call".into(),
            description: "Agenda".into(),
            start: Some(at("2026-03-16T09:00:00")),
            duration: Duration::seconds(3600),
            conference_url: link.into(),
            recurrence_rules: recurrence_rules.clone(),
            ..Event::default()
        };
        let told = |found: &passerelle_ports::Stored<Event>| {
            let hidden: Vec<_> = found.opaque.hidden().map(|field| field.to_string()).collect();
            (found.opaque.unsaid().map(|field| field.to_string()), hidden.join(","))
        };
        let silent = (None, String::new());
        let lost = (Some("conference_url".to_owned()), "conference_url".to_owned());
        let mut now = stored(write_one(&calendar, create("k", &event)).await);
        let id = now.id.as_str().to_owned();
        let instance = format!("{id}_20260323T080000Z");
        let whole = [id.as_str()];
        let places: &[&str] = if recurrence_rules.is_empty() { &whole } else { &[&id, &instance] };
        for place in places {
            for (typed, shown) in [
                ("", link.to_owned()),
                ("Agenda", format!("Agenda\n\n{link}")),
                ("Agenda\n\nhttps://docs.example/x", format!("Agenda\n\nhttps://docs.example/x\n\n{link}")),
            ] {
                let path = format!("calendars/primary/events/{place}");
                world.other("PATCH", &path, json!({ "description": typed })).await;
                let heard = listen(&calendar, From::Start).await.unwrap();
                let read = heard.one(&id).clone();
                assert_eq!(told(&read), lost, "{place} {typed}");
                assert_eq!(read.record.conference_url, link);
                now = stored(write_one(&calendar, update(&read, &read.record)).await);
                assert_eq!(now.record, read.record, "{place} {typed}");
                assert_eq!(told(&now), silent, "{place} {typed}");
                assert_eq!(world.show(place).await["description"], shown, "{place} {typed}");
            }
        }
        // An editor that makes a link of it hides nothing.
        let marked = format!("Agenda<br><a href=\"x\">{}</a>", link.replace('&', "&amp;"));
        let path = format!("calendars/primary/events/{id}");
        world.other("PATCH", &path, json!({ "description": marked })).await;
        assert_eq!(told(listen(&calendar, From::Start).await.unwrap().one(&id)), silent);
        // Emptied here, it is gone there.
        let heard = listen(&calendar, From::Start).await.unwrap();
        let read = heard.one(&id).clone();
        let without =
            Event { conference_url: String::new(), description: "Plain".into(), ..read.record.clone() };
        let bare = stored(write_one(&calendar, update(&read, &without)).await);
        assert_eq!((bare.record.conference_url.as_str(), told(&bare)), ("", silent));
        assert_eq!(world.show(&id).await["description"], "Plain");
        assert!(now.record.conference_url == link);
    }
}

#[tokio::test]
async fn a_video_link_that_the_description_holds_stays_in_it() {
    let world = World::new().await;
    let calendar = world.calendar();
    let link = "https://meet.example/abc";
    for (number, description) in
        [&format!("Agenda\n\n{link}"), link, &format!("x\n{link}\n"), &format!("See {link} now")]
            .into_iter()
            .enumerate()
    {
        let event = Event {
            title: "Call".into(),
            description: description.to_owned(),
            start: Some(at("2026-03-16T09:00:00")),
            duration: Duration::seconds(3600),
            conference_url: link.into(),
            ..Event::default()
        };
        let made = stored(write_one(&calendar, create(&format!("k{number}"), &event)).await);
        assert_eq!(made.record.description, description);
        assert_eq!(world.show(made.id.as_str()).await["description"], description);
        let path = format!("calendars/primary/events/{}", made.id);
        // Another address of the same host is no change of ours.
        let added = format!("{description}\nhttps://meet.example/notes");
        world.other("PATCH", &path, json!({ "description": added })).await;
        let heard = listen(&calendar, From::Start).await.unwrap();
        let read = heard.one(made.id.as_str()).clone();
        assert_eq!((read.record.description.as_str(), read.record.conference_url.as_str()), (&*added, link));
        // A text without it gets our line below, and one that holds it again has none.
        for (typed, shown) in [("Plain", format!("Plain\n\n{link}")), (&*added, added.clone())] {
            let heard = listen(&calendar, From::Start).await.unwrap();
            let read = heard.one(made.id.as_str()).clone();
            let to = Event { description: typed.to_owned(), ..read.record.clone() };
            let written = stored(write_one(&calendar, update(&read, &to)).await);
            assert_eq!(written.record, to);
            assert_eq!(world.show(made.id.as_str()).await["description"], shown);
        }
    }
}

#[tokio::test]
async fn what_hangs_on_one_occurrence_is_told() {
    let world = World::new().await;
    let calendar = world.calendar();
    let event = Event {
        title: "Weekly".into(),
        start: Some(at("2026-03-16T09:00:00")),
        duration: Duration::seconds(3600),
        recurrence_rules: vec!["FREQ=WEEKLY;COUNT=4".into()],
        ..Event::default()
    };
    let made = stored(write_one(&calendar, create("k", &event)).await);
    assert_eq!(made.opaque.unshown().count(), 0);
    let path = format!("calendars/primary/events/{}_20260323T080000Z?supportsAttachments=true", made.id);
    let file = json!([{ "fileUrl": "https://drive.google.com/f1", "title": "F" }]);
    world.other("PATCH", &path, json!({ "attachments": file })).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let told: Vec<_> = heard.one(made.id.as_str()).opaque.unshown().map(|field| field.to_string()).collect();
    assert_eq!(told, ["attachments"]);
}

#[tokio::test]
async fn a_deleted_event_comes_back_with_its_conference_and_those_of_its_occurrences() {
    let world = World::new().await;
    let calendar = world.calendar();
    let meet = |id: &str| json!({"createRequest": {"requestId": id, "conferenceSolutionKey": {"type": "hangoutsMeet"}}});
    let body = json!({
        "summary": "Meet", "conferenceData": meet("r"), "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
        "source": {"title": "Words", "url": "https://series.example"},
        "start": common::timed("2026-03-16T09:00:00+01:00"), "end": common::timed("2026-03-16T10:00:00+01:00"),
    });
    let made = world.other("POST", "calendars/primary/events?conferenceDataVersion=1", body).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let own = json!({
        "summary": "Own", "conferenceData": meet("o"), "source": {"title": "Own words", "url": "https://own.example"},
        "end": {"dateTime": "2026-03-23T18:00:00+09:00", "timeZone": "Asia/Tokyo"},
    });
    world
        .other(
            "PATCH",
            &format!("calendars/primary/events/{id}_20260323T080000Z?conferenceDataVersion=1"),
            own,
        )
        .await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let from = heard.one(&id).clone();
    write_one(&calendar, delete(&from)).await.unwrap();
    let again = Write::Create {
        key: CreateKey::new("again"),
        record: from.record.clone(),
        opaque: Some(from.opaque.clone()),
        stamp: entry(9),
        replaces: None,
    };
    let back = stored(write_one(&calendar, again).await);
    assert_eq!(back.record.conference_url, from.record.conference_url);
    assert_eq!(back.record.recurrence_overrides, from.record.recurrence_overrides);
    let shown = world.show(back.id.as_str()).await;
    assert_eq!(shown["source"]["title"], "Words");
    assert!(shown["conferenceData"]["conferenceId"].is_string(), "{shown}");
    assert!(shown["description"].is_null(), "{shown}");
    let one = world.show(&format!("{}_20260323T080000Z", back.id)).await;
    assert_eq!((&one["summary"], &one["source"]["title"]), (&json!("Own"), &json!("Own words")));
    assert_eq!(one["end"]["timeZone"], "Asia/Tokyo");
    assert_ne!(one["conferenceData"]["conferenceId"], shown["conferenceData"]["conferenceId"]);
    assert!(one["description"].is_null(), "{one}");
}

#[tokio::test]
async fn what_hides_an_occurrence_stays_whatever_hides_its_series() {
    const ALL: [Privacy; 4] = [Privacy::Default, Privacy::Public, Privacy::Private, Privacy::Confidential];
    for of_series in ALL {
        for own in [Privacy::Private, Privacy::Confidential] {
            for (number, then) in ALL.into_iter().enumerate().filter(|(_, then)| *then != of_series) {
                let world = World::new().await;
                let calendar = world.calendar();
                let change = Override { privacy: Some(own), ..private("Notary") };
                let event = Event { privacy: of_series, ..with(&[(FIRST, change)]) };
                let made = stored(write_one(&calendar, create("k", &event)).await);
                let mut to = Event { privacy: then, ..made.record.clone() };
                if number % 2 == 0 {
                    // Together with something else of the occurrence, and alone.
                    let change = to.recurrence_overrides.get_mut(FIRST).unwrap();
                    change.title = Some("Doctor".into());
                }
                let now = stored(write_one(&calendar, update(&made, &to)).await);
                let heard = listen(&calendar, From::Start).await.unwrap();
                let context = format!("{own:?} in {of_series:?}, then {then:?}");
                assert_eq!((&now.record, &heard.one(made.id.as_str()).record), (&to, &to), "{context}");
                let shown = visibilities(&world, made.id.as_str()).await;
                assert_eq!(shown[1], own.as_str(), "{context}: {shown:?}");
                // Whoever opens the series at Google does not open what is confidential in it.
                let path = format!("calendars/primary/events/{}", made.id);
                world.other("PATCH", &path, json!({ "visibility": "public" })).await;
                let heard = listen(&calendar, From::Start).await.unwrap();
                let found = heard.one(made.id.as_str()).record.recurrence_overrides[FIRST].privacy;
                if own == Privacy::Confidential && then != own {
                    assert_eq!(found, Some(own), "{context}");
                }
            }
        }
    }
}
