//! All event source mappings, by region: creating, changing, listing and deleting them.

use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::Mutex;

use super::{
    kind::Kind,
    mapping::{Mapping, Plan, function_name},
    outside::Outside,
    queues::{self, Feeder},
    settings::{Options, Settings, invalid},
    status::MappingStatus,
    streams::Supervisor,
};
use crate::{clock::Clock, context::Context, error::ApiError, regional::Regional, source::Source};

/// The mappings of all regions. Dropping this stops their tasks.
#[derive(Debug)]
pub(crate) struct Mappings<O: Outside> {
    clock: Clock,
    outside: Arc<O>,
    regions: Regional<Region>,
}

/// The mappings of one region by UUID, in the order of creation.
#[derive(Debug, Default)]
struct Region(Mutex<Made>);

#[derive(Debug, Default)]
struct Made {
    mappings: IndexMap<String, Arc<Mapping>>,
    next: u64,
}

/// The filter and the page of [`Mappings::list`].
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) source_arn: Option<String>,
    /// A function by name, partial ARN or ARN.
    pub(crate) function: Option<String>,
    /// The number of the first mapping of this page.
    pub(crate) from: u64,
    pub(crate) limit: usize,
}

impl<O: Outside> Mappings<O> {
    /// A collection without mappings.
    pub(crate) fn new(clock: Clock, outside: Arc<O>) -> Self {
        Self { clock, outside, regions: Regional::default() }
    }

    /// Creates a mapping. When this returns, its starting position is fixed: records that are put later are not missed.
    pub(crate) fn create(&self, cx: &Context, options: Options) -> Result<Arc<Mapping>, ApiError> {
        let Some(source_arn) = options.event_source_arn.clone().filter(|arn| !arn.is_empty()) else {
            return Err(invalid("Unrecognized event source."));
        };
        let kind = Kind::of(&source_arn)?;
        let now_ms = self.clock.now_ms();
        let start = options.start(kind, &source_arn, now_ms)?;
        let settings = options.applied_to(&defaults(kind))?;
        check(kind, &settings, &source_arn)?;
        let function_arn = self.function_arn(cx, options.function_name.as_deref())?;
        let plan = Plan { enabled: options.enabled.unwrap_or(true), function_arn, settings };
        let region = self.regions.of(&cx.region);
        let mut made = region.0.lock();
        made.check_conflict(&source_arn, &plan.function_arn, None)?;
        let about = (kind, source_arn, start);
        let mapping =
            Mapping::new(cx.clone(), made.next, about, plan, options.tags.unwrap_or_default(), now_ms);
        let mapping = Arc::new(mapping);
        self.launch(&mapping, &cx.region)?;
        made.next += 1;
        made.mappings.insert(mapping.uuid.clone(), Arc::clone(&mapping));
        Ok(mapping)
    }

    /// Changes a mapping's options. Reading continues where it was.
    pub(crate) fn update(
        &self,
        cx: &Context,
        uuid: &str,
        options: &Options,
    ) -> Result<Arc<Mapping>, ApiError> {
        let mapping = self.get(cx, uuid)?;
        let function_arn = match options.function_name.as_deref() {
            None => None,
            function => Some(self.function_arn(cx, function)?),
        };
        let region = self.regions.of(&cx.region);
        let made = region.0.lock();
        let mut plan = Plan::clone(&mapping.plan());
        plan.settings = options.applied_to(&plan.settings)?;
        check(mapping.kind, &plan.settings, &mapping.source_arn)?;
        plan.enabled = options.enabled.unwrap_or(plan.enabled);
        if let Some(function_arn) = function_arn {
            made.check_conflict(&mapping.source_arn, &function_arn, Some(uuid))?;
            plan.function_arn = function_arn;
        }
        // A mapping whose stream was deleted looks for a new stream with the same name.
        if plan.enabled && !mapping.is_running() {
            self.launch(&mapping, &cx.region)?;
        }
        mapping.replan(plan, self.clock.now_ms());
        Ok(mapping)
    }

    /// Deletes a mapping and ends its delivery.
    pub(crate) fn delete(&self, cx: &Context, uuid: &str) -> Result<Arc<Mapping>, ApiError> {
        let removed = self.regions.of(&cx.region).0.lock().mappings.shift_remove(uuid);
        let mapping = removed.ok_or_else(not_found)?;
        mapping.stop();
        Ok(mapping)
    }

    /// The mapping with this UUID.
    pub(crate) fn get(&self, cx: &Context, uuid: &str) -> Result<Arc<Mapping>, ApiError> {
        self.regions.of(&cx.region).0.lock().mappings.get(uuid).cloned().ok_or_else(not_found)
    }

    /// A page of mappings, and the number with which the next page starts.
    pub(crate) fn list(&self, cx: &Context, filter: &Filter) -> (Vec<Arc<Mapping>>, Option<u64>) {
        let region = self.regions.of(&cx.region);
        let made = region.0.lock();
        let mut matching = made.from(filter.from).filter(|mapping| filter.fits(mapping));
        let page: Vec<Arc<Mapping>> = matching.by_ref().take(filter.limit).cloned().collect();
        let next = matching.next().map(|mapping| mapping.number);
        (page, next)
    }

    /// The mappings of every region, for `devloop status`.
    pub(crate) fn snapshot(&self) -> Vec<MappingStatus> {
        let now_ms = self.clock.now_ms();
        self.all().iter().map(|mapping| mapping.status(now_ms)).collect()
    }

    /// Makes waiting retries of the function's mappings run now, because the function has changed.
    pub(crate) fn nudge(&self, function: &str) {
        let name = function_name(function);
        for mapping in self.all() {
            if mapping.plan().function_name() == name {
                mapping.nudge();
            }
        }
    }

    /// Ends all deliveries. Invocations in progress are not awaited, and their results are ignored.
    pub(crate) async fn stop(&self) {
        let tasks: Vec<_> = self.all().iter().filter_map(|mapping| mapping.stop()).collect();
        for task in tasks {
            // An aborted task returns an error, which is expected here.
            let _ = task.await;
        }
    }

    fn all(&self) -> Vec<Arc<Mapping>> {
        let regions = self.regions.all();
        regions
            .iter()
            .flat_map(|(_, region)| region.0.lock().mappings.values().cloned().collect::<Vec<_>>())
            .collect()
    }

    fn function_arn(&self, cx: &Context, function: Option<&str>) -> Result<String, ApiError> {
        let Some(function) = function else {
            return Err(ApiError::missing_member("functionName"));
        };
        self.outside.function_arn(cx, function).map_err(|error| match error.code.as_ref() {
            "ResourceNotFoundException" => invalid("Function does not exist"),
            _ => error,
        })
    }

    /// Opens the mapping's source and starts the delivering task.
    fn launch(&self, mapping: &Arc<Mapping>, region: &str) -> Result<(), ApiError> {
        let arn = &mapping.source_arn;
        let missing = |error: ApiError| match error.code.as_ref() {
            "ResourceNotFoundException" => invalid(format!("Stream not found: {arn}")),
            _ => error,
        };
        match mapping.kind {
            Kind::Kinesis if mapping.stream_arn() != arn => {
                self.start(mapping, self.outside.consumer(region, arn).map_err(missing)?);
            }
            Kind::Kinesis => self.start(mapping, self.outside.kinesis(region, arn).map_err(missing)?),
            Kind::DynamoDb => self.start(mapping, self.outside.dynamodb(region, arn).map_err(missing)?),
            Kind::Sqs => {
                let queue = self.outside.sqs().queue(region, arn).map_err(|_| {
                    invalid("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. \
                             SQS Error Message: The specified queue does not exist.")
                })?;
                let outside = Arc::clone(&self.outside);
                let feeder = Feeder::new(Arc::clone(mapping), queue, outside, self.clock.clone());
                mapping.runs(tokio::spawn(feeder.run()));
            }
        }
        Ok(())
    }

    fn start<S: Source>(&self, mapping: &Arc<Mapping>, source: Arc<S>) {
        let outside = Arc::clone(&self.outside);
        let supervisor = Supervisor::new(Arc::clone(mapping), source, outside, self.clock.clone());
        mapping.runs(tokio::spawn(supervisor.run()));
    }
}

/// The default options of a new mapping.
fn defaults(kind: Kind) -> Settings {
    match kind {
        Kind::Sqs => queues::defaults(),
        Kind::Kinesis | Kind::DynamoDb => Settings::default(),
    }
}

/// Refuses options that a mapping of this kind cannot have.
fn check(kind: Kind, settings: &Settings, source_arn: &str) -> Result<(), ApiError> {
    match kind {
        Kind::Sqs => queues::check(settings, source_arn),
        Kind::Kinesis | Kind::DynamoDb if settings.concurrency.is_some() => {
            Err(invalid("ScalingConfig is only supported for Amazon SQS event sources."))
        }
        Kind::Kinesis | Kind::DynamoDb => Ok(()),
    }
}

impl<O: Outside> Drop for Mappings<O> {
    fn drop(&mut self) {
        for mapping in self.all() {
            mapping.stop();
        }
    }
}

impl Made {
    /// Refuses a second mapping from the same source to the same function.
    fn check_conflict(
        &self,
        source_arn: &str,
        function_arn: &str,
        but: Option<&str>,
    ) -> Result<(), ApiError> {
        let twin = self.mappings.values().find(|mapping| {
            mapping.source_arn == source_arn
                && mapping.plan().function_arn == function_arn
                && Some(mapping.uuid.as_str()) != but
        });
        let Some(twin) = twin else { return Ok(()) };
        Err(ApiError::with_status(
            409,
            "ResourceConflictException",
            format!(
                "The event source arn (\" {source_arn} \") and function (\" {} \") provided mapping already exists. Please \
                 update or delete the existing mapping with UUID {}",
                function_name(function_arn),
                twin.uuid
            ),
        ))
    }

    /// The mappings from this number on.
    fn from(&self, number: u64) -> impl Iterator<Item = &Arc<Mapping>> {
        let begin = self.mappings.binary_search_by(|_, mapping| mapping.number.cmp(&number));
        self.mappings.values().skip(begin.unwrap_or_else(|after| after))
    }
}

impl Filter {
    fn fits(&self, mapping: &Mapping) -> bool {
        let source = self.source_arn.as_ref().is_none_or(|arn| *arn == mapping.source_arn);
        source && self.function.as_ref().is_none_or(|function| names(function, &mapping.plan().function_arn))
    }
}

/// Whether a reference means the function with this ARN. Without a qualifier it means all versions of the function.
fn names(reference: &str, function_arn: &str) -> bool {
    let qualifier = |text: &str| {
        let rest = text.rsplit_once("function:").map_or(text, |(_, rest)| rest);
        rest.split_once(':').map(|(_, qualifier)| qualifier.to_owned())
    };
    function_name(reference) == function_name(function_arn)
        && qualifier(reference).is_none_or(|wanted| qualifier(function_arn).as_deref() == Some(&wanted))
}

fn not_found() -> ApiError {
    ApiError::with_status(404, "ResourceNotFoundException", "The resource you requested does not exist.")
}
