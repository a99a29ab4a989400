//! moto from PyPI, an independent implementation of AWS's APIs: it keeps functions and objects, and runs nothing.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::{Answer, LIMIT, eventually, send};

/// moto's account.
pub const ACCOUNT: &str = "123456789012";

/// The variables that every client needs, without any of the developer's.
const ENVIRONMENT: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing"), ("AWS_REGION", "us-east-1")];

/// The server; it ends when this is dropped.
pub struct Moto {
    pub endpoint: String,
    child: Child,
}

impl Moto {
    /// Starts moto on a free port.
    pub fn start() -> Self {
        // moto_server does not report which port it gets for port 0, so a port is used that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = free.port().to_string();
        let child = test_tools::command("moto_server")
            .args(["-H", "127.0.0.1", "-p", &port])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self { endpoint: format!("http://{free}"), child };
        eventually("moto answers", LIMIT, || {
            match send("GET", &format!("{}/moto-api/data.json", moto.endpoint), &[], "") {
                Ok(Answer { status: 200, .. }) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        moto
    }

    /// Sets the variables by which the command uses moto.
    pub fn known_to(&self, command: &mut Command) {
        command.envs(ENVIRONMENT).env("AWS_ENDPOINT_URL", &self.endpoint);
    }

    fn aws(&self, arguments: &[&str]) -> Output {
        let mut command = test_tools::command("aws");
        self.known_to(&mut command);
        // The AWS CLI version 1 reads this variable.
        command.env("AWS_DEFAULT_REGION", "us-east-1");
        command.args(arguments).args(["--output", "json"]).output().unwrap()
    }

    /// Runs the AWS CLI.
    pub fn call(&self, arguments: &[&str]) -> Value {
        let output = self.aws(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Creates a function with this zip.
    pub fn create(&self, name: &str, zip: &Path) {
        self.call(&["iam", "create-role", "--role-name", name, "--assume-role-policy-document", "{}"]);
        let (role, zip) =
            (format!("arn:aws:iam::{ACCOUNT}:role/{name}"), format!("fileb://{}", zip.display()));
        let mut arguments =
            vec!["lambda", "create-function", "--function-name", name, "--runtime", "provided.al2023"];
        arguments.extend(["--handler", "bootstrap", "--role", &role, "--zip-file", &zip]);
        arguments.extend(["--environment", "Variables={KEPT=yes}"]);
        self.call(&arguments);
    }

    /// The function's configuration.
    pub fn configuration(&self, name: &str) -> Value {
        self.call(&["lambda", "get-function-configuration", "--function-name", name])
    }

    /// The digest of the function's code.
    pub fn sha(&self, name: &str) -> String {
        self.configuration(name)["CodeSha256"].as_str().unwrap().to_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
