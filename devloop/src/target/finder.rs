//! Finds the functions in Lambda that run a binary.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::ApiError;
use crate::target::FunctionCode;
use crate::target::api::{Client, Deployed, Lambda, Stacks};

fn logical_ids<'a>(codes: &'a [FunctionCode], binary: &str) -> Vec<&'a str> {
    codes.iter().filter(|code| code.binary == binary).map(|code| code.logical_id.as_str()).collect()
}

/// The stacks of the workspace's templates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Each stack with its functions.
    pub(crate) stacks: Vec<(String, Vec<FunctionCode>)>,
}

impl Known {
    /// The functions in Lambda that run the binary: those of the templates' stacks, or else one of the binary's own name.
    pub(super) async fn find(&self, client: &Client, binary: &str) -> Result<Vec<Deployed>, ApiError> {
        let lambda = Lambda(client);
        let mut names = BTreeSet::new();
        for (stack, codes) in &self.stacks {
            let ids = logical_ids(codes, binary);
            if ids.is_empty() {
                continue;
            }
            if let Some(mut made) = Stacks(client).functions(stack).await? {
                names.extend(ids.into_iter().filter_map(|id| made.remove(id)));
            }
        }
        if names.is_empty() {
            names.insert(binary.to_owned());
        }
        let mut found = Vec::new();
        for name in names {
            found.extend(lambda.get(&name).await?);
        }
        Ok(found)
    }

    /// The outputs of the deployed stacks.
    pub(super) async fn outputs(&self, client: &Client) -> Result<BTreeMap<String, String>, ApiError> {
        let mut all = BTreeMap::new();
        for (stack, _) in &self.stacks {
            all.extend(Stacks(client).outputs(stack).await?.unwrap_or_default());
        }
        Ok(all)
    }

    /// The stack that has the binary, for error messages.
    pub(super) fn stack_of(&self, binary: &str) -> Option<&str> {
        let has = |codes: &Vec<FunctionCode>| codes.iter().any(|code| code.binary == binary);
        self.stacks.iter().find(|(_, codes)| has(codes)).map(|(stack, _)| stack.as_str())
    }
}
