//! The public keys of token issuers, fetched from the issuers [Control access to HTTP APIs with JWT authorizers].

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, Uri};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::jwk::JwkSet;
use parking_lot::Mutex;
use serde_json::Value;

use crate::http::is_this_machine;

/// How long keys are cached, in ms.
const KEPT_MS: i64 = 2 * 60 * 60 * 1_000;

/// The most issuers whose keys are cached, and the largest document that is read, in bytes.
const MOST: usize = 100;
const LARGEST: usize = 1 << 20;

/// How long an issuer may take to answer. Real time, because the issuer is a program on this machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// The cached keys of all issuers.
#[derive(Debug)]
pub(in crate::services::apigatewayv2) struct Issuers {
    client: Client<HttpConnector, Empty<Bytes>>,
    keys: Mutex<HashMap<String, (i64, Arc<JwkSet>)>>,
}

impl Default for Issuers {
    fn default() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), keys: Mutex::default() }
    }
}

impl Issuers {
    /// The keys of `issuer`. Fetches them if the cached ones are too old or do not contain the key `id`; the result may
    /// still lack it. The error says what went wrong.
    pub(super) async fn keys(&self, issuer: &str, id: &str, now_ms: i64) -> Result<Arc<JwkSet>, String> {
        let kept = self.keys.lock().get(issuer).cloned();
        if let Some((asked_ms, keys)) = kept
            && now_ms < asked_ms + KEPT_MS
            && keys.find(id).is_some()
        {
            return Ok(keys);
        }
        let keys = Arc::new(self.ask(issuer).await?);
        let mut all = self.keys.lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(issuer.to_owned(), (now_ms, Arc::clone(&keys)));
        Ok(keys)
    }

    async fn ask(&self, issuer: &str) -> Result<JwkSet, String> {
        let about = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let about: Value = serde_json::from_slice(&self.get(&about).await?)
            .map_err(|error| format!("{about} is not JSON: {error}"))?;
        let keys = about["jwks_uri"].as_str().ok_or("the issuer's openid-configuration has no jwks_uri")?;
        let document = self.get(keys).await?;
        serde_json::from_slice(&document).map_err(|error| format!("{keys} is no set of keys: {error}"))
    }

    async fn get(&self, url: &str) -> Result<Bytes, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{url} is no address: {error}"))?;
        if uri.scheme_str() != Some("http") || !is_this_machine(uri.host().unwrap_or_default()) {
            return Err(format!(
                "the embedded cloud fetches keys from this machine only (http://localhost or http://127.0.0.1), not from {url}"
            ));
        }
        let request = Request::get(uri).body(Empty::new()).map_err(|error| error.to_string())?;
        let answer = async {
            let answer = self.client.request(request).await.map_err(|error| format!("{url}: {error}"))?;
            if !answer.status().is_success() {
                return Err(format!("{url} answered {}", answer.status()));
            }
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            body.map(http_body_util::Collected::to_bytes).map_err(|error| format!("{url}: {error}"))
        };
        tokio::time::timeout(PATIENCE, answer)
            .await
            .map_err(|_| format!("{url} did not answer within {} s", PATIENCE.as_secs()))?
    }
}
