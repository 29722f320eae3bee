//! One mutation of an account at a time (P48).
//!
//! Google asks that a user's mutations are sent one after the other and punishes the others with
//! latency and failures. Where the switch says so, a mutation takes some time here, and another
//! one of the same account that arrives meanwhile gets the chosen error.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::api::ApiResponse;
use crate::core::Core;
use crate::discovery::{Api, Discovery, Route};
use crate::wire::{Request, Response};

use super::is_mutation;

/// How long a mutation takes while the switch is on.
const MUTATION_TIME: Duration = Duration::from_millis(100);

type Accounts = Arc<Mutex<BTreeSet<String>>>;

/// The accounts that are being changed right now.
#[derive(Debug, Default)]
pub(crate) struct Turns(Accounts);

/// The turn of one mutation; it ends when dropped, after the answer was sent.
#[derive(Debug)]
pub(crate) struct Turn {
    accounts: Accounts,
    account: String,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.remove(&self.account);
    }
}

impl Turns {
    /// Handles a request, unless it is a mutation out of turn.
    pub(crate) fn handle(&self, core: &mut Core, request: &Request) -> (Response, Option<Turn>) {
        let Some((account, method, body)) = mutation(core, request) else {
            return (core.dispatch(request), None);
        };
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !accounts.insert(account.clone()) {
            *core.counts.entry(method).or_default() += 1;
            return (Response::of_api(&ApiResponse::error_file(&body), true), None);
        }
        drop(accounts);
        let mut response = core.dispatch(request);
        response.delay += MUTATION_TIME;
        (response, Some(Turn { accounts: Arc::clone(&self.0), account }))
    }
}

/// Returns the account, the method and the error to play, if the request is a mutation.
fn mutation(core: &Core, request: &Request) -> Option<(String, String, String)> {
    let body = core.knobs.people_parallel_mutations.clone()?;
    let Route::Found(method, _) = Discovery::get().route(&request.verb, &request.path) else {
        return None;
    };
    if method.api != Api::People || !is_mutation(&method.id) {
        return None;
    }
    let access = core.oauth.check_access(request.bearer()?, core.now).ok()?;
    Some((access.account.clone(), method.id.clone(), body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Setup;

    fn create(token: &str) -> Request {
        let headers = [("Authorization".to_owned(), format!("Bearer {token}"))];
        Request::new("POST", "/v1/people:createContact", &headers, b"{}")
    }

    fn core() -> (Core, String, String) {
        let mut core = Core::new(&Setup::default());
        let scopes = ["https://www.googleapis.com/auth/contacts"];
        let (anne, _) = core.issue_token("anne@example.org", "client", &scopes);
        let (bob, _) = core.issue_token("bob@example.org", "client", &scopes);
        (core, anne, bob)
    }

    #[test]
    fn p48_a_mutation_out_of_turn_is_punished_and_the_next_one_is_not() {
        let (mut core, anne, bob) = core();
        core.knobs.people_parallel_mutations = Some("people-503-unavailable".to_owned());
        let turns = Turns::default();
        let (first, turn) = turns.handle(&mut core, &create(&anne));
        assert_eq!(first.status, 200);
        assert_eq!(turns.handle(&mut core, &create(&anne)).0.status, 503);
        assert_eq!(turns.handle(&mut core, &create(&bob)).0.status, 200, "another account");
        drop(turn);
        assert_eq!(turns.handle(&mut core, &create(&anne)).0.status, 200);
    }

    #[test]
    fn without_the_switch_nothing_waits() {
        let (mut core, anne, _) = core();
        let turns = Turns::default();
        for _ in 0..2 {
            let (response, turn) = turns.handle(&mut core, &create(&anne));
            assert_eq!((response.status, response.delay), (200, Duration::ZERO));
            assert!(turn.is_none());
        }
    }
}
