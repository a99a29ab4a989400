//! A contestant's copy of the pipeline: a workspace of three functions as a user has it, with cargo's own dev profile, and two
//! marks in the code that an edit changes and an answer shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::contestant::Kind;

/// The two edits.
pub(crate) const EDITS: [Edit; 2] = [Edit::Leaf, Edit::Model];

/// The kind of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edit {
    /// A text in one function.
    Leaf,
    /// A constant in the crate that the functions share.
    Model,
}

impl Edit {
    /// Its name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Leaf => "leaf edit",
            Self::Model => "model edit",
        }
    }
}

/// The function's answer to a request that is not a message.
const ANSWER: &str = "failed to unmarshal request body: {why}";

/// The copy, with the current numbers of its marks.
pub(crate) struct Workspace {
    root: PathBuf,
    leaf: u64,
    model: u64,
}

impl Workspace {
    /// Copies the pipeline. Cargo's output of another copy is copied too, because it can be reused for registry crates.
    pub(crate) fn make(home: &Path, kind: Kind, seed: Option<&Self>) -> Result<Self> {
        let root = home.join(kind.directory());
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace's directory")?;
        write(&root.join("Cargo.toml"), &manifest(&original.join("Cargo.toml"))?)?;
        write(&root.join("Cargo.lock"), &fs::read_to_string(original.join("Cargo.lock"))?)?;
        write(&root.join("devloop.toml"), kind.settings())?;
        let template = "stack/templates/ServerlessDataProcessingPipelineStack.template.json";
        // What the functions' tests need: a PostgreSQL, and the way to find it.
        let for_tests = ["devloop/postgres", "devloop/system", "xtask/tools"];
        for part in ["functions/common", "functions/pipeline", template].into_iter().chain(for_tests) {
            mirror(&original.join(part), &root.join(part))?;
        }
        let workspace = Self { root, leaf: 0, model: 0 };
        workspace.write_leaf()?;
        workspace.write_model()?;
        if let Some(seed) = seed
            && !workspace.root.join("target").exists()
        {
            let mut copy = Command::new("cp");
            copy.args(["-a", "--reflink=auto"]).arg(seed.root.join("target")).arg(&workspace.root);
            ensure!(copy.status()?.success(), "copy the target folder");
        }
        Ok(workspace)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Changes the edit's mark in place, as a simple editor does.
    pub(crate) fn save(&mut self, edit: Edit) -> Result<()> {
        match edit {
            Edit::Leaf => {
                self.leaf += 1;
                self.write_leaf()
            }
            Edit::Model => {
                self.model += 1;
                self.write_model()
            }
        }
    }

    /// The text in an answer of the saved code.
    pub(crate) fn mark(&self) -> String {
        format!("leaf {}, model {}:", self.leaf, self.model)
    }

    fn write_leaf(&self) -> Result<()> {
        let path = "functions/pipeline/upstream/src/answer.rs";
        let text = original(path)?;
        ensure!(text.contains(ANSWER), "{path} no longer says `{ANSWER}`: this benchmark has to follow");
        let answer = format!("leaf {}, model {{}}: {{why}}\", pipeline_model::BENCH_MARK", self.leaf);
        write(&self.root.join(path), &text.replacen(&format!("{ANSWER}\""), &answer, 1))
    }

    fn write_model(&self) -> Result<()> {
        let path = "functions/pipeline/model/src/lib.rs";
        let mark = format!("\n/// What the benchmark edits.\npub const BENCH_MARK: u64 = {};\n", self.model);
        write(&self.root.join(path), &(original(path)? + &mark))
    }
}

fn original(path: &str) -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace's directory")?;
    fs::read_to_string(root.join(path)).with_context(|| path.to_owned())
}

/// The root manifest with the pipeline's packages only, and without this workspace's profiles.
fn manifest(path: &Path) -> Result<String> {
    let mut manifest: toml::Table = fs::read_to_string(path)?.parse()?;
    manifest.remove("profile");
    let workspace = manifest["workspace"].as_table_mut().context("[workspace]")?;
    workspace.remove("default-members");
    // There is one stack.
    workspace.remove("metadata");
    workspace.insert("members".to_owned(), vec!["functions/common", "functions/pipeline/*"].into());
    if let Some(dependencies) = workspace["dependencies"].as_table_mut() {
        dependencies.remove("devloop-cloud");
    }
    Ok(manifest.to_string())
}

/// Copies files that differ. Others keep their modification time, so that cargo does not rebuild them.
fn mirror(original: &Path, copy: &Path) -> Result<()> {
    if original.is_dir() {
        for entry in fs::read_dir(original)? {
            let entry = entry?;
            mirror(&entry.path(), &copy.join(entry.file_name()))?;
        }
        return Ok(());
    }
    // The marks are written by their own functions.
    let marked = original.ends_with("upstream/src/answer.rs") || original.ends_with("model/src/lib.rs");
    if marked { Ok(()) } else { write(copy, &fs::read_to_string(original)?) }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).ok().as_deref() == Some(text) {
        return Ok(());
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
