//! A PostgreSQL server of a test's own, which ends when this is dropped. It has a thread of its own, so that tests with and without
//! an async runtime use it in the same way.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use local_postgres::{Cluster, PostgresError, Process};

/// An order to the thread.
enum Order {
    Crash,
    Resume(Vec<String>),
    Write(&'static str, String),
}

/// A server with an empty database.
pub(crate) struct Database {
    url: String,
    orders: Option<Sender<Order>>,
    /// Gets a message when an order is carried out: the path of a written file, or `None`.
    done: Receiver<Option<PathBuf>>,
    thread: Option<JoinHandle<()>>,
}

impl Database {
    /// Starts a server; without PostgreSQL on this machine the test does not run.
    pub(crate) fn start() -> Self {
        let (orders, inbox) = channel();
        let (told, done) = channel();
        let (ready, started) = channel();
        // The server ends with the thread that started it.
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let path = test_tools::path();
            let made = runtime.block_on(async {
                let cluster = Cluster::make(&std::env::temp_dir(), Some(&path)).await?;
                let process = cluster.start(None, &[]).await?;
                Ok((cluster, process))
            });
            match made {
                Ok((cluster, process)) => {
                    ready.send(Ok(cluster.url(process.port).as_str().to_owned())).unwrap();
                    runtime.block_on(serve(&cluster, process, &inbox, &told));
                }
                Err(error) => ready.send(Err(error)).unwrap(),
            }
        });
        let url = match started.recv().unwrap() {
            Ok(url) => url,
            Err(PostgresError::Missing | PostgresError::NoUser) => test_tools::not_run("PostgreSQL"),
            Err(error) => panic!("{error}"),
        };
        Self { url, orders: Some(orders), done, thread: Some(thread) }
    }

    /// Ends the server as a crash does; its data stay.
    pub(crate) fn stop(&mut self) {
        self.order(Order::Crash);
    }

    /// Starts the server again after [`stop`](Self::stop), with these settings.
    pub(crate) fn resume(&mut self, settings: &[&str]) {
        self.order(Order::Resume(settings.iter().map(|&setting| setting.to_owned()).collect()));
    }

    /// A file that the server can read.
    pub(crate) fn file(&self, name: &'static str, text: &str) -> PathBuf {
        self.order(Order::Write(name, text.to_owned())).unwrap()
    }

    /// The URL of the database, with its password.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Rows of a statement as `psql` prints them, without decoration.
    pub(crate) fn query(&self, statement: &str) -> Vec<String> {
        let output = test_tools::command("psql")
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, &self.url])
            .output()
            .unwrap();
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    fn order(&self, order: Order) -> Option<PathBuf> {
        self.orders.as_ref().unwrap().send(order).unwrap();
        self.done.recv().expect("the server could not do what it was told")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Carries out orders until there are no more, then ends the server.
async fn serve(
    cluster: &Cluster,
    process: Process,
    orders: &Receiver<Order>,
    told: &Sender<Option<PathBuf>>,
) {
    let port = process.port;
    let mut running = Some(process);
    for order in orders {
        let written = match order {
            Order::Crash => {
                if let Some(process) = running.take() {
                    process.crash().await;
                }
                None
            }
            Order::Resume(settings) => {
                let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
                running = Some(cluster.start(Some(port), &settings).await.unwrap());
                None
            }
            Order::Write(name, text) => Some(cluster.secret(name, &text).unwrap()),
        };
        told.send(written).unwrap();
    }
    if let Some(process) = running.take() {
        process.stop().await;
    }
}
