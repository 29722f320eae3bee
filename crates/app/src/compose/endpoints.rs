//! Where Google is: the settings check it too.

use passerelle_google_transport::Endpoints;
use url::Url;

/// Returns where Google is: the real one, or a pretend one on this computer.
///
/// # Errors
///
/// Says why an address may not stand in for Google.
pub fn endpoints(asked: Option<&str>) -> Result<Endpoints, Box<dyn std::error::Error + Send + Sync>> {
    match asked {
        None | Some("") => Ok(Endpoints::google()?),
        Some(text) => Ok(Endpoints::overridden(&Url::parse(text)?)?),
    }
}
