//! Rules, read from their table and kept for a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use xml_model::Rule;

use crate::objects::Fault;

/// How long a rule is used before it is read again.
const KEPT: Duration = Duration::from_secs(60);

/// The tables of rules.
pub trait Source {
    /// The rule `id` of `table`; `None` when it is not there.
    fn rule(&self, table: &str, id: u64) -> impl Future<Output = Result<Option<Value>, Fault>>;

    /// Stores the rule `id` unless there is one.
    fn store(&self, table: &str, id: u64, rule: &Value) -> impl Future<Output = Result<(), Fault>>;
}

type Kept = HashMap<(String, u64), (Instant, Arc<Rule>)>;

/// The rules of an environment.
#[derive(Debug)]
pub struct Rules<S> {
    source: S,
    /// Whether the reference's rule is stored as number 1 of a table that has none.
    stores_reference: bool,
    kept: Mutex<Kept>,
}

impl<S: Source> Rules<S> {
    /// Rules of `source`.
    pub fn new(source: S, stores_reference: bool) -> Self {
        Self { source, stores_reference, kept: Mutex::default() }
    }

    /// The rule `id` of `table`.
    pub async fn get(&self, table: &str, id: u64) -> Result<Arc<Rule>, Fault> {
        let place = (table.to_owned(), id);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        if let Some((read, rule)) = kept
            && read.elapsed() < KEPT
        {
            return Ok(rule);
        }
        let document = match self.source.rule(table, id).await? {
            Some(document) => document,
            None if id == 1 && self.stores_reference => {
                let reference = Rule::reference();
                self.source.store(table, id, &reference).await?;
                reference
            }
            None => return Err(Fault::Rules(format!("{table} has no rule {id}"))),
        };
        let rule = Rule::from_json(&document);
        let rule = Arc::new(rule.map_err(|error| Fault::Rules(format!("rule {id} of {table}: {error}")))?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(place, (Instant::now(), Arc::clone(&rule)));
        Ok(rule)
    }
}
