//! Long work that may not hold up other requests.

use serde::Deserialize;
use serde_json::Value;

/// Work on this many bytes goes aside: parsing a megabyte of JSON takes a few milliseconds, and of many tiny values ten
/// times as long.
pub(crate) const LARGE: usize = 256 << 10;

/// Work on each value of this many bytes of items goes aside: they may have a value for every two bytes, and a condition or a projection
/// over them then takes milliseconds.
pub(crate) const LARGE_ITEMS: usize = 32 << 10;

/// Runs `work`, which takes long, without holding up other requests: a runtime with several threads moves this thread's
/// other tasks to another thread.
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    #[cfg(test)]
    tests::count();
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(work)
        }
        _ => work(),
    }
}

/// Runs `work`, and if it takes long, without holding up other requests.
pub(crate) fn aside_if<T>(long: bool, work: impl FnOnce() -> T) -> T {
    if long { aside(work) } else { work() }
}

/// Reads a JSON document; a large one, without holding up other requests.
pub(crate) fn from_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> serde_json::Result<T> {
    aside_if(bytes.len() > LARGE, || serde_json::from_slice(bytes))
}

/// Drops something large without holding up other requests, on a thread where blocking is allowed.
pub(crate) fn drop_aside<T: Send + 'static>(gone: T) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(gone))),
        Err(_) => drop(gone),
    }
}

/// Whether the text of a document takes about [`LARGE`] bytes or more. Looks at no more of it than it must.
pub(crate) fn is_large(document: &Value) -> bool {
    /// What each value counts besides its text: about the bytes that take as long to write.
    const EACH: usize = 16;
    fn rest(value: &Value, left: usize) -> Option<usize> {
        let left = left.checked_sub(EACH)?;
        match value {
            Value::String(text) => left.checked_sub(text.len()),
            Value::Array(values) => values.iter().try_fold(left, |left, value| rest(value, left)),
            Value::Object(members) => members
                .iter()
                .try_fold(left, |left, (name, value)| rest(value, left.checked_sub(name.len())?)),
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(left),
        }
    }
    rest(document, LARGE).is_none()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{cell::Cell, sync::mpsc, thread, time::Duration};

    use serde_json::json;

    use super::{LARGE, aside, drop_aside, is_large};

    thread_local! {
        static ASIDE: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count() {
        ASIDE.set(ASIDE.get() + 1);
    }

    /// How often work of this thread went aside until now.
    pub(crate) fn times() -> usize {
        ASIDE.get()
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_other_tasks_of_a_thread_go_on_while_its_work_is_aside() {
        let (tell, told) = mpsc::channel();
        let waiting = tokio::spawn(async move { aside(|| told.recv_timeout(PATIENCE)) });
        let telling = tokio::spawn(async move { tell.send(()) });
        assert_eq!(waiting.await.unwrap(), Ok(()));
        telling.await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn something_large_is_dropped_on_another_thread() {
        struct Large(mpsc::Sender<thread::ThreadId>);
        impl Drop for Large {
            fn drop(&mut self) {
                let _ = self.0.send(thread::current().id());
            }
        }
        let (tell, told) = mpsc::channel();
        drop_aside(Large(tell));
        assert_ne!(told.recv_timeout(PATIENCE).unwrap(), thread::current().id());
    }

    #[test]
    fn a_document_is_large_by_its_texts_or_by_its_number_of_values() {
        let long = "a".repeat(LARGE);
        assert!(is_large(&json!(long)));
        assert!(is_large(&json!({ "Items": [{ "a": { "S": long } }] })));
        assert!(is_large(&json!({ long: 1 })));
        assert!(is_large(&json!(vec![0; LARGE / 8])));
        assert!(!is_large(&json!({ "Items": [{ "a": { "S": "a".repeat(LARGE / 2) } }], "Count": 1 })));
        assert!(!is_large(&json!(null)));
    }
}
