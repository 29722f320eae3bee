//! App users.

use passerelle_ports::{Code, Detail, Reason};

use crate::{AppUser, Company, Failure, Outcome};

/// Adds an app user.
///
/// # Errors
///
/// `USE-103` when the name is taken, `USE-101` when it is no name.
pub async fn add_user(company: &dyn Company, user: &AppUser) -> Outcome<()> {
    let id = user.id.as_str();
    if id.is_empty() || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Failure::new(Code::Use101).with(Detail::Reason, Reason::Verbatim(format!("\"{id}\""))));
    }
    let known = company.users().await?;
    if known.iter().any(|user| user.id.to_lowercase() == id.to_lowercase()) {
        return Err(Failure::new(Code::Use103).with(Detail::User, id));
    }
    Ok(company.add_user(user).await?)
}

/// Finds an app user by the name that is typed.
///
/// # Errors
///
/// `USE-102` with the names that exist.
pub async fn find_user(company: &dyn Company, id: &str) -> Outcome<AppUser> {
    let known = company.users().await?;
    let names = known.iter().map(|user| user.id.clone()).collect::<Vec<_>>().join(", ");
    known
        .into_iter()
        .find(|user| user.id == id)
        .ok_or_else(|| Failure::new(Code::Use102).with(Detail::User, id).with(Detail::Known, names))
}

/// Returns the app user asked for, or all of them.
///
/// # Errors
///
/// `USE-102` when nobody has that name.
pub async fn chosen_users(company: &dyn Company, id: Option<&str>) -> Outcome<Vec<AppUser>> {
    match id {
        Some(id) => Ok(vec![find_user(company, id).await?]),
        None => Ok(company.users().await?),
    }
}
