//! `ExecuteStatement`, `BatchExecuteStatement` and `ExecuteTransaction`.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};

use super::{
    super::{
        item::Item,
        partiql::{Returning, Select, Statement},
        value::{self, AttributeValue, Attributes},
    },
    Request,
    capacity::{Report, Units, read_units},
    input::{Input, Violations},
    reading_draft::ReadingDraft,
    statement_plan, transact,
    write::{Outcome, SHOWN_ON_FAILURE, Write},
};
use crate::error::ApiError;

/// [`ExecuteStatement`, `DynamoDB` API reference]
const MAX_LENGTH: usize = 8192;
/// [`BatchExecuteStatement`, `DynamoDB` API reference]
const MAX_BATCH: usize = 25;

/// A statement with the other members of the request.
struct Given {
    statement: String,
    parameters: Option<Vec<Value>>,
    consistent: bool,
    show_on_failure: bool,
}

impl Given {
    /// Takes the members of a statement at `place`, and adds their violations.
    fn take(input: &mut Input, place: &str, violations: &mut Violations) -> Result<Self, ApiError> {
        let shown = input.text("ReturnValuesOnConditionCheckFailure")?;
        if let Some(shown) = &shown {
            let place = format!("{place}returnValuesOnConditionCheckFailure");
            violations.choice(shown, &place, SHOWN_ON_FAILURE);
        }
        let statement = input.text("Statement")?;
        let place_of_statement = format!("{place}statement");
        match statement.as_deref().map(|text| text.chars().count()) {
            None => violations.missing(&place_of_statement),
            Some(0) => violations.value(
                "",
                &place_of_statement,
                "Member must have length greater than or equal to 1",
            ),
            Some(count) if count > MAX_LENGTH => violations.value(
                statement.as_deref().unwrap_or_default(),
                &place_of_statement,
                &format!("Member must have length less than or equal to {MAX_LENGTH}"),
            ),
            Some(_) => {}
        }
        let parameters = input.list("Parameters")?;
        if parameters.as_ref().is_some_and(Vec::is_empty) {
            let constraint = "Member must have length greater than or equal to 1";
            violations.value("[]", &format!("{place}parameters"), constraint);
        }
        Ok(Self {
            statement: statement.unwrap_or_default(),
            parameters,
            consistent: input.flag("ConsistentRead")?,
            show_on_failure: shown.as_deref() == Some("ALL_OLD"),
        })
    }

    fn parse(&self) -> Result<Statement, ApiError> {
        let parameters = self.parameters.clone().unwrap_or_default();
        let parameters = parameters.into_iter().map(AttributeValue::from_json).collect::<Result<_, _>>()?;
        Statement::parse(&self.statement, parameters)
    }
}

/// `ExecuteStatement`.
pub(in super::super) fn execute_statement(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let limit = input.count("Limit", 1, i64::MAX, true)?;
    let mut violations = Violations::default();
    let given = Given::take(&mut input, "", &mut violations)?;
    let report = Report::take(&mut input)?;
    input.checked()?;
    violations.check()?;
    let token = input.text("NextToken")?;
    match given.parse()? {
        Statement::Select(select) => select_page(request, &given, select, limit, token.as_deref(), report),
        Statement::Exists(_) => {
            Err(ApiError::validation("EXISTS clause is only supported in ExecuteTransaction"))
        }
        _ if token.is_some() => Err(ApiError::validation("NextToken is only valid on a SELECT statement")),
        statement => {
            let (items, table, units) = run_write(request, statement, given.show_on_failure)?;
            let mut output = json!({ "Items": items });
            if let Some(capacity) = units.describe(report, &table, None) {
                output["ConsumedCapacity"] = capacity;
            }
            Ok(output)
        }
    }
}

fn select_page(
    request: &Request<'_>,
    given: &Given,
    select: Select,
    limit: Option<usize>,
    token: Option<&str>,
    report: Report,
) -> Result<Value, ApiError> {
    let start = token.map(|token| start(token, &given.statement)).transpose()?;
    let Select { table, index, projection, condition, order } = select;
    let reading = ReadingDraft::filtered(table, condition, projection)
        .of_index(index)
        .paged(limit.unwrap_or(usize::MAX), given.consistent, start)
        .reported(report)
        .resolve(request.store)?;
    let mut parts = statement_plan::parts(reading.filter.as_ref(), reading.schema());
    let reverse = parts.order(&order, reading.schema())?;
    if let Some(start) = reading.start_key(false)? {
        parts = parts
            .behind(start, reverse)
            .ok_or_else(|| ApiError::validation("NextToken does not match request"))?;
    }
    let mut page = reading.run_all(parts.ranges, reverse)?;
    let mut output = Map::new();
    output.insert("Items".to_owned(), page["Items"].take());
    if let Value::Object(last) = page["LastEvaluatedKey"].take() {
        let token = json!({ "statement": hash(&given.statement), "key": last }).to_string();
        output.insert("NextToken".to_owned(), BASE64.encode(token).into());
        output.insert("LastEvaluatedKey".to_owned(), last.into());
    }
    if let capacity @ Value::Object(_) = page["ConsumedCapacity"].take() {
        output.insert("ConsumedCapacity".to_owned(), capacity);
    }
    Ok(Value::Object(output))
}

fn hash(statement: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    statement.hash(&mut hasher);
    hasher.finish()
}

/// The key after which the token's page starts.
fn start(token: &str, statement: &str) -> Result<Attributes, ApiError> {
    let invalid = || ApiError::validation("Invalid NextToken");
    let bytes = BASE64.decode(token).map_err(|_| invalid())?;
    let mut token: Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
    if token["statement"].as_u64() != Some(hash(statement)) {
        return Err(ApiError::validation("NextToken does not match request"));
    }
    match token["key"].take() {
        Value::Object(key) => value::from_json(key),
        _ => Err(invalid()),
    }
}

/// Runs a statement that writes. Returns the items for `RETURNING`, the table's name, and the consumed units.
fn run_write(
    request: &Request<'_>,
    statement: Statement,
    show_on_failure: bool,
) -> Result<(Vec<Value>, String, Units), ApiError> {
    let returning = statement.returning();
    let quiet = matches!(statement, Statement::Insert { if_not_exists: true, .. });
    let draft = statement_plan::write(request.store, statement, show_on_failure)?;
    let table = request.store.table(&draft.table)?;
    let write = draft.resolve(table)?;
    let mut units = Units::default();
    let outcome = match write.run(request.now_ms) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            let error = ApiError::from(refusal);
            if !quiet || error.code != "DuplicateItemException" {
                return Err(error);
            }
            return Ok((Vec::new(), write.table.name.clone(), units));
        }
    };
    write.count(&outcome, 1.0, &mut units);
    let items = returning.and_then(|returning| returned(&write, &outcome, returning)).into_iter();
    Ok((items.map(Value::Object).collect(), write.table.name.clone(), units))
}

fn returned(write: &Write, outcome: &Outcome, returning: Returning) -> Option<Map<String, Value>> {
    match returning {
        Returning::AllOld => outcome.old.as_ref().map(Item::to_json),
        Returning::AllNew => outcome.new.as_ref().map(Item::to_json),
        Returning::ModifiedOld => write.touched(outcome.old.as_ref()),
        Returning::ModifiedNew => write.touched(outcome.new.as_ref()),
    }
}

/// `BatchExecuteStatement`: independent statements, each for one item.
pub(in super::super) fn batch_execute_statement(
    request: &Request<'_>,
    input: Value,
) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let report = Report::take(&mut input)?;
    let given = take_statements(&mut input, "Statements", "statements", MAX_BATCH)?;
    let statements: Vec<Result<Statement, ApiError>> = given.iter().map(Given::parse).collect();
    let known = || statements.iter().flatten();
    if known().any(Statement::reads) && !known().all(Statement::reads) {
        return Err(ApiError::validation(
            "Read and write requests together in the same batch is not supported.",
        ));
    }
    let mut units: BTreeMap<String, Units> = BTreeMap::new();
    let mut responses = Vec::with_capacity(given.len());
    for (given, statement) in given.iter().zip(statements) {
        let table = statement.as_ref().ok().map(|statement| statement.table().to_owned());
        let outcome = statement.and_then(|statement| run_of_batch(request, given, statement, &mut units));
        let mut response = Map::new();
        match outcome {
            Ok(item) => response.extend(item.map(|item| ("Item".to_owned(), item.into()))),
            Err(error) => drop(response.insert("Error".to_owned(), batch_error(error))),
        }
        response.extend(table.map(|table| ("TableName".to_owned(), table.into())));
        responses.push(Value::Object(response));
    }
    let mut output = json!({ "Responses": responses });
    if report != Report::None {
        output["ConsumedCapacity"] =
            units.iter().filter_map(|(table, units)| units.describe(report, table, None)).collect();
    }
    Ok(output)
}

fn run_of_batch(
    request: &Request<'_>,
    given: &Given,
    statement: Statement,
    units: &mut BTreeMap<String, Units>,
) -> Result<Option<Map<String, Value>>, ApiError> {
    let Statement::Select(select) = statement else {
        if let Statement::Exists(_) = statement {
            return Err(ApiError::validation("EXISTS clause is only supported in ExecuteTransaction"));
        }
        let (mut items, table, cost) = run_write(request, statement, given.show_on_failure)?;
        units.entry(table).or_default().include(cost);
        return Ok(items.pop().and_then(|item| match item {
            Value::Object(item) => Some(item),
            _ => None,
        }));
    };
    let draft = statement_plan::read(request.store, select, "BatchExecuteStatement")?;
    let table = request.store.table(&draft.table)?;
    let read = draft.resolve(table)?;
    let item = read.table.read_contents().items.get(&read.key).cloned();
    let cost = read_units(item.as_ref().map_or(0, Item::bytes), given.consistent);
    units.entry(read.table.name.clone()).or_default().add(cost);
    Ok(item.and_then(|item| read.show(&item)))
}

/// The API's `BatchStatementError`.
fn batch_error(error: ApiError) -> Value {
    let code = match &*error.code {
        "ValidationException" => "ValidationError",
        "ResourceNotFoundException" => "ResourceNotFound",
        other => other.strip_suffix("Exception").unwrap_or(other),
    };
    let mut described = json!({ "Code": code, "Message": error.message });
    if let Some(item) = error.details.get("Item") {
        described["Item"] = item.clone();
    }
    described
}

fn take_statements(
    input: &mut Input,
    member: &str,
    place: &str,
    most: usize,
) -> Result<Vec<Given>, ApiError> {
    let list = input.required_list(member)?;
    input.checked()?;
    let mut violations = Violations::default();
    let (word, limit) = if list.is_empty() { ("greater", 1) } else { ("less", most) };
    if list.is_empty() || list.len() > most {
        let shown = Value::from(list.clone()).to_string();
        let constraint = format!("Member must have length {word} than or equal to {limit}");
        violations.value(&shown, place, &constraint);
    }
    let mut given = Vec::with_capacity(list.len());
    for (at, statement) in list.into_iter().enumerate() {
        let place = format!("{place}.{}.member.", at + 1);
        given.push(Given::take(&mut Input::new(statement)?, &place, &mut violations)?);
    }
    violations.check()?;
    Ok(given)
}

/// `ExecuteTransaction`: either all statements take effect, or none of them.
pub(in super::super) fn execute_transaction(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let token = transact::take_token(&mut input)?;
    let report = Report::take(&mut input)?;
    input.checked()?;
    let mut hasher = DefaultHasher::new();
    input.peek("TransactStatements").hash(&mut hasher);
    let given =
        take_statements(&mut input, "TransactStatements", "transactStatements", transact::MAX_ACTIONS)?;
    let within = |at: usize, mut error: ApiError| {
        error.message.insert_str(0, &format!("Validation failed in TransactStatements[{at}]: "));
        error
    };
    let mut statements = Vec::with_capacity(given.len());
    for (at, given) in given.iter().enumerate() {
        let statement = given.parse().map_err(|error| within(at, error))?;
        if statement.returning().is_some() {
            let why = "RETURNING clause is not supported in ExecuteTransaction.";
            return Err(within(at, ApiError::validation(why)));
        }
        statements.push((statement, given.show_on_failure));
    }
    let reads = statements.iter().filter(|(statement, _)| statement.reads()).count();
    if reads > 0 && reads < statements.len() {
        return Err(ApiError::validation(
            "ExecuteTransaction API does not support both read and write operations in the same request.",
        ));
    }
    if reads > 0 {
        let drafts = statements.into_iter().enumerate().filter_map(|(at, (statement, _))| match statement {
            Statement::Select(select) => {
                Some(statement_plan::read(request.store, select, "ExecuteTransaction").map_err(|error| {
                    if error.code == "ValidationException" { within(at, error) } else { error }
                }))
            }
            _ => None,
        });
        let (responses, capacities) = transact::read(request, drafts.collect::<Result<_, _>>()?, report)?;
        let mut output = json!({ "Responses": responses });
        if report != Report::None {
            output["ConsumedCapacity"] = capacities;
        }
        return Ok(output);
    }
    let drafts = statements
        .into_iter()
        .map(|(statement, show)| statement_plan::write(request.store, statement, show))
        .collect::<Result<Vec<_>, _>>()?;
    transact::write(request, drafts, token.as_deref(), hasher.finish(), report, false)
}
