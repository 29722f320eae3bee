//! Where the bytes of pictures are found that records only name.

use async_trait::async_trait;

use crate::PortResult;

/// How many bytes a picture may have: larger ones are not sent, and not kept.
pub const PICTURE_MAX: usize = 5 << 20;

/// Keeps pictures that are about to be overwritten at a provider, and finds those that the company's own records name.
#[async_trait]
pub trait Pictures: Send + Sync {
    /// Keeps a picture under its name, in the place of what was kept under it.
    ///
    /// # Errors
    ///
    /// MUST fail when the picture is not kept.
    async fn keep(&self, name: &str, picture: &[u8]) -> PortResult<()>;

    /// Finds a picture by its name: one that was kept, or one that the company keeps; `None` where there is none, or
    /// where it is larger than [`PICTURE_MAX`].
    ///
    /// # Errors
    ///
    /// MUST fail when it could not be found out.
    async fn find(&self, name: &str) -> PortResult<Option<Vec<u8>>>;
}
