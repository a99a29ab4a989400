//! `devloop doctor`: finds what slows the edit loop.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::build;
use crate::cargo;
use crate::cli::DoctorArguments;
use crate::config::{Layer, variables};
use crate::doctor::{
    LinkOrder, Proposal, Readings, Subject, judge, lacks, measure, measure_links, propose, text, versions,
};
use crate::engine::BuildOrder;
use crate::error::{Exit, UserError};
use crate::linker;
use crate::output;
use crate::session::{Survey, survey};
use crate::workspace;

/// The file that `--fix` changes.
const SETTINGS: &str = "devloop.toml";

/// Checks the machine, reports, and with `--fix` changes the settings. The exit code says whether something is wrong.
pub(crate) async fn doctor(arguments: &DoctorArguments) -> Result<ExitCode, UserError> {
    if arguments.fix && !arguments.yes && !io::stdin().is_terminal() {
        let message = "change devloop.toml: nobody can confirm it here";
        return Err(
            UserError::usage("fix_unconfirmed", message).with_hint("confirm it beforehand with --yes")
        );
    }
    let directory = std::env::current_dir()
        .map_err(|error| UserError::usage("directory_missing", format!("use this directory: {error}")))?;
    let (readings, root) = read(arguments, &directory).await;
    let report = judge(&readings);
    let code = if report.findings == 0 { ExitCode::SUCCESS } else { ExitCode::from(Exit::Failure as u8) };
    let told = if arguments.json {
        serde_json::to_string_pretty(&report)
            .map_err(|error| UserError::failure("output_failed", format!("write the report: {error}")))?
            + "\n"
    } else {
        text(&report)
    };
    tell(&told, arguments.json)?;
    if arguments.fix {
        let file = root.join(SETTINGS);
        let current = std::fs::read_to_string(&file).unwrap_or_default();
        // In the JSON document the change is part of the finding already.
        let mut notes: Box<dyn Write> =
            if arguments.json { Box::new(output::stderr()) } else { Box::new(output::stdout()) };
        apply(arguments, &file, propose(&readings, &current), &mut *notes)?;
    }
    Ok(code)
}

/// A closed pipe ends the program without an error.
fn tell(words: &str, as_json: bool) -> Result<(), UserError> {
    match output::stdout_as(as_json).write_all(words.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed("write the output", &error)),
        _ => Ok(()),
    }
}

fn failed(what: &str, error: &io::Error) -> UserError {
    UserError::failure("fix_failed", format!("{what}: {error}"))
}

/// All readings, with the workspace's root, or the directory itself outside of a workspace.
async fn read(arguments: &DoctorArguments, directory: &Path) -> (Readings, PathBuf) {
    let program = Path::new("cargo");
    let toolchain = cargo::Lookup::default().toolchain(program, directory).await;
    let mut readings = Readings { environment: variables(), ..Readings::default() };
    let versions = versions(&toolchain, directory).await;
    let is_usable = versions.is_ok();
    readings.toolchain = Some(match versions {
        // What is missing may not be needed for building, so that the other checks still make sense.
        Ok(versions) => lacks(&toolchain, directory).await.map_or(Ok(versions), Err),
        Err(problem) => Err(problem),
    });
    if !is_usable {
        // Asking cargo for the workspace would only give the same error.
        return (readings, directory.to_owned());
    }
    let survey = match survey(program, directory, Layer::default()).await {
        Ok(survey) => survey,
        Err(error) => {
            readings.workspace = Some(error.problem);
            return (readings, directory.to_owned());
        }
    };
    readings.demands = survey.demands.clone();
    readings.tools = build::tools(&toolchain, directory).await;
    let place = Subject {
        sources: survey.sources.clone(),
        outputs: vec![survey.workspace.target_directory.clone(), survey.settings.dist.clone()],
        dist: survey.settings.dist.clone(),
        functions: survey.functions.clone(),
        port: survey.settings.port,
    };
    readings.wrapper = linker::obstacle(&survey.settings.build, &survey.workspace.root);
    measure(&place, &mut readings).await;
    if !arguments.quick {
        links(&survey, program, &mut readings).await;
    }
    let root = survey.workspace.root;
    (readings, root)
}

async fn links(survey: &Survey, program: &Path, readings: &mut Readings) {
    let builder = survey.builder(program);
    let home = builder.target_directory.join("devloop");
    let Some(function) = survey.functions.first() else { return };
    let toolchain = builder.toolchain().await;
    if let Err(error) = std::fs::create_dir_all(&home) {
        readings.links = Some(Err(format!("make {}: {error}", home.display())));
        return;
    }
    readings.probes = linker::probe_all(&toolchain, &home).await;
    let choice = survey.settings.build.linker;
    readings.used = Some(linker::choose(choice, &linker::wanted(choice, &readings.probes)).0);
    let _ = writeln!(
        output::stderr(),
        "measuring links of {function}; what it depends on is built first where that was not done (--quick leaves this out)"
    );
    let offline =
        workspace::read(program, &builder.root).await.is_ok_and(|reading| reading.workspace.offline);
    let order = BuildOrder { offline, ..BuildOrder::of(&survey.workspace, 0, vec![function.clone()]) };
    readings.links = Some(match std::env::current_exe() {
        Ok(devloop) => {
            measure_links(LinkOrder { builder: &builder, order, devloop: &devloop, probes: &readings.probes })
                .await
        }
        Err(error) => Err(format!("find this program: {error}")),
    });
}

fn apply(
    arguments: &DoctorArguments,
    file: &Path,
    proposal: Option<Proposal>,
    notes: &mut dyn Write,
) -> Result<(), UserError> {
    let told = |error: io::Error| failed("write the output", &error);
    let Some(proposal) = proposal else {
        return writeln!(notes, "there is no setting to change").map_err(told);
    };
    write!(notes, "\n{}:\n{}", file.display(), proposal.diff).map_err(told)?;
    if !arguments.yes {
        write!(notes, "write this? [y/N] ").and_then(|()| notes.flush()).map_err(told)?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|error| failed("read the answer", &error))?;
        if !answer.trim().eq_ignore_ascii_case("y") {
            return writeln!(notes, "nothing was changed").map_err(told);
        }
    }
    std::fs::write(file, proposal.text)
        .map_err(|error| failed(&format!("write {}", file.display()), &error))?;
    writeln!(notes, "written; the next session uses it").map_err(told)
}
