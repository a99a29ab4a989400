//! How long anybody else has to wait while the cloud does what takes long: unpacks a package of many entries, reads a body of tens of
//! megabytes, meets a pipe in the place of a binary, or looks at much of what it keeps. `devloop/benches/README.md` says how to run this and holds results.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

#[path = "patience/stores.rs"]
mod stores;

use std::{
    error::Error,
    io::Cursor,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::{Cloud, Options};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The longest that anybody may have to wait.
const LIMIT: Duration = Duration::from_millis(50);

/// Packages of so many entries: the most that is unpacked, and far more.
const ENTRIES: [usize; 2] = [65_000, 300_000];

fn main() -> Outcome<()> {
    // As in a session on two cores: the cloud has one worker.
    let cloud = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = cloud.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let address = listener.local_addr()?.to_string();
    let serving = Cloud::new(Options::default());
    let looks = cloud.block_on(async {
        stores::fill(&serving).await?;
        stores::requests(&serving).await
    })?;
    cloud.spawn(async move { serving.serve(listener, std::future::pending()).await });

    let folder = tempfile::tempdir()?;
    let pipe = folder.path().join("bootstrap");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status()?;
    if !made.success() {
        return Err("mkfifo failed".into());
    }
    let create = |name: &str, code: Value| {
        let input = json!({
            "FunctionName": name, "Role": "r", "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": code,
        });
        request("/2015-03-31/functions", &input.to_string())
    };
    let mut steps: Vec<(String, Vec<u8>)> = Vec::new();
    for entries in ENTRIES {
        let package = BASE64_STANDARD.encode(zip(entries)?);
        let title = format!("a package of {entries} entries, {} MB", package.len() >> 20);
        steps.push((title, create(&format!("z{entries}"), json!({ "ZipFile": package }))));
    }
    let nonsense = BASE64_STANDARD.encode(vec![7; 50 << 20]);
    steps.push(("a package of 50 MB that is no zip".to_owned(), create("n", json!({ "ZipFile": nonsense }))));
    let hot = json!({ "S3Bucket": "hot-reload", "S3Key": folder.path() });
    steps.push(("a function whose binary is a pipe".to_owned(), create("p", hot)));
    steps.push(("its call".to_owned(), request("/2015-03-31/functions/p/invocations", "{}")));
    steps.extend(looks);

    println!("{:<46}{:>8}{:>10}{:>10}{:>14}", "", "status", "took ms", "others", "longest wait");
    let mut worst = Duration::ZERO;
    for (title, request) in steps {
        let (status, took, others, longest) = beside_another(&address, request)?;
        worst = worst.max(longest);
        println!("{title:<46}{status:>8}{:>10}{others:>10}{:>14.1?}", took.as_millis(), longest);
    }
    if worst > LIMIT {
        Err(format!("somebody waited {worst:?}, longer than {LIMIT:?}").into())
    } else {
        Ok(())
    }
}

fn zip(entries: usize) -> Outcome<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for number in 0..entries {
        writer.start_file(number.to_string(), options)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn request(path: &str, body: &str) -> Vec<u8> {
    post(path, "content-type: application/json", body)
}

/// A call of an operation that a header names.
fn call(target: &str, body: &str) -> Vec<u8> {
    post("/", &format!("content-type: application/x-amz-json-1.1\r\nx-amz-target: {target}"), body)
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Sends the request, and from another thread asks for the health page until the answer is there. Tells the answer's status and time,
/// how many others were answered meanwhile, and the longest that one of them waited.
fn beside_another(address: &str, request: Vec<u8>) -> Outcome<(String, Duration, usize, Duration)> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            block_on(async {
                let mut connection = TcpStream::connect(address).await?;
                let (mut count, mut longest) = (0, Duration::ZERO);
                while !done.load(Ordering::Acquire) {
                    let began = Instant::now();
                    ask(&mut connection, b"GET /_localstack/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
                        .await?;
                    longest = longest.max(began.elapsed());
                    count += 1;
                }
                Ok((count, longest))
            })
        });
        let began = Instant::now();
        let answer = block_on(async { ask(&mut TcpStream::connect(address).await?, &request).await });
        let took = began.elapsed();
        done.store(true, Ordering::Release);
        let (count, longest) = other.join().map_err(|_| "the other client panicked")??;
        Ok((answer?, took, count, longest))
    })
}

fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// One request and its answer's status.
async fn ask(connection: &mut TcpStream, request: &[u8]) -> Outcome<String> {
    connection.write_all(request).await?;
    let mut answer = Vec::new();
    loop {
        if connection.read_buf(&mut answer).await? == 0 {
            return Err("the cloud closed the connection".into());
        }
        let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end])?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if answer.len() >= end + 4 + length.ok_or("an answer without a length")?.parse::<usize>()? {
            return Ok(head.split(' ').nth(1).unwrap_or_default().to_owned());
        }
    }
}
