//! The operations on rules, and what a rule does when its schedule is due or an event matches.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    buses::tags_in,
    event::{Carried, Event},
    put::deliver,
    schedule::{Expression, Timer},
    service::{EventBridge, missing},
    store::{Bus, DEFAULT, MOST_RULES, Rule},
};
use crate::{context::Context, error::ApiError, event_pattern::Pattern};

/// The name of the bus in an input.
pub(super) fn bus_name(input: &Value) -> &str {
    input["EventBusName"].as_str().unwrap_or(DEFAULT)
}

/// A page of a list, by `Limit` and `NextToken`. The token is the number of items on the pages before it.
pub(super) fn paged(input: &Value, name: &str, items: Vec<Value>) -> Result<Value, ApiError> {
    let start = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| ApiError::validation("The token is invalid."))?,
    };
    let limit = input["Limit"].as_u64().unwrap_or(100).clamp(1, 100) as usize;
    let next = (start + limit < items.len()).then(|| (start + limit).to_string());
    let mut page = json!({ name: items.into_iter().skip(start).take(limit).collect::<Vec<_>>() });
    if let Some(next) = next {
        page["NextToken"] = next.into();
    }
    Ok(page)
}

/// The rule that the input's member `member` names.
pub(super) fn rule(
    service: &EventBridge,
    cx: &Context,
    input: &Value,
    member: &str,
) -> Result<Arc<Rule>, ApiError> {
    let bus = service.bus(cx, bus_name(input))?;
    let name =
        input[member].as_str().ok_or_else(|| ApiError::validation(format!("{member} must be given")))?;
    let found = bus.rules.read().get(name).cloned();
    found.ok_or_else(|| missing(format!("Rule {name} does not exist on EventBus {}.", bus.name)))
}

/// `PutRule`. An existing rule gets new settings and keeps its targets and tags.
pub(super) fn put(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let bus = service.bus(cx, bus_name(input))?;
    let text = |name: &str| input[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let name = text("Name").ok_or_else(|| ApiError::validation("Name must be given"))?;
    let valid = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if !valid {
        return Err(ApiError::validation(format!(
            "`{name}` is no name of a rule: [\\.\\-_A-Za-z0-9]+, 64 at most"
        )));
    }
    let pattern = text("EventPattern").map(|text| {
        let pattern = Pattern::parse(&text).map_err(|error| {
            ApiError::client(
                "InvalidEventPatternException",
                format!("Event pattern is not valid. Reason: {error}"),
            )
        })?;
        Ok::<_, ApiError>((text, pattern))
    });
    let schedule = text("ScheduleExpression").map(|text| {
        let read = Expression::of_rule(&text);
        let read = read.ok().filter(|read| !matches!(read, Expression::At(_)));
        let read = read.ok_or_else(|| ApiError::validation("Parameter ScheduleExpression is not valid."))?;
        Ok::<_, ApiError>((text, read))
    });
    let (pattern, schedule) = (pattern.transpose()?, schedule.transpose()?);
    if pattern.is_none() && schedule.is_none() {
        return Err(ApiError::validation(
            "Parameter(s) EventPattern or ScheduleExpression must be specified.",
        ));
    }
    if schedule.is_some() && bus.name != DEFAULT {
        return Err(ApiError::validation("ScheduleExpression is supported only on the default event bus."));
    }
    let is_enabled = match text("State").as_deref() {
        None | Some("ENABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => true,
        Some("DISABLED") => false,
        Some(other) => {
            return Err(ApiError::validation(format!("State must be ENABLED or DISABLED, not {other}")));
        }
    };
    let path = if bus.name == DEFAULT { name.clone() } else { format!("{}/{name}", bus.name) };
    let arn = cx.arn("events", &format!("rule/{path}"));
    let mut rules = bus.rules.write();
    let old = rules.get(&name).cloned();
    if old.is_none() && rules.len() >= MOST_RULES {
        return Err(ApiError::client(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ));
    }
    let tags = match &old {
        Some(old) => Arc::clone(&old.tags),
        None => Arc::new(parking_lot::RwLock::new(tags_in(input)?)),
    };
    let rule = Arc::new(Rule {
        name: name.clone(),
        bus: bus.name.clone(),
        arn: arn.clone(),
        pattern,
        schedule,
        is_enabled,
        description: text("Description"),
        role: text("RoleArn"),
        targets: old.as_ref().map(|old| Arc::clone(&old.targets)).unwrap_or_default(),
        tags,
        pending: old.map(|old| Arc::clone(&old.pending)).unwrap_or_default(),
        timer: parking_lot::RwLock::default(),
    });
    service.start_timer(cx, &rule);
    rules.insert(name, rule);
    Ok(json!({ "RuleArn": arn }))
}

fn shown(rule: &Rule) -> Value {
    let mut shown = json!({
        "Name": rule.name,
        "Arn": rule.arn,
        "EventBusName": rule.bus,
        "State": if rule.is_enabled { "ENABLED" } else { "DISABLED" },
    });
    let members = [
        ("EventPattern", rule.pattern.as_ref().map(|(text, _)| text)),
        ("ScheduleExpression", rule.schedule.as_ref().map(|(text, _)| text)),
        ("Description", rule.description.as_ref()),
        ("RoleArn", rule.role.as_ref()),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            shown[name] = value.as_str().into();
        }
    }
    shown
}

/// `DescribeRule`.
pub(super) fn describe(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let mut shown = shown(&*rule(service, cx, input, "Name")?);
    shown["CreatedBy"] = cx.account.as_ref().into();
    Ok(shown)
}

/// `ListRules`.
pub(super) fn list(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let prefix = input["NamePrefix"].as_str().unwrap_or_default();
    let bus = service.bus(cx, bus_name(input))?;
    let rules = bus.rules.read();
    paged(
        input,
        "Rules",
        rules.values().filter(|rule| rule.name.starts_with(prefix)).map(|rule| shown(rule)).collect(),
    )
}

/// `DeleteRule`. A rule that does not exist counts as deleted.
pub(super) fn delete(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let bus = service.bus(cx, bus_name(input))?;
    let name = input["Name"].as_str().ok_or_else(|| ApiError::validation("Name must be given"))?;
    let mut rules = bus.rules.write();
    if rules.get(name).is_some_and(|rule| !rule.targets.read().is_empty()) {
        return Err(ApiError::validation("Rule can't be deleted since it has targets."));
    }
    rules.remove(name);
    Ok(json!({}))
}

/// `EnableRule`.
pub(super) fn enable(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    switch(service, cx, input, "ENABLED")
}

/// `DisableRule`.
pub(super) fn disable(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    switch(service, cx, input, "DISABLED")
}

fn switch(service: &EventBridge, cx: &Context, input: &Value, state: &str) -> Result<Value, ApiError> {
    let mut settings = shown(&*rule(service, cx, input, "Name")?);
    settings["State"] = state.into();
    put(service, cx, &settings)?;
    Ok(json!({}))
}

impl EventBridge {
    /// Starts the timer of a rule that has a schedule and is enabled.
    fn start_timer(&self, cx: &Context, rule: &Arc<Rule>) {
        let Some((_, expression)) = rule.schedule.clone().filter(|_| rule.is_enabled) else { return };
        let made_ms = self.clock.now_ms();
        // A rate is due for the first time when one period has passed.
        let base_ms = match expression {
            Expression::Rate(every) => made_ms + every,
            _ => made_ms,
        };
        let next = move |after_ms: i64| expression.next(after_ms, base_ms, &TimeZone::UTC);
        let (courier, cx, weak) = (Arc::clone(&self.courier), cx.clone(), Arc::downgrade(rule));
        let work = move |due_ms: i64| {
            let (courier, cx, rule) = (Arc::clone(&courier), cx.clone(), weak.upgrade());
            async move {
                if let Some(rule) = rule {
                    deliver(&courier, &cx, &rule, &scheduled(&cx, &rule, due_ms));
                }
            }
        };
        *rule.timer.write() = Some(Timer::start(self.clock.clone(), made_ms, next, work));
    }

    /// Region and name of every rule with a schedule, including disabled rules.
    pub(super) fn scheduled(&self) -> Vec<(Arc<str>, String)> {
        let mut found = Vec::new();
        self.each_rule(|region, _, rule| {
            if rule.schedule.is_some() {
                found.push((Arc::clone(region), rule.name.clone()));
            }
        });
        found
    }

    /// Runs a rule with a schedule now, as if it were due. Returns the number of its targets.
    pub(super) fn fire(&self, cx: &Context, name: &str) -> usize {
        let bus = self.bus(cx, DEFAULT);
        let rule = bus.ok().and_then(|bus| bus.rules.read().get(name).cloned());
        let Some(rule) = rule else { return 0 };
        deliver(&self.courier, cx, &rule, &scheduled(cx, &rule, self.clock.now_ms()));
        rule.targets.read().len()
    }

    /// The rules for the status page.
    pub(super) fn shown(&self) -> Value {
        let mut rules = Vec::new();
        self.each_rule(|region, bus, rule| {
            rules.push(json!({
                "region": **region,
                "bus": bus.name,
                "name": rule.name,
                "enabled": rule.is_enabled,
                "schedule": rule.schedule.as_ref().map(|(text, _)| text),
                "targets": rule.targets.read().values().map(|target| &target.settings.arn).cloned().collect::<Vec<_>>(),
            }));
        });
        rules.into()
    }

    fn each_rule(&self, mut work: impl FnMut(&Arc<str>, &Bus, &Arc<Rule>)) {
        for (region, store) in self.regions.all() {
            for bus in store.buses.read().values() {
                for rule in bus.rules.read().values() {
                    work(&region, bus, rule);
                }
            }
        }
    }
}

/// The event of a rule with a schedule [Creating a rule that runs on a schedule].
fn scheduled(cx: &Context, rule: &Rule, due_ms: i64) -> Carried {
    let nothing = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap_or_default();
    let event = Event::new(cx, "aws.events", "Scheduled Event", vec![rule.arn.clone()], &nothing, due_ms);
    Carried::new(event.text(), 0)
}
