//! JSON web tokens [Control access to HTTP APIs with JWT authorizers in API Gateway].

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value, json};

use super::{issuers::Issuers, refusal::Refusal};
use crate::services::apigatewayv2::settings::Jwt;

/// Checks a token. Returns what the event contains of it: its claims as texts, and those of its scopes that the route
/// requires.
pub(super) async fn check(
    issuers: &Issuers,
    jwt: &Jwt,
    scopes: &[String],
    token: &str,
    now_ms: i64,
) -> Result<Value, Refusal> {
    let token =
        token.strip_prefix("Bearer ").or_else(|| token.strip_prefix("bearer ")).unwrap_or(token).trim();
    let wrong = |why: &str| {
        Refusal::Unauthorized(Some(format!(
            "Bearer scope=\"\" error=\"invalid_token\" error_description=\"{why}\""
        )))
    };
    let header = decode_header(token).map_err(|_| wrong("the token is not a JSON web token"))?;
    let algorithms = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];
    if !algorithms.contains(&header.alg) {
        return Err(wrong("signing method is invalid"));
    }
    let id = header.kid.ok_or_else(|| wrong("unable to find a key ID in the token"))?;
    let keys = issuers.keys(&jwt.issuer, &id, now_ms).await.map_err(|why| {
        tracing::warn!(issuer = jwt.issuer, "the keys for a JWT authorizer could not be fetched: {why}");
        wrong("OIDC discovery endpoint communication error")
    })?;
    let key = keys.find(&id).ok_or_else(|| wrong("unable to find the key of the token"))?;
    let key = DecodingKey::from_jwk(key).map_err(|_| wrong("the key of the token is invalid"))?;
    // Expiry is checked below with the cloud's clock, which a test may drive.
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = decode::<Map<String, Value>>(token, &key, &validation)
        .map_err(|_| wrong("signature is invalid"))?
        .claims;
    times(&claims, now_ms).map_err(wrong)?;
    if claims.get("iss").and_then(Value::as_str) != Some(jwt.issuer.as_str()) {
        return Err(wrong("issuer is invalid"));
    }
    let audience = match claims.get("aud") {
        None => claims.get("client_id"),
        found => found,
    };
    let is_meant = match audience {
        Some(Value::String(one)) => jwt.audience.contains(one),
        Some(Value::Array(several)) => {
            several.iter().filter_map(Value::as_str).any(|one| jwt.audience.iter().any(|known| known == one))
        }
        _ => false,
    };
    if !jwt.audience.is_empty() && !is_meant {
        return Err(wrong("invalid audience"));
    }
    let granted = granted(&claims);
    if !scopes.is_empty() && !scopes.iter().any(|scope| granted.contains(scope)) {
        let challenge = format!("Bearer scope=\"{}\" error=\"insufficient_scope\"", scopes.join(" "));
        return Err(Refusal::Forbidden(Some(challenge)));
    }
    let shown: Map<String, Value> =
        claims.iter().map(|(name, value)| (name.clone(), text(value).into())).collect();
    let scopes = if scopes.is_empty() { Value::Null } else { json!(granted) };
    Ok(json!({ "claims": shown, "scopes": scopes }))
}

fn times(claims: &Map<String, Value>, now_ms: i64) -> Result<(), &'static str> {
    let ms = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| (seconds * 1_000.0) as i64);
    if ms("exp").is_none_or(|until| until <= now_ms) {
        return Err("the token has expired");
    }
    if ms("nbf").is_some_and(|from| from > now_ms) {
        return Err("the token is not valid yet");
    }
    if ms("iat").is_some_and(|at| at > now_ms) {
        return Err("the token was issued in the future");
    }
    Ok(())
}

/// The scopes in `scope` or `scp`: a text with spaces, or a list.
fn granted(claims: &Map<String, Value>) -> Vec<String> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(text)) => {
            text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        }
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A claim in the form of the event: a list becomes text in brackets, with spaces between the items.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}
