//! One of the two systems: its committed template in a cloud of its own, with binaries that were built before.

#[path = "../support/program.rs"]
mod program;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use self::program::Program;
use crate::aws::Aws;
use crate::options::Options;

/// How long a stack may take to be made.
const MADE_WITHIN: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(20);

/// A stack that is complete.
pub(crate) struct Stack {
    pub(crate) aws: Aws,
    /// What CloudFormation says about it.
    description: String,
    program: Program,
    /// The functions' folders.
    _home: TempDir,
}

impl Stack {
    /// Starts a cloud and makes the stack with this name and these functions in it.
    pub(crate) async fn make(options: &Options, name: &str, functions: &[&str]) -> Result<Self> {
        let home = tempfile::tempdir()?;
        for function in functions {
            let folder = home.path().join(function);
            fs::create_dir(&folder)?;
            let binary = options.binaries.join(function);
            fs::copy(&binary, folder.join("bootstrap"))
                .with_context(|| format!("copy {}", binary.display()))?;
        }
        let template =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../stack/templates/{name}.template.json"));
        let template =
            fs::read_to_string(&template).with_context(|| format!("read {}", template.display()))?;
        let template = template.replace("\"/dist/", &format!("\"{}/", home.path().display()));
        let program = Program::start("devloop", |port| program::devloop(&options.program, port)).await?;
        let aws = Aws::new(&format!("http://{}", program.address))?;
        let form = format!(
            "Action=CreateStack&Version=2010-05-15&StackName={name}&Capabilities.member.1=CAPABILITY_NAMED_IAM&TemplateBody={}",
            encoded(&template)
        );
        aws.query("cloudformation", form).await?;
        let began = Instant::now();
        loop {
            let form = format!("Action=DescribeStacks&Version=2010-05-15&StackName={name}");
            let description = aws.query("cloudformation", form).await?;
            match between(&description, "<StackStatus>") {
                Some("CREATE_COMPLETE") => return Ok(Self { aws, description, program, _home: home }),
                Some("CREATE_IN_PROGRESS") => {}
                _ => bail!("the stack {name} was not made: {description}"),
            }
            ensure!(began.elapsed() < MADE_WITHIN, "the stack {name} was not made within {MADE_WITHIN:?}");
            tokio::time::sleep(STEP).await;
        }
    }

    /// An output of the stack.
    pub(crate) fn output(&self, name: &str) -> Result<&str> {
        let (_, rest) = self
            .description
            .split_once(&format!("<OutputKey>{name}</OutputKey>"))
            .with_context(|| format!("no output {name}"))?;
        between(rest, "<OutputValue>").with_context(|| format!("no value of the output {name}"))
    }

    /// Ends the cloud.
    pub(crate) async fn stop(self) -> Result<()> {
        self.program.stop().await
    }
}

fn between<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    text.split_once(tag)?.1.split('<').next()
}

/// The text as a value of a form.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut form, byte| {
        if byte.is_ascii_alphanumeric() {
            form.push(byte.into());
        } else {
            let _ = write!(form, "%{byte:02X}");
        }
        form
    })
}
