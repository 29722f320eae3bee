//! The ways in, and the ways a token dies.

use passerelle_google_sim::SimOptions;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::world::{Answer, EVENTS, ME, World, read};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "http://127.0.0.1:53211/back";
const SCOPES: &str =
    "openid email https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/contacts";

async fn world() -> World {
    World::with(SimOptions { auto_consent: true, ..SimOptions::default() }).await
}

async fn authorize(world: &World, changes: &[(&str, &str)]) -> Answer {
    let mut all = BTreeMap::from([
        ("client_id", "desktop"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", SCOPES),
        ("state", "s t"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("login_hint", ME),
        ("access_type", "offline"),
    ]);
    all.extend(changes.iter().copied());
    let request = world.client.get(format!("{}/o/oauth2/v2/auth", world.sim.url())).query(&all);
    read(request.send().await.unwrap()).await
}

fn parameters(answer: &Answer) -> BTreeMap<String, String> {
    let location = answer.headers.get("location").cloned().unwrap_or_default();
    let url = reqwest::Url::parse(&location).unwrap_or_else(|_| panic!("{}", answer.text));
    url.query_pairs().into_owned().collect()
}

async fn code(world: &World, changes: &[(&str, &str)]) -> String {
    parameters(&authorize(world, changes).await)["code"].clone()
}

async fn token(world: &World, changes: &[(&str, &str)]) -> Answer {
    let mut all = BTreeMap::from([
        ("client_id", "desktop"),
        ("client_secret", "GOCSPX-x"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ]);
    all.extend(changes.iter().copied());
    all.retain(|_, value| !value.is_empty());
    let request = world.client.post(format!("{}/token", world.sim.url())).form(&all);
    read(request.send().await.unwrap()).await
}

async fn connect(world: &World) -> Value {
    let code = code(world, &[]).await;
    token(world, &[("code", &code)]).await.ok().body
}

async fn refresh(world: &World, refresh_token: &str) -> Answer {
    token(world, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("redirect_uri", "")])
        .await
}

fn error(answer: &Answer) -> (u16, String, String) {
    let text = |name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("error"), text("error_description"))
}

#[tokio::test]
async fn the_desktop_flow_gives_tokens_and_says_who_o11_o15() {
    let world = world().await;
    let back = parameters(&authorize(&world, &[]).await);
    assert_eq!(back["state"], "s t");
    let tokens = token(&world, &[("code", &back["code"])]).await.ok().body;
    assert_eq!((&tokens["expires_in"], &tokens["token_type"]), (&json!(3599), &json!("Bearer")));
    assert!(tokens["scope"].as_str().unwrap().contains("https://www.googleapis.com/auth/userinfo.email"));
    assert_eq!(tokens["id_token"].as_str().unwrap().split('.').count(), 3);
    let access = tokens["access_token"].as_str().unwrap();
    let who = world.call_as(access, "GET", "/v1/userinfo", None, &[]).await.ok().body;
    assert_eq!(who["email"], ME);
    let who = world.call_as(access, "GET", "/oauth2/v2/userinfo", None, &[]).await.ok().body;
    assert_eq!((&who["email"], &who["verified_email"]), (&json!(ME), &json!(true)));
    let info = world.get(&format!("/tokeninfo?access_token={access}")).await.ok().body;
    assert_eq!((&info["aud"], &info["email"]), (&json!("desktop"), &json!(ME)));
    let bad = world.get("/tokeninfo?access_token=x").await;
    assert_eq!(error(&bad), (400, "invalid_token".to_owned(), "Invalid Value".to_owned()));
}

#[tokio::test]
async fn a_code_works_once_for_ten_minutes_with_its_verifier_o12_o18() {
    let world = world().await;
    let first = code(&world, &[]).await;
    let refused = token(&world, &[("code", &first), ("code_verifier", "")]).await;
    assert_eq!(error(&refused).2, "Missing code verifier.");
    let wrong = "x".repeat(43);
    assert_eq!(
        error(&token(&world, &[("code", &first), ("code_verifier", &wrong)]).await).1,
        "invalid_grant"
    );
    let elsewhere = token(&world, &[("code", &first), ("redirect_uri", "http://127.0.0.1:1/")]).await;
    assert_eq!(error(&elsewhere).1, "redirect_uri_mismatch");
    token(&world, &[("code", &first)]).await.ok();
    assert_eq!(error(&token(&world, &[("code", &first)]).await).2, "Code was already redeemed.");
    assert_eq!(error(&token(&world, &[("code", "junk")]).await).2, "Malformed auth code.");
    let late = code(&world, &[]).await;
    world.control("clock", json!({"advance_seconds": 601})).await;
    assert_eq!(error(&token(&world, &[("code", &late)]).await).1, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_comes_at_the_first_consent_or_when_asked_o16_o17() {
    let world = world().await;
    let first = connect(&world).await;
    let kept = first["refresh_token"].as_str().unwrap().to_owned();
    assert!(connect(&world).await.get("refresh_token").is_none());
    let again = code(&world, &[("prompt", "consent")]).await;
    assert!(token(&world, &[("code", &again)]).await.ok().body.get("refresh_token").is_some());
    let refreshed = refresh(&world, &kept).await.ok().body;
    assert!(refreshed.get("refresh_token").is_none());
    let access = refreshed["access_token"].as_str().unwrap();
    assert_eq!(world.call_as(access, "GET", EVENTS, None, &[]).await.status, 200);
}

#[tokio::test]
async fn an_access_token_expires_and_the_refresh_cures_it() {
    let world = world().await;
    let tokens = connect(&world).await;
    world.control("clock", json!({"advance_seconds": 3600})).await;
    let old = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.call_as(old, "GET", EVENTS, None, &[]).await.status, 401);
    let new = refresh(&world, tokens["refresh_token"].as_str().unwrap()).await.ok().body;
    let new = new["access_token"].as_str().unwrap();
    assert_eq!(world.call_as(new, "GET", EVENTS, None, &[]).await.status, 200);
}

#[tokio::test]
async fn in_testing_a_refresh_token_lives_a_week_o51() {
    let world = world().await;
    world.control("project", json!({"publishing": "testing"})).await;
    let tokens = connect(&world).await;
    assert_eq!(tokens["refresh_token_expires_in"], 604_799);
    let kept = tokens["refresh_token"].as_str().unwrap();
    world.control("clock", json!({"advance_seconds": 6 * 86400})).await;
    refresh(&world, kept).await.ok();
    world.control("clock", json!({"advance_seconds": 86400})).await;
    let dead = refresh(&world, kept).await;
    assert_eq!(
        error(&dead),
        (400, "invalid_grant".to_owned(), "Token has been expired or revoked.".to_owned())
    );
}

#[tokio::test]
async fn beyond_a_hundred_tokens_the_oldest_dies_o50() {
    let world = world().await;
    let first = connect(&world).await["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..99 {
        let code = code(&world, &[("prompt", "consent")]).await;
        token(&world, &[("code", &code)]).await.ok();
    }
    refresh(&world, &first).await.ok();
    let code = code(&world, &[("prompt", "consent")]).await;
    token(&world, &[("code", &code)]).await.ok();
    assert_eq!(error(&refresh(&world, &first).await).1, "invalid_grant");
}

#[tokio::test]
async fn revoking_ends_everything_and_twice_is_told_o62() {
    let world = world().await;
    let tokens = connect(&world).await;
    let kept = tokens["refresh_token"].as_str().unwrap();
    let url = format!("{}/revoke", world.sim.url());
    for wanted in [200, 400] {
        let answer = world.client.post(&url).form(&[("token", kept)]).send().await.unwrap();
        assert_eq!(answer.status(), wanted);
    }
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.call_as(access, "GET", EVENTS, None, &[]).await.status, 401);
    assert_eq!(error(&refresh(&world, kept).await).1, "invalid_grant");
    assert!(connect(&world).await.get("refresh_token").is_some());
}

#[tokio::test]
async fn every_text_of_a_dead_grant_can_be_played_o50() {
    let world = world().await;
    let kept = connect(&world).await["refresh_token"].as_str().unwrap().to_owned();
    for (body, status, word) in [
        ("oauth-token-invalid_grant-rapt", 400, "invalid_grant"),
        ("oauth-token-invalid_grant-account-deleted", 400, "invalid_grant"),
        ("oauth-token-admin_policy_enforced", 400, "admin_policy_enforced"),
    ] {
        world.control("expire", json!({"account": ME, "what": "refresh_tokens", "body": body})).await;
        let answer = refresh(&world, &kept).await;
        assert_eq!((answer.status, error(&answer).1.as_str()), (status, word));
    }
    world.control("faults", json!({"rules": [{"method": "oauth.token", "status": 503, "html": true}]})).await;
    assert_eq!(refresh(&world, &kept).await.status, 503);
}

#[tokio::test]
async fn clients_are_checked_once_configured_o14_o52() {
    let world = world().await;
    world.control("clients", json!({"client_id": "desktop", "client_secret": "right"})).await;
    let code = code(&world, &[]).await;
    assert_eq!(
        error(&token(&world, &[("code", &code)]).await),
        (401, "invalid_client".to_owned(), "Unauthorized".to_owned())
    );
    let unknown = token(&world, &[("code", &code), ("client_id", "other")]).await;
    assert_eq!(error(&unknown).2, "The OAuth client was not found.");
    token(&world, &[("code", &code), ("client_secret", "right")]).await.ok();
    assert_eq!(authorize(&world, &[("client_id", "other")]).await.status, 401);
    world.control("clients", json!({"client_id": "desktop", "deleted": true})).await;
    assert_eq!(error(&token(&world, &[("code", &code)]).await).1, "deleted_client");
}

#[tokio::test]
async fn consent_may_be_partial_refused_or_another_persons_o13_o25_o40() {
    let world = world().await;
    let contacts = "https://www.googleapis.com/auth/contacts";
    world.control("consent", json!({"untick": [contacts], "times": 1})).await;
    let code = code(&world, &[]).await;
    let tokens = token(&world, &[("code", &code)]).await.ok().body;
    assert!(!tokens["scope"].as_str().unwrap().contains(contacts));
    let access = tokens["access_token"].as_str().unwrap();
    let answer =
        world.call_as(access, "GET", "/v1/people/me/connections?personFields=names", None, &[]).await;
    assert_eq!(answer.status, 403);

    world.control("consent", json!({"cancel": true, "times": 1})).await;
    let back = parameters(&authorize(&world, &[]).await);
    assert_eq!((back["error"].as_str(), back["state"].as_str()), ("access_denied", "s t"));

    world.control("consent", json!({"account": "bob@example.org", "times": 1})).await;
    let code = self::code(&world, &[]).await;
    let tokens = token(&world, &[("code", &code)]).await.ok().body;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        world.call_as(access, "GET", "/v1/userinfo", None, &[]).await.body["email"],
        "bob@example.org"
    );

    world.control("consent", json!({"page_error": "admin_policy_enforced", "times": 1})).await;
    let page = authorize(&world, &[]).await;
    assert!(page.status == 403 && page.text.contains("admin_policy_enforced"));
}

#[tokio::test]
async fn some_errors_only_show_on_the_page_o19_o20_o60() {
    let world = world().await;
    for (name, value, word) in [
        ("redirect_uri", "https://example.org/", "redirect_uri_mismatch"),
        ("redirect_uri", "urn:ietf:wg:oauth:2.0:oob", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "https://www.googleapis.com/auth/nonsense", "invalid_scope"),
        ("code_challenge_method", "S512", "invalid_request"),
    ] {
        let page = authorize(&world, &[(name, value)]).await;
        assert!(page.status >= 400 && page.text.contains(word), "{name}={value}: {}", page.text);
        assert!(!page.headers.contains_key("location"));
    }
    assert_eq!(authorize(&world, &[("redirect_uri", "http://[::1]:9/any/path")]).await.status, 302);
}

#[tokio::test]
async fn a_person_can_use_the_page_in_french() {
    let world = World::new().await;
    let page = authorize(&world, &[("hl", "fr")]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Annuler") && page.text.contains("lang=\"fr\""));
    assert!(
        page.text
            .contains("type=\"checkbox\" name=\"grant\" value=\"https://www.googleapis.com/auth/contacts\"")
    );
    assert!(authorize(&world, &[]).await.text.contains("Cancel"));
    let form = [
        ("client_id", "desktop"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", SCOPES),
        ("state", "x"),
        ("decision", "allow"),
        ("account", ME),
        ("grant", "https://www.googleapis.com/auth/contacts"),
    ];
    let url = format!("{}/o/oauth2/v2/auth/decision", world.sim.url());
    let back = parameters(&read(world.client.post(&url).form(&form).send().await.unwrap()).await);
    assert!(!back["scope"].contains("calendar.events") && back["scope"].contains("contacts"));
}

#[tokio::test]
async fn silent_authorisation_needs_an_earlier_consent() {
    let world = world().await;
    assert_eq!(parameters(&authorize(&world, &[("prompt", "none")]).await)["error"], "interaction_required");
    connect(&world).await;
    assert!(parameters(&authorize(&world, &[("prompt", "none")]).await).contains_key("code"));
}

#[tokio::test]
async fn the_redirect_may_carry_more_and_scopes_another_order_o13_o23() {
    let world = world().await;
    world.control("knobs", json!({"extra_redirect_parameters": true, "shuffle_scopes": true})).await;
    let back = parameters(&authorize(&world, &[]).await);
    assert_eq!(back["iss"], "https://accounts.google.com");
    assert!(back["scope"].starts_with("https://www.googleapis.com/auth/contacts"));
}

#[tokio::test]
async fn only_testers_and_insiders_get_in_o81() {
    let world = world().await;
    world.control("project", json!({"publishing": "testing", "test_users": ["bob@example.org"]})).await;
    assert_eq!(authorize(&world, &[]).await.status, 403);
    world.control("project", json!({"publishing": "internal"})).await;
    assert!(authorize(&world, &[]).await.text.contains("org_internal"));
    world.control("accounts", json!({"email": ME, "workspace": "example.org"})).await;
    assert_eq!(authorize(&world, &[]).await.status, 302);
}

#[tokio::test]
async fn the_device_flow_refuses_these_scopes_o21() {
    let world = world().await;
    let url = format!("{}/device/code", world.sim.url());
    let form = [("client_id", "x"), ("scope", "https://www.googleapis.com/auth/calendar")];
    let answer = read(world.client.post(url).form(&form).send().await.unwrap()).await;
    assert_eq!(error(&answer).2, "Invalid device flow scope: https://www.googleapis.com/auth/calendar");
}

#[tokio::test]
async fn other_grants_and_missing_parameters_are_named() {
    let world = world().await;
    assert_eq!(error(&token(&world, &[("grant_type", "foo")]).await).2, "Invalid grant_type: foo");
    assert_eq!(error(&token(&world, &[("grant_type", "")]).await).1, "invalid_request");
    assert_eq!(error(&token(&world, &[]).await).2, "Missing required parameter: code");
}

#[tokio::test]
async fn a_call_without_or_with_a_dead_token_is_a_401() {
    let world = world().await;
    let url = format!("{}{EVENTS}", world.sim.url());
    let answer = read(world.client.get(url).send().await.unwrap()).await;
    assert_eq!((answer.status, answer.reason()), (401, "required"));
    let answer = world.call_as("junk", "GET", EVENTS, None, &[]).await;
    assert_eq!((answer.status, answer.reason()), (401, "authError"));
    assert!(answer.headers["www-authenticate"].contains("invalid_token"));
    let answer = world.call_as("junk", "GET", "/v1/people/me?personFields=names", None, &[]).await;
    assert_eq!(answer.body["error"]["status"], "UNAUTHENTICATED");
}
