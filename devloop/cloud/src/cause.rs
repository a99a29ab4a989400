//! Which invocations a piece of work comes from: carried with the task that does it, kept with the records and messages that it writes,
//! and handed on with the batch that a function gets of them. It changes nothing; `devloop invoke --follow` reads it.

use std::{future::Future, sync::Arc};

/// The roots of the traces that work belongs to, as `Root=` of the trace header names them.
pub(crate) type Causes = Arc<[Arc<str>]>;

tokio::task_local! {
    static CAUSES: Causes;
}

/// The causes of the running task; empty for a client's request.
pub(crate) fn current() -> Causes {
    CAUSES.try_with(Arc::clone).unwrap_or_default()
}

/// The first cause of the running task, which is stored with a record that it writes.
pub(crate) fn first() -> Option<Arc<str>> {
    CAUSES.try_with(|causes| causes.first().cloned()).ok().flatten()
}

/// Does the work with these causes.
pub(crate) async fn within<T>(causes: Causes, work: impl Future<Output = T>) -> T {
    if causes.is_empty() { work.await } else { CAUSES.scope(causes, work).await }
}

/// Work for another task, with the causes of this task.
pub(crate) fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    within(current(), work)
}

/// The causes of a batch, each once.
pub(crate) fn of_all<'a>(records: impl Iterator<Item = Option<&'a Arc<str>>>) -> Causes {
    let mut causes: Vec<Arc<str>> = records.flatten().cloned().collect();
    causes.sort();
    causes.dedup();
    causes.into()
}

/// The root in a trace header, such as `1-67891233-abcdef012345678912345678` [AWS X-Ray, Tracing header].
pub(crate) fn root(header: &str) -> Option<Arc<str>> {
    header.split(';').find_map(|part| part.trim().strip_prefix("Root=")).map(Arc::from)
}

/// The trace header of a request that came without one at `at_ms`, in ms since the epoch. Its root begins with that time, in
/// seconds in hexadecimal [Elastic Load Balancing and AWS X-Ray: X-Ray trace ID format].
pub(crate) fn new_trace(at_ms: i64) -> String {
    let random = rand::random::<u128>() >> 32;
    format!("Root=1-{:08x}-{random:024x}", at_ms / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_trace_begins_with_its_time_in_hexadecimal() {
        // The example of X-Ray's page: 10:00 AM on December 1, 2016, in Pacific time.
        let header = new_trace(1_480_615_200_999);
        let root = root(&header).unwrap();
        assert!(root.starts_with("1-58406520-") && root.len() == 35, "{header}");
        assert_ne!(header, new_trace(1_480_615_200_999));
    }

    #[tokio::test]
    async fn causes_go_with_the_work_and_into_other_tasks() {
        assert!(current().is_empty() && first().is_none());
        let root = root("Parent=1;Root=1-a-b;Sampled=0").unwrap();
        within([Arc::clone(&root)].into(), async {
            assert_eq!(first(), Some(Arc::clone(&root)));
            assert_eq!(tokio::spawn(carried(async { first() })).await.unwrap(), Some(Arc::clone(&root)));
            assert_eq!(tokio::spawn(async { first() }).await.unwrap(), None);
        })
        .await;
        let causes = of_all([Some(&root), None, Some(&root)].into_iter());
        assert_eq!(causes.len(), 1);
    }
}
