//! What a pretend Google on this computer says of itself. The real one is never asked.

use std::time::Duration;

use serde::Deserialize;

use crate::{Api, Endpoints, answer::read};

/// How a pretend Google behaves, where that is for its user to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pretend {
    /// How long a written contact stays invisible in listings (P17).
    pub list_lag: Duration,
    /// Whether it counts requests, as the real one does (C200, P91).
    pub has_quotas: bool,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Knobs {
    people_list_lag_seconds: u32,
    people_stale_read_seconds: u32,
    people_quotas: bool,
    calendar_quotas: bool,
}

/// Asks a pretend Google how it behaves; `None` where Google is the real one, or says nothing.
pub async fn pretend(http: &reqwest::Client, endpoints: &Endpoints) -> Option<Pretend> {
    if !endpoints.is_loopback() {
        return None;
    }
    let knobs = endpoints.token().join("/_sim/knobs").ok()?;
    let answer = read(Api::OAuth, "knobs", http.get(knobs)).await.ok()?;
    let knobs: Knobs = answer.json().ok()?;
    let lag = knobs.people_list_lag_seconds.max(knobs.people_stale_read_seconds);
    Some(Pretend {
        list_lag: Duration::from_secs(lag.into()),
        has_quotas: knobs.people_quotas || knobs.calendar_quotas,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

    use super::*;
    use crate::{HttpOptions, http_client};

    #[tokio::test]
    async fn only_a_pretend_google_is_asked_and_silence_is_an_answer() {
        let server = MockServer::start().await;
        let endpoints = Endpoints::overridden(&Url::parse(&server.uri()).unwrap()).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = http_client(&HttpOptions::default(), &endpoints).unwrap();
        assert_eq!(pretend(&http, &endpoints).await, None);
        let knobs = json!({ "people_list_lag_seconds": 300, "calendar_quotas": true, "other": 1 });
        Mock::given(path("/_sim/knobs"))
            .respond_with(ResponseTemplate::new(200).set_body_json(knobs))
            .mount(&server)
            .await;
        let said = pretend(&http, &endpoints).await.unwrap();
        assert_eq!(said, Pretend { list_lag: Duration::from_secs(300), has_quotas: true });
        assert_eq!(pretend(&http, &Endpoints::google().unwrap()).await, None);
    }
}
