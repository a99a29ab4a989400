//! Schedules of which none is due: the processor time and the wake-ups of a cloud that has them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::aws::Aws;
use crate::queues::Queue;
use crate::side::Side;
use crate::usage::{Moment, used};

/// How many rules and how many of Scheduler's schedules there are, half of them with a rate.
const OF_EACH: usize = 100;

/// What is scheduled, in a table.
pub(crate) const WHAT: &str = "100 rules, 100 schedules";

/// The wait for work that the set-up has caused, which is not measured.
const SETTLED: Duration = Duration::from_secs(2);

/// What a cloud used in a while.
#[derive(Debug)]
pub(crate) struct Rest {
    /// Processor time as a share of one core.
    pub(crate) share: f64,
    /// How often its threads waited, a second.
    waits: f64,
    memory_mb: f64,
}

impl Rest {
    /// A line of the table.
    pub(crate) fn row(&self, name: &str) -> String {
        let Self { share, waits, memory_mb } = self;
        format!(
            "{name:<26}{:>7.3} % of a core,{waits:>6.1} waits a second,{memory_mb:>5.0} MB",
            share * 100.0
        )
    }
}

/// Measures the cloud's process for this many seconds.
pub(crate) async fn measure(side: &Side, seconds: u64) -> Result<Rest> {
    sleep(SETTLED).await;
    let process = side.process.as_raw_nonzero().get().unsigned_abs();
    let (began, before) = (Instant::now(), Moment::read(Some(process)).cloud);
    sleep(Duration::from_secs(seconds)).await;
    let (elapsed, after) = (began.elapsed(), Moment::read(Some(process)).cloud);
    let all = used(before, after, after, elapsed).context("read what devloop used")?;
    let waits = all.waits.context("this system does not count waits")?;
    Ok(Rest { share: all.cpu_share, waits: waits as f64 / elapsed.as_secs_f64(), memory_mb: all.rss_mb })
}

/// Rules and schedules, and the queue that all of them send to.
pub(crate) struct Schedules<'a> {
    aws: &'a Aws,
    queue: Queue,
}

/// How many of them send something as soon as they are made: Scheduler's schedules with a rate and no start date.
const AT_ONCE: usize = OF_EACH / 2;

/// Makes rules and schedules for each minute and for 3 a.m., and waits for what they send at once.
pub(crate) async fn schedule(aws: &Aws) -> Result<Schedules<'_>> {
    let queue = Queue::create(aws, "due").await?;
    for number in 0..OF_EACH {
        let name = format!("s-{number}");
        let expression = if number.is_multiple_of(2) { "rate(1 minute)" } else { "cron(0 3 * * ? *)" };
        let rule = json!({ "Name": name, "ScheduleExpression": expression });
        aws.json("events", "AWSEvents.PutRule", rule).await?;
        let targets = json!({ "Rule": name, "Targets": [{ "Id": "queue", "Arn": queue.arn }] });
        aws.json("events", "AWSEvents.PutTargets", targets).await?;
        let schedule = json!({
            "ScheduleExpression": expression, "FlexibleTimeWindow": { "Mode": "OFF" },
            "Target": { "Arn": queue.arn, "RoleArn": "arn:aws:iam::000000000000:role/schedules" },
        });
        aws.rest(Method::POST, &format!("/schedules/{name}"), "scheduler", schedule).await?;
    }
    queue.has(aws, AT_ONCE).await?;
    Ok(Schedules { aws, queue })
}

impl Schedules<'_> {
    /// Checks that nothing became due since, so that what was measured was rest.
    pub(crate) async fn have_not_fired(&self) -> Result<()> {
        let sent = self.queue.count(self.aws).await?;
        ensure!(sent == AT_ONCE, "{} schedules became due while the cloud was measured", sent - AT_ONCE);
        Ok(())
    }
}
