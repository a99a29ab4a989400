//! The embedded cloud in the test's own process, with the pipeline's template and with binaries that devloop has built.

use std::collections::BTreeMap;
use std::path::Path;

use devloop_cloud::{Cloud, Options, Template};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Aws;

/// A cloud that serves until it is stopped.
pub struct OwnCloud {
    pub cloud: Cloud,
    pub outputs: Value,
    pub runtime: Runtime,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl OwnCloud {
    /// Starts the cloud with the workspace's template, whose functions run from `dist`.
    pub fn start(root: &Path, dist: &Path) -> Self {
        let template = template(root, dist);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let cloud = Cloud::new(Options::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let (outputs, serving) = runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            cloud.listens_on(listener.local_addr().unwrap());
            let serving = tokio::spawn({
                let cloud = cloud.clone();
                async move { cloud.serve(listener, async { stopped.await.unwrap_or_default() }).await }
            });
            let name = "ServerlessDataProcessingPipelineStack";
            let outputs = cloud.apply(name, &template, &BTreeMap::new()).await.unwrap();
            let outputs: serde_json::Map<String, Value> =
                outputs.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            (Value::from(outputs), serving)
        });
        Self { cloud, outputs, runtime, stop, serving }
    }

    /// The URL of the API's only method.
    pub fn url(&self) -> String {
        self.outputs["ApiGatewayMethodEndpoint"].as_str().unwrap().to_owned()
    }

    /// The cloud's services.
    pub fn aws(&self) -> Aws {
        Aws::new(&self.cloud.endpoint(), &self.outputs)
    }

    /// Stops the cloud and waits until its last process has ended.
    pub fn stop(self) {
        self.stop.send(()).unwrap();
        self.runtime.block_on(self.serving).unwrap().unwrap();
    }
}

/// The committed template with the functions' code in the folder where devloop has put it.
fn template(root: &Path, dist: &Path) -> Template {
    let path = root.join("stack/templates/ServerlessDataProcessingPipelineStack.template.json");
    let mut document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for resource in document["Resources"].as_object_mut().unwrap().values_mut() {
        let Some(key) = resource.pointer_mut("/Properties/Code/S3Key") else { continue };
        let folder = dist.join(key.as_str().unwrap().rsplit('/').next().unwrap());
        *key = folder.to_str().unwrap().into();
    }
    Template::parse(&document.to_string()).unwrap()
}
