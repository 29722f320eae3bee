//! Pictures of contacts, both ways.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use passerelle_contacts::Contact;
use passerelle_google_sim::{
    Knobs,
    faults::{Faults, Rule},
};
use passerelle_ports::{ErrorKind, From, Replica, Stored};
use serde_json::{Value, json};
use support::{Stage, create, delete, named, update};

/// Two pictures that are none but begin as such.
const RED: &str = "data:image/png;base64,iVBORw0KGgoAcmVk";
const BLUE: &str = "data:image/jpeg;base64,/9j/4ABibHVl";

fn with(photo: &str) -> Contact {
    Contact { photo: photo.to_owned(), ..named("anne") }
}

fn fault(stage: &Stage, rules: Value) {
    let rules: Vec<Rule> = serde_json::from_value(rules).unwrap();
    stage.sim.with(|core| core.set_faults(Faults::new(1, rules)));
}

/// The digest of the picture that was last sent.
fn sent(stage: &Stage) -> String {
    stage.raw()["contacts"][0]["photo"]["sha256"].as_str().unwrap_or_default().to_owned()
}

async fn set(stage: &Stage, number: u64, from: &Stored<Contact>, photo: &str) -> Stored<Contact> {
    stage.stored(update(number, from, |contact| contact.photo = photo.to_owned())).await
}

#[tokio::test]
async fn p49_a_picture_is_given_changed_and_taken_away() {
    let stage = Stage::new().await;
    let made = stage.stored(create(1, with(RED))).await;
    assert!(made.record.photo.starts_with("https://lh3.googleusercontent.com/"), "{}", made.record.photo);
    let red = sent(&stage);
    assert!(!red.is_empty());
    assert_eq!(stage.all().await, std::slice::from_ref(&made), "the answer is what a listing shows");

    let other = set(&stage, 2, &made, BLUE).await;
    assert!(other.record.photo != made.record.photo && sent(&stage) != red);
    // An undo names the address of what stood there before, which leads nowhere by now.
    let back = set(&stage, 3, &other, &made.record.photo).await;
    assert!(!back.record.photo.is_empty());
    assert_eq!(stage.counts("updateContactPhoto"), 3);

    let bare = set(&stage, 4, &back, "").await;
    assert_eq!((bare.record.photo.as_str(), sent(&stage).as_str()), ("", ""));
    let again = set(&stage, 5, &bare, &other.record.photo).await;
    assert!(!again.record.photo.is_empty(), "what was overwritten was kept");
    // Nothing about the picture: no call about it.
    stage.stored(update(6, &again, |contact| contact.notes = "x".into())).await;
    assert_eq!((stage.counts("updateContactPhoto"), stage.counts("deleteContactPhoto")), (4, 1));
}

#[tokio::test]
async fn p49_a_deleted_contact_comes_back_with_its_picture() {
    let stage = Stage::new().await;
    let made = stage.stored(create(1, with(RED))).await;
    stage.write(delete(2, &made)).await.unwrap();
    let back = stage.stored(create(3, made.record.clone())).await;
    assert!(!back.record.photo.is_empty());
}

#[tokio::test]
async fn p49_a_drawn_picture_is_nobodys() {
    let stage = Stage::new().await;
    let made = stage.stored(create(1, named("anne"))).await;
    assert_eq!(made.record.photo, "");
    set(&stage, 2, &made, "").await;
    assert_eq!(stage.counts("ContactPhoto"), 0);
}

#[tokio::test]
async fn p49_what_is_no_picture_stays_out_and_the_rest_is_written() {
    let stage = Stage::with(Knobs { people_photo_bytes_max: Some(16), ..Knobs::default() }).await;
    let mut from = stage.stored(create(1, named("anne"))).await;
    let large = format!("data:image/png;base64,iVBORw0KGgo{}", "A".repeat(61));
    let all = [
        "https://x.example/anna.jpg",
        "data:image/gif;base64,R0lGODlh",
        "data:image/png;base64,R0lGODlh",
        "http://127.0.0.1:1/a.png",
        "anna.png",
        "data:,",
        "data:image/png;base64,!",
        large.as_str(),
    ];
    for (number, photo) in (2..).zip(all) {
        let write = update(number, &from, |contact| {
            contact.photo = photo.to_owned();
            contact.notes = photo.to_owned();
        });
        from = stage.stored(write).await;
        assert_eq!((from.record.photo.as_str(), from.record.notes.as_str()), ("", photo));
    }
}

#[tokio::test]
async fn p49_another_address_of_the_same_picture_is_no_edit_and_another_picture_is() {
    let stage = Stage::new().await;
    let made = stage.stored(create(1, with(RED))).await;
    let cursor = stage.list(From::Start).await.unwrap().cursor;
    stage.ui("turn_photo", &json!({"resourceName": made.id.as_str()}));
    let read = stage.list(From::Cursor(cursor.clone())).await.unwrap().items.remove(0);
    assert_ne!(read.record.photo, made.record.photo);
    assert_eq!(stage.people.recall(&made, read.clone()).await.unwrap().record, made.record);
    // Where it cannot be read, the address counts: no edit is missed.
    fault(&stage, json!([{"method": "people.photo", "status": 404}]));
    assert_eq!(stage.people.recall(&made, read.clone()).await.unwrap(), read);
    fault(&stage, json!([]));

    let from = stage.people.recall(&made, read).await.unwrap();
    let elsewhere = stage.restarted();
    let edited = set(&elsewhere, 2, &from, BLUE).await;
    assert_eq!(stage.people.recall(&from, edited.clone()).await.unwrap(), edited);
}

#[tokio::test]
async fn p91_a_picture_that_fails_is_asked_for_again_and_what_cannot_be_kept_is_not_overwritten() {
    let stage = Stage::new().await;
    let made = stage.stored(create(1, named("anne"))).await;
    fault(&stage, json!([{"method": "people.people.updateContactPhoto", "status": 500}]));
    let write = update(2, &made, |contact| {
        contact.photo = RED.into();
        contact.notes = "landed".into();
    });
    let error = stage.write(write).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::ItemFailed | ErrorKind::Unavailable), "{error:?}");
    fault(&stage, json!([]));
    let now = stage.all().await.remove(0);
    assert_eq!((now.record.notes.as_str(), now.record.photo.as_str()), ("landed", ""));
    let red = set(&stage, 3, &now, RED).await;

    // The phone's picture, which nothing keeps yet.
    let elsewhere = stage.restarted();
    let phones = set(&elsewhere, 4, &red, BLUE).await;
    let before = sent(&stage);
    fault(&stage, json!([{"method": "people.photo", "status": 500}]));
    let error = stage.write(update(5, &phones, |contact| contact.photo = RED.into())).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::ItemFailed | ErrorKind::Unavailable), "{error:?}");
    assert_eq!(sent(&stage), before);
}
