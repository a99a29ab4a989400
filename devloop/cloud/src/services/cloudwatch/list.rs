//! ListMetrics: lists the metrics.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    errors::{bad, bad_token, missing, too_many},
    put::Dimension,
    store::{Key, Store},
};
use crate::{context::Context, error::ApiError, wire};

/// The most metrics in one answer.
const PAGE: usize = 500;

/// Metrics without data for two weeks are not listed, in ms.
const FORGOTTEN: i64 = 14 * 86_400_000;
const RECENT: i64 = 3 * 3_600_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    dimensions: Vec<Dimension>,
    next_token: Option<String>,
    recently_active: Option<String>,
    #[serde(default, deserialize_with = "wire::boolean")]
    include_linked_accounts: Option<bool>,
    owning_account: Option<String>,
}

/// [ListMetrics, CloudWatch API reference]
pub(crate) fn list(store: &Store, cx: &Context, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let list: List = wire::read(input)?;
    if list.dimensions.len() > 10 {
        return Err(too_many("Dimensions", 10));
    }
    if let Some(index) = list.dimensions.iter().position(|filter| filter.name.is_none()) {
        return Err(missing(&format!("Dimensions.member.{}.Name", index + 1)));
    }
    let since_ms = match list.recently_active.as_deref() {
        None => now_ms - FORGOTTEN,
        Some("PT3H") => now_ms - RECENT,
        Some(_) => return Err(bad("The parameter RecentlyActive must be a value in the set [ PT3H ].")),
    };
    // All metrics are this account's.
    let is_mine = list.owning_account.as_deref().is_none_or(|account| account == &*cx.account);
    let after = list.next_token.as_deref().map(from_token).transpose()?;
    let (mut metrics, mut last, mut more) = (Vec::new(), None, false);
    store.walk(after.as_ref(), |key, metric| {
        if !is_mine || !list.wants(key) || metric.newest_ms() < since_ms {
            return true;
        }
        if metrics.len() == PAGE {
            more = true;
            return false;
        }
        metrics.push(key.describe());
        last = Some(key.clone());
        true
    });
    let mut output = Map::new();
    if list.include_linked_accounts == Some(true) {
        output.insert("OwningAccounts".to_owned(), vec![&*cx.account; metrics.len()].into());
    }
    output.insert("Metrics".to_owned(), metrics.into());
    if let Some(last) = last.filter(|_| more) {
        output.insert("NextToken".to_owned(), to_token(&last).into());
    }
    Ok(output.into())
}

impl List {
    fn wants(&self, key: &Key) -> bool {
        let same =
            |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
        same(&self.namespace, &key.namespace)
            && same(&self.metric_name, &key.name)
            && self.dimensions.iter().all(|filter| {
                key.dimensions.iter().any(|(name, value)| {
                    filter.name.as_deref() == Some(name.as_str()) && same(&filter.value, value)
                })
            })
    }
}

/// A token names the last metric of its page, so that metrics created between two calls do not move the next page.
fn to_token(key: &Key) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE};
    BASE64_URL_SAFE.encode(serde_json::json!([key.namespace, key.name, key.dimensions]).to_string())
}

fn from_token(token: &str) -> Result<Key, ApiError> {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE};
    let bytes = BASE64_URL_SAFE.decode(token).map_err(|_| bad_token())?;
    let (namespace, name, dimensions) = serde_json::from_slice(&bytes).map_err(|_| bad_token())?;
    Ok(Key { namespace, name, dimensions })
}
