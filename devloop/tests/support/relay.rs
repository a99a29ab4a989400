//! A relay to a server that keeps one answer back: the request is carried out, but the client does not learn of it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Connections that stay open, so that the client goes on waiting.
static HELD: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());

/// The relay; it serves until the test's process ends.
pub struct Relay {
    pub endpoint: String,
    kept_back: Receiver<()>,
}

impl Relay {
    /// Passes everything on to the server, except the answer to the first request with this method and end of the path.
    pub fn keeping_back(server: SocketAddr, method: &'static str, path_end: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, kept_back) = channel();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                pass(
                    client.unwrap(),
                    TcpStream::connect(server).unwrap(),
                    (method, path_end),
                    sender.clone(),
                );
            }
        });
        Self { endpoint, kept_back }
    }

    /// Waits until the server has answered, and the answer was kept back.
    pub fn wait(&self, patience: Duration) {
        self.kept_back.recv_timeout(patience).expect("the request is made, and answered");
    }
}

fn pass(
    mut client: TcpStream,
    mut server: TcpStream,
    (method, path_end): (&'static str, &'static str),
    kept_back: Sender<()>,
) {
    let awaited = Arc::new(AtomicBool::new(false));
    let (mut to_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let asked = Arc::clone(&awaited);
    std::thread::spawn(move || {
        let mut chunk = [0; 16 << 10];
        while let Ok(read @ 1..) = client.read(&mut chunk) {
            let head = String::from_utf8_lossy(&chunk[..read.min(1024)]).into_owned();
            let line = head.lines().next().unwrap_or_default();
            if line.starts_with(method) && line.contains(path_end) {
                asked.store(true, Ordering::SeqCst);
            }
            if to_server.write_all(&chunk[..read]).is_err() {
                return;
            }
        }
        let _ = to_server.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let mut chunk = [0; 16 << 10];
        while let Ok(read @ 1..) = server.read(&mut chunk) {
            if awaited.load(Ordering::SeqCst) {
                let _ = kept_back.send(());
                HELD.lock().unwrap().push(to_client);
                return;
            }
            if to_client.write_all(&chunk[..read]).is_err() {
                return;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
}
