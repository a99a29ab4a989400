//! The function's process, and the Runtime API that it calls

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::server::{Answer, Request, Server};

/// How long a test waits before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that the process has posted: the path below `runtime/`, and the body.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// A running function. It is killed when this is dropped.
pub(crate) struct Environment {
    process: Child,
    events: Sender<String>,
    posted: Receiver<Posted>,
}

impl Environment {
    /// Starts the binary with Lambda's variables, these, and nothing else.
    pub(crate) fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        let (events, waiting) = channel::<String>();
        let (post, posted) = channel();
        let (waiting, post) = (Mutex::new(waiting), Mutex::new(post));
        let api = Server::start(move |request| runtime_api(&request, &waiting, &post));
        let process = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", "function"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "2025/11/20/[$LATEST]0"),
                ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_DEFAULT_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_SESSION_TOKEN", "token"),
                ("TZ", ":UTC"),
            ])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { process, events, posted }
    }

    /// Gives an event to the process, and waits for its answer.
    pub(crate) fn invoke(&self, event: &str) -> Posted {
        self.events.send(event.to_owned()).unwrap();
        self.next_post()
    }

    /// Waits for the next request that the process posts.
    pub(crate) fn next_post(&self) -> Posted {
        self.posted.recv_timeout(PATIENCE).expect("the function posted nothing")
    }

    /// Waits for the process to end by itself.
    #[allow(dead_code, reason = "upstream never does")]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Ends the process, and returns its log lines.
    pub(crate) fn log(mut self) -> Vec<Value> {
        let _ = self.process.kill();
        let mut text = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn runtime_api(request: &Request, waiting: &Mutex<Receiver<String>>, post: &Mutex<Sender<Posted>>) -> Answer {
    let path = request.path.strip_prefix("/2018-06-01/runtime/").unwrap_or_default().to_owned();
    if request.method == "GET" {
        // The end of the test drops the sender, so that there is nothing left to answer.
        let Ok(event) = waiting.lock().unwrap().recv() else { return Answer::new(410, "") };
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(3);
        return Answer::new(200, event)
            .header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("Lambda-Runtime-Deadline-Ms", &deadline.as_millis().to_string())
            .header(
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:eu-central-1:123456789012:function:f",
            )
            .header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
    }
    let body = serde_json::from_slice(&request.body).unwrap();
    let _ = post.lock().unwrap().send(Posted { path, body });
    Answer::new(202, r#"{"status":"OK"}"#)
}
