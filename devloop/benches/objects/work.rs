//! The measurements.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hyper::Method;
use tokio::task::JoinHandle;

use crate::client::{Client, body_of};
use crate::options::Options;
use crate::side::{Kind, Side};

const MB: usize = 1 << 20;

/// The size of small objects and of parts, in bytes.
const SMALL: usize = 1 << 10;
const PART: usize = 16 * MB;

/// How many small objects one connection puts before it begins anew, and how many of them it gets: so few that the slowest program has
/// all of them.
const ROUND: usize = 1_000;
const KNOWN: usize = 20;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    PutSmall,
    GetSmall,
    PutLarge,
    GetLarge,
    List,
    Parts,
    Huge,
}

impl Work {
    /// All work for one side, in an order in which each finds what it needs.
    pub(crate) fn all(options: &Options, kind: Kind) -> Vec<Self> {
        let mut all =
            vec![Self::PutSmall, Self::GetSmall, Self::PutLarge, Self::GetLarge, Self::List, Self::Parts];
        if kind == Kind::Devloop && options.huge_mb > 0 {
            all.push(Self::Huge);
        }
        all
    }

    fn name(self) -> &'static str {
        match self {
            Self::PutSmall => "PUT small",
            Self::GetSmall => "GET small",
            Self::PutLarge => "PUT large",
            Self::GetLarge => "GET large",
            Self::List => "list",
            Self::Parts => "parts",
            Self::Huge => "PUT huge",
        }
    }

    /// The bucket that it works in.
    fn bucket(self) -> &'static str {
        match self {
            Self::PutSmall | Self::GetSmall => "small",
            Self::PutLarge | Self::GetLarge => "large",
            Self::List => "keys",
            Self::Parts | Self::Huge => "huge",
        }
    }

    /// The work of one connection. Returns its requests, and the bytes of objects or the keys of lists that it transferred.
    async fn run(
        self,
        options: &Options,
        client: &mut Client,
        own: usize,
        until: Instant,
    ) -> Result<(u64, u64)> {
        let bucket = self.bucket();
        let (mut requests, mut bytes) = (0, 0);
        match self {
            Self::PutSmall | Self::GetSmall => {
                let round = if self == Self::PutSmall { ROUND } else { KNOWN };
                while Instant::now() < until {
                    let path = format!("/{bucket}/{own}-{}", requests as usize % round);
                    if self == Self::PutSmall {
                        client.send(Method::PUT, &path, body_of(SMALL)).await?;
                    } else {
                        let answer = client.send(Method::GET, &path, body_of(0)).await?;
                        ensure!(answer.length == SMALL, "{path} has {} bytes", answer.length);
                    }
                    (requests, bytes) = (requests + 1, bytes + SMALL as u64);
                }
            }
            Self::PutLarge | Self::GetLarge => {
                let (path, size) = (format!("/{bucket}/{own}"), options.large_mb * MB);
                if self == Self::PutLarge {
                    client.send(Method::PUT, &path, body_of(size)).await?;
                } else {
                    let answer = client.send(Method::GET, &path, body_of(0)).await?;
                    ensure!(answer.length == size, "{path} has {} bytes", answer.length);
                }
                (requests, bytes) = (1, size as u64);
            }
            Self::List if own == 0 => {
                let mut token = None;
                loop {
                    let more = token.map(|token| format!("&continuation-token={token}")).unwrap_or_default();
                    let path = format!("/{bucket}?list-type=2&max-keys=1000{more}");
                    let page = client.send(Method::GET, &path, body_of(0)).await?.text;
                    (requests, bytes) = (requests + 1, bytes + page.matches("<Key>").count() as u64);
                    let Some(next) = between(&page, "<NextContinuationToken>") else { break };
                    token = Some(
                        percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC)
                            .to_string(),
                    );
                }
                ensure!(bytes == options.keys as u64, "{bytes} keys are listed");
            }
            Self::Huge if own == 0 => {
                client.send(Method::PUT, &format!("/{bucket}/one"), body_of(options.huge_mb * MB)).await?;
                (requests, bytes) = (1, (options.huge_mb * MB) as u64);
            }
            Self::List | Self::Huge | Self::Parts => {}
        }
        Ok((requests, bytes))
    }
}

fn between<'t>(text: &'t str, open: &str) -> Option<&'t str> {
    text.split(open).nth(1)?.split('<').next()
}

/// Runs every connection's share. Returns the sums of their results.
async fn together<F, R>(options: &Options, side: &Side, each: F) -> Result<(u64, u64)>
where
    F: Fn(Client, usize) -> R,
    R: Future<Output = Result<(u64, u64)>> + 'static,
{
    let mut running: Vec<JoinHandle<Result<(u64, u64)>>> = Vec::new();
    for own in 0..options.connections {
        let client = Client::connect(side.address()).await?;
        running.push(tokio::task::spawn_local(each(client, own)));
    }
    let mut sums = (0, 0);
    for one in running {
        let (requests, bytes) = one.await??;
        sums = (sums.0 + requests, sums.1 + bytes);
    }
    Ok(sums)
}

/// An upload in parts: each connection takes the next part until none is left.
async fn in_parts(options: &Options, side: &Side) -> Result<(u64, u64)> {
    let mut first = Client::connect(side.address()).await?;
    let begun = first.send(Method::POST, "/huge/parts?uploads", body_of(0)).await?.text;
    let id = between(&begun, "<UploadId>").context("no upload's id")?.to_owned();
    let count = (options.parts_mb * MB).div_ceil(PART);
    let (next, etags) = (Rc::new(Cell::new(0)), Rc::new(std::cell::RefCell::new(vec![String::new(); count])));
    let sums = together(options, side, |mut client, _| {
        let (next, etags, id) = (Rc::clone(&next), Rc::clone(&etags), id.clone());
        let total = options.parts_mb * MB;
        async move {
            let (mut requests, mut bytes) = (0, 0);
            while next.get() < count {
                let part = next.replace(next.get() + 1);
                let size = (total - part * PART).min(PART);
                let path = format!("/huge/parts?partNumber={}&uploadId={id}", part + 1);
                let answer = client.send(Method::PUT, &path, body_of(size)).await?;
                let etag = answer.headers.get("etag").context("a part without an ETag")?.to_str()?.to_owned();
                etags.borrow_mut()[part] = etag;
                (requests, bytes) = (requests + 1, bytes + size as u64);
            }
            Ok((requests, bytes))
        }
    })
    .await?;
    let list: String = etags
        .borrow()
        .iter()
        .enumerate()
        .map(|(index, etag)| {
            format!("<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag></Part>", index + 1)
        })
        .collect();
    let document = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
    let path = format!("/huge/parts?uploadId={id}");
    first.send(Method::POST, &path, crate::client::text(document)).await?;
    Ok(sums)
}

/// The measured values of one work.
pub(crate) struct Figures {
    requests: u64,
    bytes: u64,
    took: Duration,
    cpu: Duration,
    memory: u64,
    growth: u64,
}

impl Figures {
    /// Does the work.
    pub(crate) async fn of(work: Work, options: &Options, side: &Side) -> Result<Self> {
        let bucket = work.bucket();
        let mut client = Client::connect(side.address()).await?;
        if matches!(work, Work::PutSmall | Work::PutLarge | Work::List | Work::Parts) {
            client.send(Method::PUT, &format!("/{bucket}"), body_of(0)).await?;
        }
        if work == Work::GetSmall {
            let fill = |mut client: Client, own: usize| async move {
                for number in 0..KNOWN {
                    client.send(Method::PUT, &format!("/small/{own}-{number}"), body_of(SMALL)).await?;
                }
                Ok((0, 0))
            };
            together(options, side, fill).await?;
        }
        if work == Work::List {
            let each = options.keys.div_ceil(options.connections);
            let keys = options.keys;
            let fill = |mut client: Client, own: usize| async move {
                for key in (own * each..(own + 1) * each).take_while(|key| *key < keys) {
                    client.send(Method::PUT, &format!("/keys/{key:08}"), body_of(0)).await?;
                }
                Ok((0, 0))
            };
            together(options, side, fill).await?;
        }
        side.forget_peak();
        let (before, cpu, began) = (side.memory().0, side.cpu(), Instant::now());
        let until = began + Duration::from_secs(options.seconds);
        let (requests, bytes) = if work == Work::Parts {
            in_parts(options, side).await?
        } else {
            let options = Rc::new(options.clone());
            together(&options.clone(), side, |mut client, own| {
                let options = Rc::clone(&options);
                async move { work.run(&options, &mut client, own, until).await }
            })
            .await?
        };
        let took = began.elapsed();
        let (memory, peak) = side.memory();
        let cpu = side.cpu().saturating_sub(cpu);
        Ok(Self { requests, bytes, took, cpu, memory, growth: peak.saturating_sub(before) })
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.took.as_secs_f64()
    }

    /// A line of the table. Lists show keys a second instead of megabytes.
    pub(crate) fn row(&self, side: &str, work: Work) -> String {
        let amount = self.bytes as f64 / self.took.as_secs_f64();
        let amount = match work {
            Work::List => format!("{amount:.0} keys"),
            _ => format!("{:.1}", amount / MB as f64),
        };
        format!(
            "{side:<12}{:<12}{:>12.0}{amount:>12}{:>10.2}{:>10}{:>14}",
            work.name(),
            self.rate(),
            self.cpu.as_secs_f64(),
            self.memory,
            self.growth
        )
    }
}
