//! Plain cargo: the default `dev` profile with full debug information, `cargo build -p` of the served functions, and
//! then the start of the program until it asks for its first event. No watcher: the build starts the moment the file is saved.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::contestant::Took;
use crate::http;
use crate::options::Options;
use crate::processes::{self, Running};
use crate::tools::Tools;
use crate::workspace::{Edit, Workspace};

/// Plain cargo.
pub(crate) struct Plain {
    workspace: Workspace,
    functions: Vec<String>,
}

impl Plain {
    /// Builds for the first time, which compiles the SDK.
    pub(crate) fn start(workspace: Workspace, options: &Options) -> Result<Self> {
        let plain = Self { workspace, functions: options.functions.clone() };
        plain.build()?;
        Ok(plain)
    }

    /// Its copy of the pipeline.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Saves, builds, and starts the functions that the edit concerns.
    pub(crate) fn save(&mut self, edit: Edit) -> Result<Took> {
        let began = Instant::now();
        self.workspace.save(edit)?;
        self.build()?;
        let built = began.elapsed();
        let concerned: Vec<&String> =
            self.functions.iter().filter(|name| edit == Edit::Model || *name == "upstream").collect();
        let mut running = Vec::new();
        for function in concerned {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let mut command = processes::command(
                self.workspace.root().join("target/debug").join(function),
                self.workspace.root(),
            );
            command.env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string());
            command.envs(ENVIRONMENT).env("AWS_LAMBDA_FUNCTION_NAME", function);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            running.push((Running::start(command)?, listener));
        }
        for (_, listener) in &running {
            http::await_next(listener)?;
        }
        let whole = began.elapsed();
        let phases = vec![
            ("cargo".to_owned(), built.as_secs_f64() * 1000.0),
            ("start".to_owned(), whole.saturating_sub(built).as_secs_f64() * 1000.0),
        ];
        Ok(Took { whole, phases })
    }

    fn build(&self) -> Result<()> {
        let mut command = processes::command("cargo", self.workspace.root());
        command.arg("build").env("PATH", Tools::path(None)?);
        command.args(self.functions.iter().flat_map(|name| ["-p", name]));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        ensure!(Running::start(command)?.child().wait()?.success(), "cargo build failed");
        Ok(())
    }
}

/// The variables that the pipeline's functions need. Nothing listens at these addresses.
pub(crate) const ENVIRONMENT: [(&str, &str); 8] = [
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("STREAM_NAME", "KinesisStream"),
    ("TABLE_NAME", "DynamoDBTable"),
];
