//! Calls, tokens and repetitions against a scripted server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use http::Method;
use passerelle_google_transport::{
    Api, Call, ClientSecretFile, Endpoints, Failure, GoogleClient, HttpOptions, Pace, RequestCounter,
    RetryPolicy, StoredToken, TokenStore, Tokens, http_client,
};
use passerelle_ports::{Clock, Code, ErrorKind, PortError, PortResult};
use secrecy::ExposeSecret;
use serde_json::json;
use url::Url;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, body_string_contains, header, method, path},
};

#[derive(Default)]
struct Vault {
    kept: Mutex<Option<StoredToken>>,
    /// A crash, or a full disk, between Google's answer and the vault.
    broken: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl TokenStore for Vault {
    async fn load(&self) -> PortResult<Option<StoredToken>> {
        Ok(self.kept.lock().unwrap().clone())
    }
    async fn save(&self, token: &StoredToken) -> PortResult<()> {
        if self.broken.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(PortError::new(ErrorKind::Forbidden, "vault").with_code(Code::Sys101));
        }
        *self.kept.lock().unwrap() = Some(token.clone());
        Ok(())
    }
    fn subject(&self) -> Option<&str> {
        Some("of-alice")
    }
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 24, 0, 0, 0).unwrap()
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

struct Stage {
    server: MockServer,
    client: Arc<GoogleClient>,
    vault: Arc<Vault>,
}

impl Stage {
    async fn new() -> Stage {
        Stage::aged(Some(TimeDelta::days(1))).await
    }

    async fn aged(age: Option<TimeDelta>) -> Stage {
        Stage::ending(age, None).await
    }

    /// An authorisation of this age, of which Google had said when it ends.
    async fn ending(age: Option<TimeDelta>, ends: Option<TimeDelta>) -> Stage {
        let server = MockServer::start().await;
        let url = Url::parse(&server.uri()).unwrap();
        Stage::whole(server, &url, age, ends)
    }

    /// Google is somebody who is not scripted.
    async fn at(url: &Url) -> Stage {
        Stage::whole(MockServer::start().await, url, Some(TimeDelta::days(1)), None)
    }

    fn whole(server: MockServer, url: &Url, age: Option<TimeDelta>, ends: Option<TimeDelta>) -> Stage {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoints = Endpoints::overridden(url).unwrap();
        let http = http_client(&HttpOptions::default(), &endpoints).unwrap();
        let retry =
            RetryPolicy { repeats: 3, first: Duration::from_millis(1), longest: Duration::from_millis(1500) };
        let counter = Arc::new(RequestCounter::default());
        let stored = StoredToken {
            refresh_token: "r1".to_owned().into(),
            granted: age.map(|age| now() - age),
            ends: ends.map(|ends| now() + ends),
        };
        let vault = Arc::new(Vault { kept: Mutex::new(Some(stored)), ..Vault::default() });
        let tokens = Tokens::new(
            http.clone(),
            endpoints.clone(),
            ClientSecretFile::parse(r#"{"installed":{"client_id":"123-me.apps.googleusercontent.com"}}"#)
                .unwrap(),
            vault.clone(),
            Arc::new(Fixed),
            retry,
            counter.clone(),
        );
        let many = NonZeroU32::new(60_000).unwrap();
        let pace = Pace { calendar_per_minute: many, people_per_minute: many, burst: many };
        let client = Arc::new(GoogleClient::new(http, endpoints, Arc::new(tokens), pace, retry, counter));
        Stage { server, client, vault }
    }

    async fn token(&self, token: &str, times: u64, expected: u64) {
        Mock::given(path("/token"))
            .and(body_string_contains("grant_type=refresh_token"))
            .and(body_string_contains("refresh_token=r1"))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(json!({"access_token": token, "expires_in": 3599})),
            )
            .up_to_n_times(times)
            .expect(expected)
            .mount(&self.server)
            .await;
    }

    async fn answer(&self, verb: &str, status: u16, reason: Option<&str>, times: u64) {
        let body = match reason {
            Some(reason) => json!({"error": {"code": status, "errors": [{"reason": reason}]}}),
            None => json!({"ok": true}),
        };
        Mock::given(method(verb))
            .and(path("/calendar/v3/x"))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .up_to_n_times(times)
            .mount(&self.server)
            .await;
    }

    async fn send(&self, verb: Method) -> Result<(), Failure> {
        self.client.send(self.call(verb)).await.map(|_| ())
    }

    fn call(&self, verb: Method) -> Call {
        Call::new(Api::Calendar, "x.do", verb, self.client.endpoints().calendar(&["x"]))
    }

    fn calls(&self) -> u64 {
        self.client.counter().sent_to(Api::Calendar)
    }
}

#[tokio::test]
async fn many_callers_make_one_refresh() {
    let stage = Stage::new().await;
    stage.token("a1", 100, 1).await;
    stage.answer("GET", 200, None, 100).await;
    let calls = (0..20).map(|_| stage.send(Method::GET));
    assert!(futures::future::join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(stage.calls(), 20);
    assert_eq!(stage.client.counter().sent_to(Api::OAuth), 1);
}

#[tokio::test]
async fn a_refused_access_token_is_renewed_once_and_the_call_repeated_once() {
    let stage = Stage::new().await;
    stage.token("a1", 1, 1).await;
    stage.token("a2", 1, 1).await;
    Mock::given(header("authorization", "Bearer a1"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&stage.server)
        .await;
    Mock::given(header("authorization", "Bearer a2"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&stage.server)
        .await;
    assert!(stage.send(Method::POST).await.is_ok());
    assert_eq!(stage.calls(), 2);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let stage = Stage::new().await;
    stage.token("a1", 9, 2).await;
    stage.answer("GET", 401, Some("authError"), 9).await;
    assert_eq!(stage.send(Method::GET).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(stage.calls(), 2);
}

#[tokio::test]
async fn only_what_may_land_twice_is_repeated() {
    // verb, status, reason, how often it fails, calls made, whether it ends well
    let table = [
        (Method::GET, 503, "backendError", 2, 3, true),
        (Method::GET, 503, "backendError", 9, 4, false),
        (Method::POST, 503, "backendError", 1, 1, false),
        (Method::POST, 403, "rateLimitExceeded", 2, 3, true),
        (Method::PATCH, 429, "rateLimitExceeded", 1, 2, true),
        (Method::GET, 403, "quotaExceeded", 1, 1, false),
        (Method::GET, 404, "notFound", 1, 1, false),
        (Method::GET, 410, "fullSyncRequired", 1, 1, false),
    ];
    for (verb, status, reason, fails, calls, ends_well) in table {
        let stage = Stage::new().await;
        stage.token("a1", 9, 1).await;
        stage.answer(verb.as_str(), status, Some(reason), fails).await;
        stage.answer(verb.as_str(), 200, None, 9).await;
        let result = stage.send(verb.clone()).await;
        assert_eq!((stage.calls(), result.is_ok()), (calls, ends_well), "{verb} {status} {reason}");
    }
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    stage.answer("POST", 503, Some("backendError"), 1).await;
    stage.answer("POST", 200, None, 9).await;
    assert!(stage.client.send(stage.call(Method::POST).repeatable()).await.is_ok());
}

#[tokio::test]
async fn a_wait_that_google_asks_for_is_kept_or_handed_on() {
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    let busy = |seconds: &str| ResponseTemplate::new(429).insert_header("retry-after", seconds);
    Mock::given(path("/calendar/v3/x")).respond_with(busy("1")).up_to_n_times(1).mount(&stage.server).await;
    Mock::given(path("/calendar/v3/x")).respond_with(busy("3600")).mount(&stage.server).await;
    let begun = std::time::Instant::now();
    let failure = stage.send(Method::GET).await.unwrap_err();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(failure.error().retry_after, Some(Duration::from_secs(3600)));
    assert_eq!(stage.calls(), 2);
}

#[tokio::test]
async fn a_new_refresh_token_is_stored() {
    let stage = Stage::new().await;
    Mock::given(path("/token"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"access_token": "a", "expires_in": 3599, "refresh_token": "r2"})),
        )
        .mount(&stage.server)
        .await;
    stage.answer("GET", 200, None, 1).await;
    stage.send(Method::GET).await.unwrap();
    let stored = stage.vault.load().await.unwrap().unwrap();
    assert_eq!(stored.refresh_token.expose_secret(), "r2");
    assert_eq!(stored.granted, Some(now() - TimeDelta::days(1)));
}

#[tokio::test]
async fn a_token_of_another_account_is_not_used() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let identity = |sub: &str| {
        let claims = json!({"iss": "https://accounts.google.com", "aud": "123-me.apps.googleusercontent.com",
            "sub": sub, "email": "bob@acme.example"});
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
    };
    for (sub, code) in [("of-alice", None), ("of-bob", Some(Code::Goog203))] {
        let stage = Stage::new().await;
        let answer = json!({"access_token": "a", "expires_in": 3599, "id_token": identity(sub)});
        Mock::given(path("/token"))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&stage.server)
            .await;
        stage.answer("GET", 200, None, 1).await;
        let sent = stage.send(Method::GET).await;
        assert_eq!(sent.err().and_then(|failure| failure.error().code), code, "{sub}");
        assert_eq!(stage.calls(), u64::from(code.is_none()), "{sub}");
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_is_safe_before_anything_is_done_with_it() {
    let stage = Stage::new().await;
    let rotated = json!({"access_token": "a", "expires_in": 3599, "refresh_token": "r2"});
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(rotated))
        .mount(&stage.server)
        .await;
    stage.answer("GET", 200, None, 9).await;
    stage.vault.broken.store(true, std::sync::atomic::Ordering::Relaxed);
    let failure = stage.send(Method::GET).await.unwrap_err();
    assert_eq!(failure.error().code, Some(Code::Sys101));
    assert_eq!(stage.calls(), 0, "nothing is asked with an authorisation that would be lost");
    let kept = stage.vault.load().await.unwrap().unwrap();
    assert_eq!(kept.refresh_token.expose_secret(), "r1", "the old one is still there");
    stage.vault.broken.store(false, std::sync::atomic::Ordering::Relaxed);
    stage.send(Method::GET).await.unwrap();
    let kept = stage.vault.load().await.unwrap().unwrap();
    assert_eq!(kept.refresh_token.expose_secret(), "r2");
}

#[tokio::test]
async fn token_lifetimes_that_overflow_do_not_panic() {
    for lasts in [u64::MAX, i64::MAX as u64, 9_223_372_036_854_775, 8_220_000_000_000] {
        let stage = Stage::new().await;
        let answer = json!({"access_token": "a", "expires_in": lasts, "refresh_token": "r2",
            "refresh_token_expires_in": lasts});
        Mock::given(path("/token"))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&stage.server)
            .await;
        stage.answer("GET", 200, None, 1).await;
        stage.send(Method::GET).await.unwrap();
        let kept = stage.vault.load().await.unwrap().unwrap();
        assert_eq!(kept.refresh_token.expose_secret(), "r2", "{lasts}");
        assert_eq!(kept.ends, None, "no expiry is kept for {lasts} s");
    }
}

#[tokio::test]
async fn a_dead_refresh_token_says_why_it_may_have_died() {
    let (day, hour) = (TimeDelta::days(1), TimeDelta::hours(1));
    let minute = TimeDelta::minutes(1);
    let table = [
        (Some(day * 7), None, Code::Goog204),
        (Some(day * 7 - hour), None, Code::Goog204),
        (Some(day * 7 + hour), None, Code::Goog204),
        (Some(day * 7 - hour - minute), None, Code::Goog205),
        (Some(day * 7 + hour + minute), None, Code::Goog205),
        (Some(day * 2), None, Code::Goog205),
        (Some(day * 200), None, Code::Goog205),
        (None, None, Code::Goog205),
        // Google had said when it would end: however late its end is noticed, that is why.
        (Some(day * 20), Some(day * -13), Code::Goog204),
        (Some(day * 7), Some(TimeDelta::zero()), Code::Goog204),
        (Some(day * 3), Some(day * 4), Code::Goog205),
    ];
    // This computer's clock says what it likes: Google's counts.
    let date = now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for (age, ends, code) in table {
        let stage = Stage::ending(age, ends).await;
        let dead = ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"}));
        Mock::given(path("/token"))
            .respond_with(dead.insert_header("date", date.as_str()))
            .expect(1)
            .mount(&stage.server)
            .await;
        let failure = stage.send(Method::GET).await.unwrap_err();
        assert_eq!(
            (failure.kind(), failure.error().code),
            (ErrorKind::Unauthenticated, Some(code)),
            "{age:?} {ends:?}"
        );
        assert!(stage.vault.load().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_api_that_is_off_in_another_project_than_the_clients_is_told_apart() {
    for (project, code) in [("123", Code::Goog101), ("456", Code::Goog112), ("my-project", Code::Goog101)] {
        let stage = Stage::new().await;
        stage.token("a1", 9, 1).await;
        let details =
            json!([{"reason": "SERVICE_DISABLED", "metadata": {"consumer": format!("projects/{project}")}}]);
        let body = json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "details": details}});
        Mock::given(path("/calendar/v3/x"))
            .respond_with(ResponseTemplate::new(403).set_body_json(body))
            .mount(&stage.server)
            .await;
        let failure = stage.send(Method::GET).await.unwrap_err();
        assert_eq!(failure.error().code, Some(code), "{project}");
    }
}

#[tokio::test]
async fn a_fault_at_the_token_end_point_is_no_end_of_the_authorisation() {
    let stage = Stage::new().await;
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .mount(&stage.server)
        .await;
    stage.token("a1", 9, 1).await;
    stage.answer("GET", 200, None, 1).await;
    assert!(stage.send(Method::GET).await.is_ok());
}

#[tokio::test]
async fn what_is_no_refusal_of_oauth_says_nothing_about_records_or_calendars() {
    for status in [400, 401, 403, 404, 409, 410, 412] {
        let stage = Stage::new().await;
        let body = serde_json::json!({"error": {"code": status, "status": "NOT_FOUND", "message": "no"}});
        Mock::given(path("/token"))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .mount(&stage.server)
            .await;
        let failure = stage.send(Method::GET).await.unwrap_err();
        let told = (failure.kind(), failure.error().code);
        assert_eq!(told, (ErrorKind::Unavailable, Some(Code::Goog314)), "{status}");
    }
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_names_no_address() {
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    stage.answer("GET", 200, None, 1).await;
    stage.send(Method::GET).await.unwrap();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = Url::parse(&format!("http://127.0.0.1:{closed}/secret-path")).unwrap();
    let failure =
        stage.client.send(Call::new(Api::Calendar, "x.do", Method::POST, url)).await.map(|_| ()).unwrap_err();
    assert_eq!((failure.kind(), failure.error().code), (ErrorKind::Unavailable, Some(Code::Net101)));
    assert!(!format!("{failure:?}").contains("secret-path"));
    assert_eq!(stage.calls(), 5, "a call that never left may be repeated, writes too");
}

#[tokio::test]
async fn a_page_that_is_no_json_is_unavailable_and_another_shape_is_a_bug() {
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    Mock::given(path("/calendar/v3/x"))
        .respond_with(ResponseTemplate::new(200).set_body_string("<html>log in to the hotel"))
        .up_to_n_times(1)
        .mount(&stage.server)
        .await;
    stage.answer("GET", 200, None, 9).await;
    let first = PortError::from(stage.client.send(stage.call(Method::GET)).await.map(|_| ()).unwrap_err());
    let second = stage.client.send(stage.call(Method::GET)).await.unwrap().json::<Vec<u8>>().unwrap_err();
    assert_eq!((first.kind, second.kind), (ErrorKind::Unavailable, ErrorKind::Unexpected));
    assert_eq!((first.code, second.code), (Some(Code::Goog314), Some(Code::Goog314)), "the network is there");
}

#[tokio::test]
async fn what_is_cut_short_makes_no_sense_and_is_no_fault_of_the_network() {
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    for body in [r#"{"connections":[{"resourceName":"peop"#, "", r#"{"a": tru"#] {
        Mock::given(path("/calendar/v3/x"))
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
            .up_to_n_times(1)
            .mount(&stage.server)
            .await;
        let answer = stage.client.send(stage.call(Method::GET)).await.unwrap();
        let error = answer.json::<serde_json::Value>().unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Unavailable, Some(Code::Goog314)), "{body}");
    }
}

#[tokio::test]
async fn an_answer_takes_no_more_room_than_it_may() {
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    passerelle_google_transport::set_answer_max(1 << 16);
    Mock::given(path("/calendar/v3/x"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "x": "y".repeat(1 << 17) })))
        .mount(&stage.server)
        .await;
    let failure = stage.send(Method::GET).await.unwrap_err();
    passerelle_google_transport::set_answer_max(64 << 20);
    assert_eq!((failure.kind(), failure.error().code), (ErrorKind::Unexpected, Some(Code::Goog314)));
    assert_eq!(stage.calls(), 1, "it would be as large again");
}

#[tokio::test]
async fn what_is_packed_takes_no_more_room_than_it_may() {
    // 256 KiB of blanks in a gzip stream of 290 bytes.
    const PACKED: &str = include_str!("packed.hex");
    let packed: Vec<u8> = PACKED
        .trim()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    let answer = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_raw(packed, "application/json");
    Mock::given(path("/calendar/v3/x")).respond_with(answer).mount(&stage.server).await;
    passerelle_google_transport::set_answer_max(1 << 16);
    let failure = stage.send(Method::GET).await.unwrap_err();
    passerelle_google_transport::set_answer_max(64 << 20);
    assert_eq!((failure.kind(), failure.error().code), (ErrorKind::Unexpected, Some(Code::Goog314)));
}

#[tokio::test]
async fn an_access_token_that_no_header_can_hold_is_nonsense() {
    let stage = Stage::new().await;
    stage.token("ya29\r\nX-Evil: 1", 9, 1).await;
    let failure = stage.send(Method::GET).await.unwrap_err();
    assert_eq!((failure.kind(), failure.error().code), (ErrorKind::Unexpected, Some(Code::Goog314)));
}

#[tokio::test]
async fn what_is_not_packed_as_it_says_makes_no_sense() {
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    // Another text, and a packed one that is cut off or broken within.
    let cut = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let broken = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2];
    for body in [&b"{\"ok\": true}"[..], &cut, &broken] {
        let answer = ResponseTemplate::new(200)
            .insert_header("content-encoding", "gzip")
            .set_body_raw(body, "application/json");
        Mock::given(path("/calendar/v3/x")).respond_with(answer).up_to_n_times(1).mount(&stage.server).await;
        let failure = stage.send(Method::GET).await.unwrap_err();
        assert_eq!(failure.error().code, Some(Code::Goog314), "{body:x?}");
    }
}

#[tokio::test]
async fn what_is_no_http_makes_no_sense_and_is_asked_once() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let garbage = b"\x00\xff\xfe garbage\r\n\r\n".to_vec();
    let header = format!("x-long: {}\r\n", "y".repeat(1000));
    let bomb = format!("HTTP/1.1 200 OK\r\n{}\r\n", header.repeat(2000)).into_bytes();
    let length = b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n".to_vec();
    for answer in [garbage, bomb, length] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let asked = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        let stage = Stage::at(&url).await;
        let failure = stage.client.send(stage.call(Method::GET)).await.map(|_| ()).unwrap_err();
        assert_eq!((failure.kind(), failure.error().code), (ErrorKind::Unavailable, Some(Code::Goog314)));
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn whoever_refuses_in_between_is_asked_once() {
    for (status, kind, body) in [
        (403, "text/html", "<html>blocked"),
        (302, "text/html", ""),
        (407, "text/html", "<html>who are you"),
        (200, "text/html; charset=utf-8", "<html>log in to the hotel"),
        (200, "text/plain", "blocked by the filter of the office"),
        (200, "application/octet-stream", "blocked"),
        (307, "text/plain", "this way"),
    ] {
        let stage = Stage::new().await;
        stage.token("a1", 9, 1).await;
        // Whoever follows to where a redirect leads finds an answer there.
        let elsewhere = format!("{}/elsewhere", stage.server.uri());
        let answer = ResponseTemplate::new(status).insert_header("location", elsewhere);
        Mock::given(path("/calendar/v3/x"))
            .respond_with(answer.set_body_raw(body, kind))
            .mount(&stage.server)
            .await;
        Mock::given(path("/elsewhere"))
            .respond_with(ResponseTemplate::new(200).set_body_raw("{}", "application/json"))
            .mount(&stage.server)
            .await;
        for verb in [Method::GET, Method::DELETE] {
            let before = stage.calls();
            let failure = stage.send(verb).await.expect_err("nothing of Google's");
            assert_eq!((failure.kind(), stage.calls() - before), (ErrorKind::Unavailable, 1), "{status}");
            let code = if status == 407 { Code::Net102 } else { Code::Goog314 };
            assert_eq!(failure.error().code, Some(code), "{status}");
        }
    }
}

#[tokio::test]
async fn a_redirect_at_the_token_end_point_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let stage = Stage::new().await;
        let elsewhere = MockServer::start().await;
        let token = json!({"access_token": "a1", "expires_in": 3599});
        Mock::given(any())
            .respond_with(ResponseTemplate::new(200).set_body_json(token))
            .mount(&elsewhere)
            .await;
        let there = format!("{}/token", elsewhere.uri());
        Mock::given(path("/token"))
            .respond_with(ResponseTemplate::new(status).insert_header("location", there))
            .mount(&stage.server)
            .await;
        let failure = stage.send(Method::GET).await.expect_err("no token");
        assert_eq!(failure.kind(), ErrorKind::Unavailable, "{status}");
        // The secret of the client and the refresh token went nowhere else.
        assert_eq!(elsewhere.received_requests().await.unwrap().len(), 0, "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_has_a_code_of_its_own() {
    let stage = Stage::new().await;
    stage.token("a1", 9, 1).await;
    let deep = format!("{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5000));
    for body in [deep.as_str(), "null", "[]", "7"] {
        Mock::given(path("/calendar/v3/x"))
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
            .up_to_n_times(1)
            .mount(&stage.server)
            .await;
        let answer = stage.client.send(stage.call(Method::GET)).await.unwrap();
        let error = answer.json::<std::collections::BTreeMap<String, serde_json::Value>>().unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Unexpected, Some(Code::Goog314)), "{body:.20}");
    }
}
