//! What is asked at a terminal while the program waits for something else there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{ACCOUNT, World};
use serde_json::{Value, json};

#[test]
fn another_address_than_the_expected_one_is_asked_about_at_a_terminal() {
    for (more, answer, code) in
        [(&["--no-input"][..], None, 2), (&[], Some("n"), 130), (&[], Some(""), 130), (&[], Some("y"), 0)]
    {
        let world = World::unconnected();
        world.run(&["user", "add", "bob", "--email", "bob@example.org"]).ends_with(0);
        let client = world.path("client_secret.json").display().to_string();
        let connect =
            ["connect", "google", "--no-browser", "--wait", "30", "--user", "bob", "--client", &client];
        // Somebody is signed in to another account than the one that the company wrote down.
        let mut answers = vec![json!(["Paste here", { "consent": ACCOUNT }])];
        answers.extend(answer.map(|answer| json!(["Connect it all the same?", answer])));
        let (ended, shown) = world.at_a_terminal(&json!(answers), &[&connect[..], more].concat());
        assert_eq!(ended, code, "{more:?} {answer:?}: {shown}");
        assert!(shown.contains(ACCOUNT) && shown.contains("bob@example.org"), "{shown}");
        let users = world.run(&["user", "list"]);
        let bob = users.of("user").into_iter().find(|user| user["id"] == "bob").unwrap().clone();
        assert_eq!(bob["account"], if code == 0 { json!(ACCOUNT) } else { Value::Null }, "{answer:?}");
        let files = std::fs::read_dir(world.path("vault")).unwrap();
        let secrets = files.filter(|file| {
            file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "cred")
        });
        assert_eq!(secrets.count() > 0, code == 0, "{answer:?}: nothing is kept of a consent refused");
    }
}
