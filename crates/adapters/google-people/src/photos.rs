//! The picture of a contact: it is written by calls of its own, after the rest (P49).
//!
//! What must stay true: the picture of a person is never overwritten before it is kept; what Google makes of a picture
//! that it was given is not taken for somebody's edit; only Google's hosts are asked for the address that a record names.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle_google_transport::Failure;
use passerelle_ports::{Code, ErrorKind, PICTURE_MAX, PortError, PortResult, Stored};

use sha2::{Digest as _, Sha256};

use crate::{GooglePeople, convert::photo_of, error, wire::Person};

/// The beginnings of the pictures that Google takes (P49).
const BEGINNINGS: [&[u8]; 2] = [&[0xff, 0xd8, 0xff], b"\x89PNG"];

impl GooglePeople {
    /// Gives a contact the picture that a record names, and returns the contact as it is then. A picture that cannot
    /// be had, or that Google refuses, stays out: the caller finds that in the answer.
    pub(crate) async fn with_photo(&self, person: Person, wanted: &str) -> PortResult<Person> {
        let own = photo_of(&person);
        if own == wanted {
            return Ok(person);
        }
        let name = person.resource_name().to_owned();
        if wanted.is_empty() {
            self.keep(&own).await?;
            return taken(self.calls.delete_photo(&name).await, person);
        }
        let Some(picture) = self.picture(wanted).await? else { return Ok(person) };
        if !BEGINNINGS.iter().any(|beginning| picture.starts_with(beginning)) {
            return Ok(person);
        }
        self.keep(&own).await?;
        let person = taken(self.calls.update_photo(&name, &STANDARD.encode(&picture)).await, person)?;
        let shown = photo_of(&person);
        if shown != own
            && let Err(error) = self.remember(&name, &shown).await
        {
            tracing::debug!(
                code = error.code.map(Code::as_str),
                "what Google made of a picture is not known"
            );
        }
        Ok(person)
    }

    /// Remembers what Google made of a picture: it encodes each anew, and may give it another address.
    async fn remember(&self, name: &str, address: &str) -> PortResult<()> {
        match (&self.options.pictures, self.read(address).await?) {
            (Some(pictures), Some(picture)) => pictures.keep(name, &made_of(address, &picture)).await,
            _ => Ok(()),
        }
    }

    /// Keeps the picture that stands at an address of Google's, so that an undo can bring it back.
    pub(crate) async fn keep(&self, address: &str) -> PortResult<()> {
        let Some(pictures) = self.options.pictures.as_ref().filter(|_| !address.is_empty()) else {
            return Ok(());
        };
        if pictures.find(address).await?.is_some() {
            return Ok(());
        }
        match self.read(address).await? {
            Some(picture) => pictures.keep(address, &picture).await,
            None => Ok(()),
        }
    }

    async fn picture(&self, name: &str) -> PortResult<Option<Vec<u8>>> {
        if let Some(rest) = name.strip_prefix("data:") {
            return Ok(inline(rest));
        }
        if let Some(pictures) = &self.options.pictures
            && let Some(kept) = pictures.find(name).await?
        {
            return Ok(Some(kept));
        }
        self.read(name).await
    }

    /// Reads what stands at an address of Google's, in its full size.
    async fn read(&self, address: &str) -> PortResult<Option<Vec<u8>>> {
        let whole = address.strip_suffix("=s100").map(|place| format!("{place}=s0"));
        let read = self.calls.client.picture(whole.as_deref().unwrap_or(address), PICTURE_MAX).await;
        Ok(read.map_err(PortError::from).map_err(error::of_one)?.map(Into::into))
    }

    /// Leaves a picture as it is known where Google only gave it another address.
    pub(crate) async fn same_photo(&self, known: &str, read: &mut Stored<passerelle_contacts::Contact>) {
        let now = &read.record.photo;
        let Some(pictures) = self.options.pictures.as_ref().filter(|_| !known.is_empty() && known != now)
        else {
            return;
        };
        if now.is_empty() {
            return;
        }
        let Ok(Some(made)) = pictures.find(read.id.as_str()).await else { return };
        // Where it cannot be read, the address that Google names counts: an edit is never missed.
        let Ok(Some(picture)) = self.read(now).await else { return };
        if made == made_of(known, &picture) {
            known.clone_into(&mut read.record.photo);
        }
    }
}

/// Returns what is remembered of a picture that Google made.
fn made_of(address: &str, picture: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(address).chain_update([0]).chain_update(picture).finalize().to_vec()
}

/// Returns the person as a call left it; a refusal leaves it as it was.
fn taken(answer: Result<Person, Failure>, person: Person) -> PortResult<Person> {
    match answer.map_err(PortError::from) {
        Ok(answer) if answer.answers_to(person.resource_name()) => Ok(answer),
        Ok(_) => Err(error::of_another("people.updateContactPhoto")),
        Err(error) if matches!(error.kind, ErrorKind::Rejected | ErrorKind::Unsupported) => {
            tracing::warn!(
                code = error.code.map(Code::as_str),
                "a picture was refused; the contact goes on without it"
            );
            Ok(person)
        }
        Err(error) => Err(error::of_one(error)),
    }
}

/// Reads the bytes of a `data:` address; `None` for what is no picture, or too large a one.
fn inline(rest: &str) -> Option<Vec<u8>> {
    let (kind, data) = rest.split_once(',')?;
    let is_picture = kind.starts_with("image/") && kind.ends_with(";base64");
    if !is_picture || data.len() > PICTURE_MAX * 3 / 2 {
        return None;
    }
    let data: String = data.chars().filter(|one| !one.is_ascii_whitespace()).collect();
    STANDARD.decode(data).ok().filter(|picture| picture.len() <= PICTURE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_not_read() {
        assert_eq!(inline("image/png;base64,iVBO Rw0K\nGgo=").unwrap(), b"\x89PNG\r\n\x1a\n");
        for bad in
            ["image/png,iVBORw0KGgo=", "text/html;base64,iVBORw0KGgo=", "image/png;base64,!", "image/png"]
        {
            assert_eq!(inline(bad), None, "{bad}");
        }
        assert_eq!(inline(&format!("image/png;base64,{}", "A".repeat(PICTURE_MAX * 3 / 2 + 4))), None);
    }
}
