//! The assertion of a service account (O100).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// What an assertion claims.
pub(super) struct Claims {
    pub issuer: String,
    pub scope: String,
    pub subject: Option<String>,
}

/// Why an assertion is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Signature,
    Time,
    Audience,
}

const SKEW: i64 = 300;

/// Checks form, audience and times; the signature only when a key is configured.
pub(super) fn check(
    assertion: &str,
    now: DateTime<Utc>,
    public_key: Option<&str>,
) -> Result<Claims, Refusal> {
    let mut parts = assertion.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Signature);
    };
    let head = decode(header).ok_or(Refusal::Signature)?;
    let body = decode(claims).ok_or(Refusal::Signature)?;
    let signature =
        URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).map_err(|_| Refusal::Signature)?;
    if head.get("alg").and_then(Value::as_str) != Some("RS256") || signature.len() < 128 {
        return Err(Refusal::Signature);
    }
    if let Some(key) = public_key {
        let signed = format!("{header}.{claims}");
        verify(key, signed.as_bytes(), &signature)?;
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    let audience = text("aud").unwrap_or_default();
    if !audience.ends_with("/token") {
        return Err(Refusal::Audience);
    }
    let (Some(issued), Some(expires)) = (number("iat"), number("exp")) else {
        return Err(Refusal::Time);
    };
    let now = now.timestamp();
    if expires - issued > 3600 || issued > now + SKEW || expires <= now - SKEW || expires <= issued {
        return Err(Refusal::Time);
    }
    Ok(Claims {
        issuer: text("iss").ok_or(Refusal::Audience)?,
        scope: text("scope").unwrap_or_default(),
        subject: text("sub"),
    })
}

fn decode(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The prefix of a SubjectPublicKeyInfo that holds an RSA key.
const RSA_OID: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

fn verify(pem: &str, signed: &[u8], signature: &[u8]) -> Result<(), Refusal> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(text.trim()).map_err(|_| Refusal::Signature)?;
    let key =
        ring::signature::UnparsedPublicKey::new(&ring::signature::RSA_PKCS1_2048_8192_SHA256, pkcs1(&der));
    key.verify(signed, signature).map_err(|_| Refusal::Signature)
}

/// Strips the SubjectPublicKeyInfo frame, if there is one.
fn pkcs1(der: &[u8]) -> &[u8] {
    let at = der.windows(RSA_OID.len()).position(|window| window == RSA_OID);
    // After the identifier: NULL (2), BIT STRING tag (1), length (1, 3 or so), unused bits (1).
    at.and_then(|at| {
        let rest = der.get(at + RSA_OID.len() + 2 + 1..)?;
        let long = rest.first().map_or(0, |first| if *first & 0x80 == 0 { 0 } else { first & 0x7f });
        rest.get(usize::from(long) + 2..)
    })
    .unwrap_or(der)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn assertion(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = URL_SAFE_NO_PAD.encode([7u8; 256]);
        format!("{}.{}.{signature}", part(&json!({"alg": "RS256"})), part(claims))
    }

    fn check_claims(claims: Value) -> Result<String, Refusal> {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        check(&assertion(&claims), now, None).map(|claims| claims.issuer)
    }

    #[test]
    fn assertions_are_judged_by_audience_and_time_o100() {
        let good = json!({"iss": "sa@p.iam", "scope": "openid", "aud": "https://oauth2.googleapis.com/token",
                          "iat": 1_800_000_000, "exp": 1_800_003_600});
        assert_eq!(check_claims(good.clone()).unwrap(), "sa@p.iam");
        let mut late = good.clone();
        late["iat"] = json!(1_799_000_000);
        late["exp"] = json!(1_799_003_600);
        assert_eq!(check_claims(late), Err(Refusal::Time));
        let mut long = good.clone();
        long["exp"] = json!(1_800_007_200);
        assert_eq!(check_claims(long), Err(Refusal::Time));
        let mut other = good;
        other["aud"] = json!("https://example.org/");
        assert_eq!(check_claims(other), Err(Refusal::Audience));
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert!(check("a.b", now, None).is_err());
    }

    const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsaBTg9oo0rnhRhkQqGEM\ne/fJeQGO3sd6Paay0nhDSwCZwP/r0i2jQLRnpjvrl8/XxbI6FXo4jxPUU16HJafW\nddLcPuGZkTwRsXyN66cRq4IIQQvjsG5mKC7EDk0AlKih50JYiE9z1CRZh627r5Os\nQywsu18HXyCn1XEG8LI91spu9I3vaYzNCzGDBZ/o9aM+yqbwoHfFoGDI6siPPepc\nONnF1uT5D3AvK4LiNFcijYdeMA28QlQSX+Bsjdzzf7mrNc3mTzxaPxTFOVGjGiRg\np9+Rk5GcpWt7er/cgM9dfrbr+fS/4tgVeUqy84Enjbqokk4ostfJpxEsNPIkt4MC\nBQIDAQAB\n-----END PUBLIC KEY-----\n";
    const SIGNED: &str = "eyJhbGciOiAiUlMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAicm9ib3RAcC5pYW0uZ3NlcnZpY2VhY2NvdW50LmNvbSIsICJzY29wZSI6ICJodHRwczovL3d3dy5nb29nbGVhcGlzLmNvbS9hdXRoL2NhbGVuZGFyIiwgImF1ZCI6ICJodHRwczovL29hdXRoMi5nb29nbGVhcGlzLmNvbS90b2tlbiIsICJpYXQiOiAxODAwMDAwMDAwLCAiZXhwIjogMTgwMDAwMzYwMCwgInN1YiI6ICJhbGljZUBleGFtcGxlLm9yZyJ9.D8Py5L2FF76yQwoZGMXbi3FTI82xkV_B2KOL1ZZYTOxh6W2fMnsTe58DvLw9Zx6UZotTV_5X2pgvNsaLho8QVqBEaukcRzG1ckGo_82vY36pAUIjQC-Nfgf3aO5z_wNunDg3vFZ2k4MRMG-2BXhWu1svBOa30EHMGrBq5oUntqyn8vVEVeQ2-JfpVHCZ_HDSGpUR7Ql3oUminLe7mACbTnYTsP0qUevSvYiq7noR3TE1_kvCiU5NzPROdjIXNkuGGPX0I1WRSic3eHqcKitjFkdVkF5XIF9RcwPXdevl7uWfyjXZiqoktHl3YyDqSp_GXbf3Ukb18sB7fojBKGiHKg";

    #[test]
    fn a_signature_counts_once_a_key_is_configured() {
        let now = DateTime::from_timestamp(1_800_000_100, 0).unwrap();
        let claims = check(SIGNED, now, Some(PUBLIC_KEY)).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        assert_eq!(claims.subject.as_deref(), Some("alice@example.org"));
        let forged = assertion(&json!({"iss": "x", "aud": "https://oauth2.googleapis.com/token",
                                       "iat": 1_800_000_000, "exp": 1_800_003_600}));
        assert!(check(&forged, now, None).is_ok());
        assert_eq!(check(&forged, now, Some(PUBLIC_KEY)).err(), Some(Refusal::Signature));
    }
}
