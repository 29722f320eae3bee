//! Several requests in one (C204).

use crate::world::{EVENTS, World, lunch, read};

#[tokio::test]
async fn parts_are_answered_each_with_its_own_status_c204() {
    let world = World::new().await;
    let body = format!(
        "--b\r\nContent-Type: application/http\r\nContent-ID: <one>\r\n\r\n\
         POST {EVENTS}?alt=json HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}\r\n\
         --b\r\nContent-Type: application/http\r\nContent-ID: <two>\r\n\r\n\
         GET {EVENTS}/neverwas\r\n\r\n--b--\r\n",
        lunch()
    );
    let response = world
        .client
        .post(format!("{}/batch/calendar/v3", world.sim.url()))
        .bearer_auth(&world.token)
        .header("Content-Type", "multipart/mixed; boundary=\"b\"")
        .body(body)
        .send()
        .await
        .unwrap();
    let answer = read(response).await.ok();
    assert!(answer.headers["content-type"].starts_with("multipart/mixed; boundary=batch_"));
    for wanted in [
        "Content-ID: <response-one>",
        "HTTP/1.1 200 OK",
        "Content-ID: <response-two>",
        "HTTP/1.1 404 Not Found",
    ] {
        assert!(answer.text.contains(wanted), "{wanted}\n{}", answer.text);
    }
    assert_eq!(world.get(EVENTS).await.items().len(), 1);
}

#[tokio::test]
async fn a_batch_without_a_boundary_is_refused() {
    let world = World::new().await;
    let url = format!("{}/batch", world.sim.url());
    let response = world.client.post(url).body("x").send().await.unwrap();
    assert_eq!(response.status(), 400);
}
