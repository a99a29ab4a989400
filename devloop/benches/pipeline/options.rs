//! The command line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use serde_json::Value;

use crate::session::Launch;

/// The stack that is applied, in the workspace.
const TEMPLATE: &str = "stack/templates/ServerlessDataProcessingPipelineStack.template.json";

/// Measures the example pipeline on the embedded cloud: the real `devloop up` in a process of its own, loaded by `devloop bench`.
#[derive(Debug, Clone, Parser)]
#[command(name = "pipeline")]
pub(crate) struct Options {
    /// For how long the idle pipeline is measured.
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..))]
    pub(crate) idle: u64,
    /// How often the time to `ready` is measured.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) starts: usize,
    /// Cargo's profile for the functions.
    #[arg(long, default_value = "release", value_name = "PROFILE")]
    pub(crate) profile: String,
    /// The mappings' batch size, instead of the stack's.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u32>::from(1..=10_000))]
    pub(crate) batch_size: Option<u32>,
    /// Measures this program's cloud instead of that of the one that was built with the benchmark.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Measures this other build's cloud too, by turns with the program's, and prints the ratio of their rates.
    #[arg(long, value_name = "FILE")]
    pub(crate) beside: Option<PathBuf>,
    /// How often each of two builds is measured.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) rounds: usize,
    /// The workspace whose pipeline runs [default: this one]. An older build may need a copy that has the pipeline only.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."), hide_default_value = true, value_name = "DIR")]
    pub(crate) workspace: PathBuf,
    /// Further arguments go to `devloop bench`, such as
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH OPTIONS")]
    bench: Vec<String>,
}

impl Options {
    /// How a program is started. `home` is for the template, if it is not the stack's.
    pub(crate) fn launch(&self, program: &Path, home: &Path) -> Result<Launch> {
        let mut launch = Launch {
            program: program.to_owned(),
            workspace: self.workspace.clone(),
            arguments: Vec::new(),
            profile: self.profile.clone(),
        };
        if let Some(size) = self.batch_size {
            let template = with_batches_of(size, &self.workspace, home)?;
            launch.arguments = vec!["--template".to_owned(), template.display().to_string()];
        }
        Ok(launch)
    }

    /// The options of `devloop bench`. `cargo bench` adds one of its own to every benchmark.
    pub(crate) fn bench(&self) -> impl Iterator<Item = &String> {
        self.bench.iter().filter(|option| *option != "--bench")
    }
}

/// Writes the stack's template with another batch size of its mappings into a file.
fn with_batches_of(size: u32, root: &Path, home: &Path) -> Result<PathBuf> {
    let mut template: Value = serde_json::from_slice(&fs::read(root.join(TEMPLATE))?)?;
    let mut mappings = 0;
    for resource in template["Resources"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" {
            resource["Properties"]["BatchSize"] = size.into();
            mappings += 1;
        }
    }
    ensure!(mappings > 0, "{TEMPLATE} has no event source mapping");
    let file = home.join("batches.template.json");
    fs::write(&file, serde_json::to_vec(&template)?)?;
    Ok(file)
}
