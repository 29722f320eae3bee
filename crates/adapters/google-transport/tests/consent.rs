//! Consent over the loopback: what ends an attempt, and what must not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{collections::HashMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use passerelle_google_transport::{
    Arrival, ClientSecretFile, Consent, ConsentAttempt, ConsentError, ConsentRequest, Elsewhere, Endpoints,
    HttpOptions, RetryPolicy, http_client, refresh_token_expiry, revoke,
};
use passerelle_ports::Code;
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path},
};

/// A token end point that keeps the challenge of each code and checks the verifier, as Google does (O14).
#[derive(Clone, Default)]
struct Token {
    challenges: HashMap<String, String>,
    without_refresh: bool,
    /// What the answer says of how long it is good for.
    lasts: Option<serde_json::Value>,
}

impl Respond for Token {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let code = form["code"].clone();
        let challenge = form.get("code_verifier").map(|text| URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
        if challenge.as_ref() != self.challenges.get(&code) || form["client_secret"] != "GOCSPX-x" {
            return ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"}));
        }
        let claims = json!({"iss": "https://accounts.google.com", "aud": "me", "sub": format!("sub-{code}"), "email": "a@example.org"});
        let mut answer = json!({
            "access_token": format!("access-{code}"), "expires_in": 3599, "token_type": "Bearer",
            "refresh_token": format!("refresh-{code}"), "scope": "openid https://www.googleapis.com/auth/contacts",
            "id_token": format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string())),
        });
        if self.without_refresh {
            answer.as_object_mut().unwrap().remove("refresh_token");
        }
        if let Some(lasts) = &self.lasts {
            answer["expires_in"] = lasts.clone();
            answer["refresh_token_expires_in"] = lasts.clone();
        }
        ResponseTemplate::new(200).set_body_json(answer)
    }
}

struct Stage {
    server: MockServer,
    endpoints: Endpoints,
    http: reqwest::Client,
}

impl Stage {
    async fn new() -> Stage {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = MockServer::start().await;
        let endpoints = Endpoints::overridden(&Url::parse(&server.uri()).unwrap()).unwrap();
        let http = http_client(&HttpOptions::default(), &endpoints).unwrap();
        Stage { server, endpoints, http }
    }

    async fn start(&self, limit: Duration) -> (ConsentAttempt, Url) {
        let client =
            ClientSecretFile::parse(r#"{"installed":{"client_id":"me","client_secret":"GOCSPX-x"}}"#)
                .unwrap();
        let request = ConsentRequest { limit, ..ConsentRequest::new(client, &["openid", "email"]) };
        ConsentAttempt::start(self.http.clone(), self.endpoints.clone(), request).await.unwrap()
    }

    async fn attempt(&self) -> (ConsentAttempt, Url) {
        self.start(Duration::from_secs(60)).await
    }

    /// Lets the token end point know which challenge belongs to which code.
    async fn know(&self, codes: &[(&str, &Url)]) {
        self.answer(codes, false).await;
    }

    async fn answer(&self, codes: &[(&str, &Url)], without_refresh: bool) {
        let challenges =
            codes.iter().map(|(code, asked)| ((*code).to_owned(), param(asked, "code_challenge"))).collect();
        let token = Token { challenges, without_refresh, lasts: None };
        Mock::given(method("POST")).and(path("/token")).respond_with(token).mount(&self.server).await;
    }
}

fn param(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Where the browser would end after a yes.
fn landing(asked: &Url, code: &str) -> Url {
    let mut url = Url::parse(&param(asked, "redirect_uri")).unwrap();
    url.query_pairs_mut()
        .append_pair("state", &param(asked, "state"))
        .append_pair("iss", "https://accounts.google.com")
        .append_pair("authuser", "0")
        .append_pair("code", code);
    url
}

async fn visit(url: &Url) -> String {
    let port = url.port().unwrap();
    let target = &url[url::Position::BeforePath..];
    raw(port, &format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")).await
}

async fn raw(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn summary(consent: &Consent) -> (String, String, String) {
    (
        consent.refresh_token.expose_secret().to_owned(),
        consent.access_token.expose_secret().to_owned(),
        consent.subject.clone(),
    )
}

fn of(code: &str) -> (String, String, String) {
    (format!("refresh-{code}"), format!("access-{code}"), format!("sub-{code}"))
}

#[tokio::test]
async fn the_owners_yes_gives_a_refresh_token_and_an_identity() {
    let stage = Stage::new().await;
    let (mut attempt, asked) = stage.attempt().await;
    stage.know(&[("c1", &asked)]).await;
    assert_eq!(param(&asked, "code_challenge_method"), "S256");
    assert_eq!(param(&asked, "access_type"), "offline");
    assert_eq!(param(&asked, "scope"), "openid email");
    assert_eq!(param(&asked, "state").len(), 43);
    let address = landing(&asked, "c1");
    let (consent, page) = tokio::join!(attempt.wait(), visit(&address));
    let consent = consent.unwrap();
    assert_eq!(summary(&consent), of("c1"));
    assert_eq!(consent.email.as_deref(), Some("a@example.org"));
    assert_eq!(consent.granted_scopes, ["openid", "https://www.googleapis.com/auth/contacts"]);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("fermer cette fenêtre"));
    assert!(!format!("{consent:?}").contains("refresh-c1"));
    assert!(matches!(attempt.wait().await, Err(ConsentError::Over)));
}

#[tokio::test]
async fn lifetimes_beyond_all_sense_end_no_consent_and_no_program() {
    let at = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    for lasts in [
        json!(u64::MAX),
        json!(i64::MAX),
        json!(9_223_372_036_854_775_u64),
        json!(8_220_000_000_000_u64),
        json!(0),
        json!(-5),
        json!(1e30),
        json!("soon"),
    ] {
        let stage = Stage::new().await;
        let (mut attempt, asked) = stage.attempt().await;
        let challenges = HashMap::from([("c1".to_owned(), param(&asked, "code_challenge"))]);
        let token = Token { challenges, lasts: Some(lasts.clone()), ..Token::default() };
        Mock::given(method("POST")).and(path("/token")).respond_with(token).mount(&stage.server).await;
        let address = landing(&asked, "c1");
        let (consent, _) = tokio::join!(attempt.wait(), visit(&address));
        if lasts.is_u64() {
            let ends = consent.unwrap().lasts.map(|lasts| refresh_token_expiry(at, lasts));
            let expected = (lasts == json!(0)).then_some(at);
            assert_eq!(ends, Some(expected), "{lasts}");
        } else {
            let code = consent.map(|_| ()).unwrap_err();
            assert_eq!(code.code(), Some(Code::Goog314), "{lasts}");
        }
    }
}

#[tokio::test]
async fn who_does_not_say_which_account_it_is_makes_no_sense() {
    let stage = Stage::new().await;
    let (mut attempt, asked) = stage.attempt().await;
    let answer =
        json!({"access_token": "a", "token_type": "Bearer", "refresh_token": "r", "scope": "openid"});
    for (place, body) in [("/token", answer), ("/v1/userinfo", json!({}))] {
        Mock::given(path(place))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&stage.server)
            .await;
    }
    let address = landing(&asked, "c1");
    let (consent, _) = tokio::join!(attempt.wait(), visit(&address));
    assert_eq!(consent.map(|_| ()).unwrap_err().code(), Some(Code::Goog314));
}

#[tokio::test]
async fn forged_callbacks_do_not_abort() {
    let stage = Stage::new().await;
    let (mut attempt, asked) = stage.attempt().await;
    stage.know(&[("good", &asked)]).await;
    let right = landing(&asked, "good");
    let redirect = param(&asked, "redirect_uri");
    let state = param(&asked, "state");
    let port = right.port().unwrap();
    let forged = async {
        for i in 0..1000 {
            let target = match i % 8 {
                0 => format!("/?code=evil&state={state}"),
                1 => format!("{redirect}?code=evil&state=wrong{i}"),
                2 => format!("{redirect}?error=access_denied"),
                3 => format!("{redirect}?error=access_denied&state={}", &state[1..]),
                4 => format!("{redirect}?code=evil&state={state}&state={state}"),
                5 => format!("{redirect}?code=evil&state={state}&iss=https://evil.example"),
                6 => format!("{redirect}/x?code=evil&state={state}"),
                _ => format!("{redirect}?code=&state={state}"),
            };
            let target = target.replace(&format!("http://127.0.0.1:{port}"), "");
            let answer = raw(port, &format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 404"), "{target}: {answer}");
        }
        let elsewhere = format!(
            "GET {} HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n",
            &right[url::Position::BeforePath..]
        );
        assert!(raw(port, &elsewhere).await.starts_with("HTTP/1.1 404"));
        visit(&right).await
    };
    let (consent, _) = tokio::join!(attempt.wait(), forged);
    assert_eq!(summary(&consent.unwrap()), of("good"));
}

#[tokio::test]
async fn a_silent_connection_holds_nobody_up() {
    let stage = Stage::new().await;
    let (mut attempt, asked) = stage.attempt().await;
    stage.know(&[("c", &asked)]).await;
    let right = landing(&asked, "c");
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(("127.0.0.1", right.port().unwrap())).await.unwrap());
    }
    let (consent, _) = tokio::join!(attempt.wait(), visit(&right));
    assert_eq!(summary(&consent.unwrap()), of("c"));
}

#[tokio::test]
async fn a_stolen_code_without_its_verifier_is_worth_nothing() {
    let stage = Stage::new().await;
    let (_victim, asked) = stage.attempt().await;
    let (mut thief, asked_by_thief) = stage.attempt().await;
    stage.know(&[("stolen", &asked)]).await;
    let address = landing(&asked_by_thief, "stolen");
    let error = thief.finish_with_pasted(address.as_str()).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Goog213), "{error:?}");
}

#[tokio::test]
async fn two_consents_at_once_never_swap() {
    let stage = Stage::new().await;
    let (mut first, asked_first) = stage.attempt().await;
    let (mut second, asked_second) = stage.attempt().await;
    stage.know(&[("one", &asked_first), ("two", &asked_second)]).await;
    // Each browser also knocks at the other's door with its own state.
    let crossed = |to: &Url, from: &Url| {
        let mut url = landing(to, "one");
        url.set_query(landing(from, "two").query());
        url
    };
    let swapped = crossed(&asked_first, &asked_second);
    let (to_first, to_second) = (landing(&asked_first, "one"), landing(&asked_second, "two"));
    let visits = async {
        assert!(visit(&swapped).await.starts_with("HTTP/1.1 404"));
        visit(&to_second).await;
        visit(&to_first).await;
    };
    let (one, two, ()) = tokio::join!(first.wait(), second.wait(), visits);
    assert_eq!(summary(&one.unwrap()), of("one"));
    assert_eq!(summary(&two.unwrap()), of("two"));
}

#[tokio::test]
async fn a_pasted_address_counts_like_a_visit_and_a_wrong_one_costs_nothing() {
    let stage = Stage::new().await;
    let (mut attempt, asked) = stage.attempt().await;
    stage.know(&[("c", &asked)]).await;
    let right = landing(&asked, "c");
    let forged = right.as_str().replace(&param(&asked, "state"), "x");
    for wrong in ["", "hello", "http://127.0.0.1/", forged.as_str(), asked.as_str()] {
        let error = attempt.finish_with_pasted(wrong).await.unwrap_err();
        assert!(matches!(error, ConsentError::NotTheAnswer), "{wrong}: {error:?}");
    }
    let consent = attempt.finish_with_pasted(&format!("  \"{right}\"\n")).await.unwrap();
    assert_eq!(summary(&consent), of("c"));
    assert!(matches!(attempt.finish_with_pasted(right.as_str()).await, Err(ConsentError::Over)));
}

#[tokio::test]
async fn the_browser_a_pasted_address_and_another_computer_compete_in_one_wait() {
    let stage = Stage::new().await;
    for way in 0..3 {
        let (mut attempt, asked) = stage.attempt().await;
        let (mut there, asked_there) = stage.attempt().await;
        stage.server.reset().await;
        stage.know(&[("here", &asked), ("there", &asked_there)]).await;
        let (send, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
        let (_, mut none) = tokio::sync::mpsc::unbounded_channel();
        let refused = std::sync::atomic::AtomicUsize::new(0);
        let count = |error: &ConsentError| {
            assert_eq!(error.code(), Some(Code::Goog209));
            refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        };
        let right = landing(&asked, "here");
        let forged = right.as_str().replace(&param(&asked, "state"), "x");
        for wrong in ["hello", forged.as_str(), asked.as_str()] {
            send.send(Arrival::Pasted(wrong.to_owned())).unwrap();
        }
        let come = async {
            let landed = landing(&asked_there, "there");
            let silent = |_: &ConsentError| ();
            let (code, _) = tokio::join!(there.wait_for_code(&mut none, &silent), visit(&landed));
            let code: Elsewhere = code.unwrap();
            assert!(!format!("{code:?}").contains("there\""), "{code:?}");
            // A code of another client than ours is refused before Google is asked.
            let other = code.to_text().expose_secret().replace("\"me\"", "\"them\"").into();
            send.send(Arrival::Elsewhere(Elsewhere::parse(&other).unwrap())).unwrap();
            match way {
                0 => drop(visit(&right).await),
                1 => send.send(Arrival::Pasted(format!(" <{right}>\n"))).unwrap(),
                _ => send.send(Arrival::Elsewhere(code)).unwrap(),
            }
        };
        let (consent, ()) = tokio::join!(attempt.wait_beside(&mut arrivals, &count), come);
        let expected = if way == 2 { "there" } else { "here" };
        assert_eq!(summary(&consent.unwrap()), of(expected), "way {way}");
        // With the browser's answer some of the lines may still be unread.
        assert!(way == 0 || refused.into_inner() == 4);
    }
}

#[tokio::test]
async fn the_end_of_the_input_is_not_the_end_of_the_attempt() {
    let stage = Stage::new().await;
    let (mut attempt, asked) = stage.attempt().await;
    stage.know(&[("c", &asked)]).await;
    let (send, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    drop(send);
    let landed = landing(&asked, "c");
    let silent = |_: &ConsentError| ();
    let (consent, _) = tokio::join!(attempt.wait_beside(&mut arrivals, &silent), visit(&landed));
    assert_eq!(summary(&consent.unwrap()), of("c"));
}

#[tokio::test]
async fn a_no_ends_the_attempt_and_a_missing_refresh_token_is_said() {
    let stage = Stage::new().await;
    let (mut attempt, asked) = stage.attempt().await;
    let mut no = Url::parse(&param(&asked, "redirect_uri")).unwrap();
    no.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", &param(&asked, "state"));
    let error = attempt.finish_with_pasted(no.as_str()).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Goog201));
    let (mut attempt, asked) = stage.attempt().await;
    stage.answer(&[("c", &asked)], true).await;
    let error = attempt.finish_with_pasted(landing(&asked, "c").as_str()).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Goog207));
}

#[tokio::test]
async fn nobody_coming_back_is_said_in_time() {
    let stage = Stage::new().await;
    let (mut attempt, _) = stage.start(Duration::from_millis(20)).await;
    assert_eq!(attempt.wait().await.unwrap_err().code(), Some(Code::Goog208));
}

#[tokio::test]
async fn revoking_twice_is_no_error() {
    let stage = Stage::new().await;
    let refused = ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_token"}));
    Mock::given(path("/revoke"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .up_to_n_times(1)
        .mount(&stage.server)
        .await;
    Mock::given(path("/revoke")).respond_with(refused).up_to_n_times(1).mount(&stage.server).await;
    Mock::given(path("/revoke")).respond_with(ResponseTemplate::new(503)).mount(&stage.server).await;
    let token = "t".to_owned().into();
    let once = RetryPolicy { repeats: 0, ..RetryPolicy::default() };
    for good in [true, true, false] {
        assert_eq!(revoke(&stage.http, &stage.endpoints, &token, &once).await.is_ok(), good);
    }
}
