//! The parts of an API (routes, integrations and authorizers), whose operations all work in the same way.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    operations::{page, taken},
    stages::redeploy,
};
use crate::{
    error::ApiError,
    services::{
        apigateway::new_id,
        apigatewayv2::{
            model::{Api, State, shown},
            settings::{
                AuthorizerSettings, IntegrationSettings, Members, RouteSettings, Settings, bad_request,
                not_found, read, updated,
            },
        },
    },
};

/// The most parts of each kind in an API [Quotas for configuring and running an HTTP API].
const MOST: usize = 300;

/// A kind of part, such as routes.
trait Part: Settings {
    /// The name of the member that has the part's id.
    const ID: &'static str;

    /// All parts of this kind in an API.
    fn all(state: &mut State) -> &mut BTreeMap<String, Self>;

    /// Checks the part against the rest of the API; `id` is the part's own id.
    fn fits(&self, state: &State, id: &str) -> Result<(), ApiError> {
        let _ = (state, id);
        Ok(())
    }

    /// Whether another part still uses this one, so that it cannot be deleted.
    fn is_needed(state: &State, id: &str) -> bool {
        let _ = (state, id);
        false
    }
}

impl Part for RouteSettings {
    const ID: &'static str = "routeId";

    fn all(state: &mut State) -> &mut BTreeMap<String, Self> {
        &mut state.routes
    }

    fn fits(&self, state: &State, id: &str) -> Result<(), ApiError> {
        if state.routes.iter().any(|(other, route)| other != id && route.route_key == self.route_key) {
            let message = format!("Route with key {} already exists for this API", self.route_key);
            return Err(ApiError::with_status(409, "ConflictException", message));
        }
        if let Some(target) = &self.target
            && !self.integration().is_some_and(|id| state.integrations.contains_key(id))
        {
            return Err(bad_request(format!("Invalid target specified {target}")));
        }
        if let Some(authorizer) = &self.authorizer_id {
            let kind = if self.authorization_type == "JWT" { "JWT" } else { "REQUEST" };
            let found =
                state.authorizers.get(authorizer).ok_or_else(|| not_found("Authorizer", authorizer))?;
            if found.authorizer_type != kind {
                return Err(bad_request("The authorizer is not of the route's authorization type"));
            }
        }
        Ok(())
    }
}

impl Part for IntegrationSettings {
    const ID: &'static str = "integrationId";

    fn all(state: &mut State) -> &mut BTreeMap<String, Self> {
        &mut state.integrations
    }

    fn is_needed(state: &State, id: &str) -> bool {
        state.routes.values().any(|route| route.integration() == Some(id))
    }
}

impl Part for AuthorizerSettings {
    const ID: &'static str = "authorizerId";

    fn all(state: &mut State) -> &mut BTreeMap<String, Self> {
        &mut state.authorizers
    }

    fn is_needed(state: &State, id: &str) -> bool {
        state.routes.values().any(|route| route.authorizer_id.as_deref() == Some(id))
    }
}

/// Runs an operation on parts of `api`.
pub(super) fn call(api: &Api, operation: &str, input: Members, now_ms: i64) -> Result<Value, ApiError> {
    let verb_of = |kind: &str| operation.strip_suffix(kind);
    if let Some(verb) = verb_of("Route").or_else(|| verb_of("Routes")) {
        on::<RouteSettings>(api, verb, input, now_ms, operation.ends_with('s'))
    } else if let Some(verb) = verb_of("Integration").or_else(|| verb_of("Integrations")) {
        on::<IntegrationSettings>(api, verb, input, now_ms, operation.ends_with('s'))
    } else if let Some(verb) = verb_of("Authorizer").or_else(|| verb_of("Authorizers")) {
        on::<AuthorizerSettings>(api, verb, input, now_ms, operation.ends_with('s'))
    } else {
        Err(ApiError::unknown_operation("apigatewayv2", operation))
    }
}

fn on<P: Part>(api: &Api, verb: &str, mut input: Members, now_ms: i64, all: bool) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    if all {
        let items = P::all(&mut state).iter().map(|(id, part)| shown(part, P::ID, id)).collect();
        return Ok(page(&input, items));
    }
    let id = if verb == "Create" { new_id(7) } else { taken(&mut input, P::ID)? };
    let absent = || not_found(P::OF, &id);
    let part: P = match verb {
        "Create" => {
            if P::all(&mut state).len() >= MOST {
                let message = format!("an API has at most {MOST} of {}", P::OF);
                return Err(ApiError::with_status(429, "TooManyRequestsException", message));
            }
            read(input)?
        }
        "Update" => updated(P::all(&mut state).get(&id).ok_or_else(absent)?, input)?,
        "Delete" => {
            if P::is_needed(&state, &id) {
                let message = format!("{} {id} is referenced by a route of this API", P::OF);
                return Err(ApiError::with_status(409, "ConflictException", message));
            }
            P::all(&mut state).remove(&id).ok_or_else(absent)?;
            redeploy(api, &mut state, now_ms)?;
            return Ok(Value::Null);
        }
        _ => return P::all(&mut state).get(&id).map(|part| shown(part, P::ID, &id)).ok_or_else(absent),
    };
    part.fits(&state, &id)?;
    // Results that the authorizer gave before its change no longer hold.
    api.verdicts.lock().forget(&id);
    let answer = shown(&part, P::ID, &id);
    P::all(&mut state).insert(id, part);
    redeploy(api, &mut state, now_ms)?;
    Ok(answer)
}
