//! Stacks in the cloud of a running session: the app is run, and the session's CloudFormation does the rest.

use std::process::ExitCode;

use super::app::App;
use super::assembly::{Assembly, Related, Stack, choose};
use super::cdk::Surroundings;
use super::cloud::{Cloud, failed};
use super::hotswap::{Hotswap, hotswap};
use super::placeholders::Place;
use super::stack::{Order, apply, remove};
use super::{Verb, assets, bootstrap, diff, say, synth};
use crate::bus;
use crate::cli::DeployArguments;
use crate::commands::asked::{printed, printed_json};
use crate::engine::Millis;
use crate::error::UserError;

/// Runs the app, and does with its stacks what the verb says.
pub(super) async fn run(
    verb: Verb,
    arguments: &DeployArguments,
    app: &App,
    surroundings: Surroundings,
    cloud: Cloud,
) -> Result<ExitCode, UserError> {
    let began = bus::now();
    let place = Place { account: &cloud.account, region: &cloud.region };
    let folder = synth::synthesise(app, &arguments.context, place, &surroundings).await?;
    let assembly = Assembly::read(&folder, place)?;
    let synthesised = bus::now() - began;
    let related = match verb {
        Verb::Deploy => Related::Needed,
        Verb::Destroy => Related::Needing,
        Verb::Diff | Verb::Synth => Related::None,
    };
    let stacks = choose(&assembly.stacks, &arguments.stacks, related)?;
    check(&stacks, &cloud)?;
    let began = bus::now();
    match verb {
        Verb::Synth => return synthesised_stacks(&stacks),
        Verb::Diff => return compare(&cloud, &stacks).await,
        Verb::Destroy => destroy(&cloud, &stacks).await?,
        Verb::Deploy => {
            for stack in &stacks {
                deploy(&cloud, stack, arguments.hotswap).await?;
            }
        }
    }
    let did = if verb == Verb::Deploy { "deployed" } else { "destroyed" };
    let took = bus::now() - began;
    say(&format!("done       synthesised in {}, {did} in {}", seconds(synthesised), seconds(took)));
    Ok(ExitCode::SUCCESS)
}

/// Tells what the app warns of. An error that it reports, and a stack for another account, end the command.
fn check(stacks: &[&Stack], cloud: &Cloud) -> Result<(), UserError> {
    for warning in stacks.iter().flat_map(|stack| &stack.warnings) {
        say(&format!("warning    {warning}"));
    }
    let errors: Vec<&str> = stacks.iter().flat_map(|stack| &stack.errors).map(String::as_str).collect();
    if !errors.is_empty() {
        let message =
            format!("use the CDK app's output: the app reports errors in it: {}", errors.join("; "));
        return Err(UserError::failure("cdk_app_failed", message));
    }
    let foreign = stacks.iter().find_map(|stack| Some((stack, stack.account.as_ref()?)));
    match foreign.filter(|(_, account)| **account != cloud.account) {
        Some((stack, account)) => {
            let message = format!(
                "use the stack {} here: it is for the account {account}, and the embedded cloud's is {}",
                stack.name, cloud.account
            );
            Err(UserError::usage("account_other", message)
                .with_hint("leave `account` out of its `env`, or take it from CDK_DEFAULT_ACCOUNT"))
        }
        None => Ok(()),
    }
}

async fn deploy(cloud: &Cloud, stack: &Stack, only_code: bool) -> Result<(), UserError> {
    let began = bus::now();
    bootstrap::ensure(cloud, stack).await?;
    assets::upload(cloud, stack).await?;
    if only_code {
        match hotswap(cloud, stack).await? {
            Hotswap::Done(0) => {
                say(&format!("stack      {}: no changes", stack.name));
                return Ok(());
            }
            Hotswap::Done(_) => {
                let took = seconds(bus::now() - began);
                say(&format!("hotswapped {} in {took}; its template stays as it was", stack.name));
                return Ok(());
            }
            Hotswap::Impossible(why) => {
                say(&format!("stack      {}: a whole deployment, because {why}", stack.name));
            }
        }
    }
    let order = Order::of(cloud, stack)?;
    match apply(cloud, &order, true).await? {
        None => {
            say(&format!("stack      {}: no changes", stack.name));
        }
        Some(deployed) => {
            say(&format!("deployed   {} in {}", stack.name, seconds(bus::now() - began)));
            for (name, value) in deployed.outputs() {
                printed(&format!("{}.{name} = {value}\n", stack.name))?;
            }
        }
    }
    Ok(())
}

async fn destroy(cloud: &Cloud, stacks: &[&Stack]) -> Result<(), UserError> {
    for stack in stacks.iter().rev() {
        let what = format!("destroy the stack {}", stack.name);
        let Some(deployed) = cloud.stack(&stack.region, &stack.name).await.map_err(failed(&what))? else {
            say(&format!("stack      {}: it is not deployed", stack.name));
            continue;
        };
        let began = bus::now();
        let kept = remove(cloud, &stack.region, &deployed, &stack.name, true).await?;
        let kept = if kept.is_empty() { String::new() } else { format!("; {} kept", kept.len()) };
        say(&format!("destroyed  {} in {}{kept}", stack.name, seconds(bus::now() - began)));
    }
    Ok(())
}

async fn compare(cloud: &Cloud, stacks: &[&Stack]) -> Result<ExitCode, UserError> {
    for stack in stacks {
        // A long template is read from the bucket of the stack's files, which a stack that was deployed has.
        if cloud.stack(&stack.region, &stack.name).await.map_err(failed("compare"))?.is_some() {
            assets::upload(cloud, stack).await?;
        }
        let lines = diff::differences(cloud, stack).await?;
        printed(&diff::shown(stack, &lines))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the template of the only stack; of several it lists the files.
fn synthesised_stacks(stacks: &[&Stack]) -> Result<ExitCode, UserError> {
    if let [stack] = stacks {
        let text = std::fs::read_to_string(&stack.template).map_err(|error| {
            UserError::failure("cdk_output", format!("read {}: {error}", stack.template.display()))
        })?;
        return printed_json(&format!("{}\n", text.trim_end()));
    }
    let lines: String =
        stacks.iter().map(|stack| format!("{} {}\n", stack.name, stack.template.display())).collect();
    printed(&lines)
}

fn seconds(milliseconds: Millis) -> String {
    format!("{}.{:02} s", milliseconds / 1000, milliseconds % 1000 / 10)
}
