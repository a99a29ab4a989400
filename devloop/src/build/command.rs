//! The command line of a build.

use std::process::Stdio;

use tokio::process::Command;

use crate::build::arguments::arguments;
use crate::build::run::Builder;
use crate::cargo::Toolchain;
use crate::engine::BuildOrder;
use crate::linker::Prepared;
use crate::machine::Compilation;

/// Cargo; for a target, cargo-zigbuild, which starts the cargo that it is given.
pub(super) fn of(
    builder: &Builder,
    toolchain: &Toolchain,
    prepared: &Prepared,
    order: &BuildOrder,
    binaries: &[String],
    target: Option<&str>,
) -> Command {
    let mut command = match target {
        None => toolchain.command(&builder.root),
        Some(_) => builder.machines.zigbuild(toolchain, &builder.root),
    };
    command.envs(prepared.environment.iter().map(|(name, value)| (name, value)));
    command.args(arguments(order, binaries, &builder.profile, target));
    command.arg("--target-dir").arg(&builder.target_directory);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The command of an order that one run of cargo can carry out; `None` if it takes several runs or cargo-zigbuild.
pub(super) async fn of_everything(
    builder: &Builder,
    toolchain: &Toolchain,
    order: &BuildOrder,
) -> Option<Command> {
    let (compilations, refused) =
        builder.machines.compilations(&order.binaries, toolchain, &builder.root).await;
    let [(Compilation::Native, binaries)] = &*compilations.into_iter().collect::<Vec<_>>() else {
        return None;
    };
    let prepared = builder.prepared(toolchain).await;
    let side_by_side = refused.is_empty() && order.apart.is_empty();
    side_by_side.then(|| of(builder, toolchain, &prepared, order, binaries, None))
}
