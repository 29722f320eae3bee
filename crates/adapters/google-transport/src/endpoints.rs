//! Where Google is: the real one, or a pretend one on loopback.

use url::Url;

/// The addresses of Google's services.
///
/// There are only two ways to get one: Google's own, or everything under one loopback root. No setting
/// can send a token or a password anywhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    calendar: Url,
    people: Url,
    batch: Url,
    auth: Url,
    token: Url,
    revoke: Url,
    tokeninfo: Url,
    userinfo: Url,
    loopback: bool,
}

/// Why an override was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The host is not this machine's own loopback.
    #[error("Google's addresses can be overridden by a loopback host only: 127.0.0.1, [::1] or localhost")]
    NotLoopback,
    /// The address is neither `http` nor `https`.
    #[error("the override must be an http or https address")]
    NotHttp,
    /// The address holds a user name, a password, a query or a fragment.
    #[error("the override must be a plain address without user name, query or fragment")]
    NotPlain,
}

/// The domain of the hosts at which Google shows pictures.
const PICTURES: &str = "googleusercontent.com";

impl Endpoints {
    /// Returns Google's own addresses (O10, C1, P1).
    ///
    /// # Errors
    ///
    /// Never in practice: the addresses are constants.
    pub fn google() -> Result<Self, url::ParseError> {
        Ok(Endpoints {
            calendar: Url::parse("https://www.googleapis.com/calendar/v3/")?,
            people: Url::parse("https://people.googleapis.com/v1/")?,
            batch: Url::parse("https://www.googleapis.com/batch/")?,
            auth: Url::parse("https://accounts.google.com/o/oauth2/v2/auth")?,
            token: Url::parse("https://oauth2.googleapis.com/token")?,
            revoke: Url::parse("https://oauth2.googleapis.com/revoke")?,
            tokeninfo: Url::parse("https://oauth2.googleapis.com/tokeninfo")?,
            userinfo: Url::parse("https://openidconnect.googleapis.com/v1/userinfo")?,
            loopback: false,
        })
    }

    /// Returns the addresses of a pretend Google, all under one loopback root.
    ///
    /// # Errors
    ///
    /// Refuses every root that is not a plain loopback address, before a byte is sent (T21).
    pub fn overridden(root: &Url) -> Result<Self, EndpointError> {
        if !matches!(root.scheme(), "http" | "https") {
            return Err(EndpointError::NotHttp);
        }
        if !is_loopback(root) {
            return Err(EndpointError::NotLoopback);
        }
        let plain = root.username().is_empty()
            && root.password().is_none()
            && root.query().is_none()
            && root.fragment().is_none();
        if !plain {
            return Err(EndpointError::NotPlain);
        }
        Ok(Endpoints {
            calendar: below(root, &["calendar", "v3", ""])?,
            people: below(root, &["v1", ""])?,
            batch: below(root, &["batch", ""])?,
            auth: below(root, &["o", "oauth2", "v2", "auth"])?,
            token: below(root, &["token"])?,
            revoke: below(root, &["revoke"])?,
            tokeninfo: below(root, &["tokeninfo"])?,
            userinfo: below(root, &["v1", "userinfo"])?,
            loopback: true,
        })
    }

    /// Returns the address of a Calendar resource; each segment is percent-encoded (C1).
    #[must_use]
    pub fn calendar(&self, segments: &[&str]) -> Url {
        extended(&self.calendar, segments)
    }

    /// Returns the address of a People resource; a segment may be `people/c1:updateContact`.
    ///
    /// Slashes inside a segment separate, as resource names hold them.
    #[must_use]
    pub fn people(&self, path: &str) -> Url {
        extended(&self.people, &path.split('/').collect::<Vec<_>>())
    }

    /// Returns the address of a batch service, such as `calendar/v3`.
    #[must_use]
    pub fn batch(&self, path: &str) -> Url {
        extended(&self.batch, &path.split('/').collect::<Vec<_>>())
    }

    /// Returns where a picture is read that stands at one of Google's hosts of pictures; `None` for every other
    /// address: a record must not make this program send requests to a host of its choice.
    #[must_use]
    pub fn picture(&self, address: &str) -> Option<Url> {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?;
        let is_googles =
            host == PICTURES || host.strip_suffix(PICTURES).is_some_and(|rest| rest.ends_with('.'));
        let is_plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
        if url.scheme() != "https" || !is_googles || !is_plain {
            return None;
        }
        if !self.loopback {
            return Some(url);
        }
        // A pretend Google shows its pictures itself.
        let mut pretended = self.token.clone();
        pretended.set_path(url.path());
        Some(pretended)
    }

    /// Returns the page where the account's owner consents.
    #[must_use]
    pub fn auth(&self) -> &Url {
        &self.auth
    }

    /// Returns the token end point.
    #[must_use]
    pub fn token(&self) -> &Url {
        &self.token
    }

    /// Returns the revocation end point.
    #[must_use]
    pub fn revoke(&self) -> &Url {
        &self.revoke
    }

    /// Returns the token information end point (for diagnosis only, O63).
    #[must_use]
    pub fn tokeninfo(&self) -> &Url {
        &self.tokeninfo
    }

    /// Returns the end point that says who the account is.
    #[must_use]
    pub fn userinfo(&self) -> &Url {
        &self.userinfo
    }

    /// Tells whether these are addresses of a pretend Google on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

fn is_loopback(root: &Url) -> bool {
    match root.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(url::Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

fn below(root: &Url, segments: &[&str]) -> Result<Url, EndpointError> {
    let mut url = root.clone();
    url.path_segments_mut().map_err(|()| EndpointError::NotHttp)?.pop_if_empty().extend(segments);
    Ok(url)
}

fn extended(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overridden(root: &str) -> Result<Endpoints, EndpointError> {
        Endpoints::overridden(&Url::parse(root).unwrap())
    }

    #[test]
    fn pictures_are_read_at_googles_hosts_only() {
        let google = Endpoints::google().unwrap();
        let own = "https://lh3.googleusercontent.com/contacts/abc=s100";
        assert_eq!(google.picture(own).unwrap().as_str(), own);
        let pretended = overridden("http://127.0.0.1:8080").unwrap();
        let read = pretended.picture(own).unwrap();
        assert_eq!(read.as_str(), "http://127.0.0.1:8080/contacts/abc=s100");
        for other in [
            "http://lh3.googleusercontent.com/a",
            "https://evilgoogleusercontent.com/a",
            "https://googleusercontent.com.evil.example/a",
            "https://lh3.googleusercontent.com:444/a",
            "https://me@lh3.googleusercontent.com/a",
            "https://169.254.169.254/a",
            "http://127.0.0.1/a",
            "file:///etc/passwd",
            "data:image/png;base64,iVBORw0KGgo=",
            "anna.png",
        ] {
            assert_eq!(google.picture(other), None, "{other}");
            assert_eq!(pretended.picture(other), None, "{other}");
        }
    }

    #[test]
    fn only_a_plain_loopback_root_is_accepted() {
        let table = [
            ("http://127.0.0.1:8080", Ok(())),
            ("http://127.0.0.1:8080/", Ok(())),
            ("http://[::1]:1/", Ok(())),
            ("https://localhost/", Ok(())),
            ("http://LOCALHOST:9/", Ok(())),
            ("http://127.1:9/", Ok(())),
            ("http://127.0.0.2/", Err(EndpointError::NotLoopback)),
            ("http://0.0.0.0/", Err(EndpointError::NotLoopback)),
            ("http://[::ffff:127.0.0.1]/", Err(EndpointError::NotLoopback)),
            ("http://localhost./", Err(EndpointError::NotLoopback)),
            ("http://localhost.evil.example/", Err(EndpointError::NotLoopback)),
            ("http://127.0.0.1.evil.example/", Err(EndpointError::NotLoopback)),
            ("http://127.0.0.1@evil.example/", Err(EndpointError::NotLoopback)),
            ("http://10.0.0.1/", Err(EndpointError::NotLoopback)),
            ("https://www.googleapis.com/", Err(EndpointError::NotLoopback)),
            ("ftp://127.0.0.1/", Err(EndpointError::NotHttp)),
            ("unix:/run/socket", Err(EndpointError::NotHttp)),
            ("http://user@127.0.0.1/", Err(EndpointError::NotPlain)),
            ("http://127.0.0.1/?x=1", Err(EndpointError::NotPlain)),
            ("http://127.0.0.1/#x", Err(EndpointError::NotPlain)),
        ];
        for (root, want) in table {
            assert_eq!(overridden(root).map(|_| ()), want, "{root}");
        }
    }

    #[test]
    fn a_pretend_google_serves_googles_own_paths() {
        let sim = overridden("http://127.0.0.1:1/").unwrap();
        assert_eq!(sim.auth().as_str(), "http://127.0.0.1:1/o/oauth2/v2/auth");
        assert_eq!(sim.token().as_str(), "http://127.0.0.1:1/token");
        assert_eq!(sim.userinfo().as_str(), "http://127.0.0.1:1/v1/userinfo");
        assert_eq!(
            sim.people("people/me/connections").as_str(),
            "http://127.0.0.1:1/v1/people/me/connections"
        );
        assert_eq!(
            sim.people("people/c1:updateContact").as_str(),
            "http://127.0.0.1:1/v1/people/c1:updateContact"
        );
        assert_eq!(sim.batch("calendar/v3").as_str(), "http://127.0.0.1:1/batch/calendar/v3");
    }

    #[test]
    fn ids_are_encoded_in_the_path() {
        let google = Endpoints::google().unwrap();
        assert_eq!(
            google.calendar(&["calendars", "fr#holiday@group/x?", "events"]).as_str(),
            "https://www.googleapis.com/calendar/v3/calendars/fr%23holiday@group%2Fx%3F/events"
        );
        assert!(!google.is_loopback());
    }
}
