/** The CDK app with every stack of the repository. Called by `bin/`, the templates and the tests. */
import { App, DefaultStackSynthesizer, cx_api } from 'aws-cdk-lib';

import { DistributedStack, SingleStack } from './distributed-stack';
import { PipelineStack } from './pipeline-stack';
import { Settings, System } from './settings';
import { WildRydesStack } from './wildrydes-stack';
import { XmlStack } from './xml-stack';

/** Builds the app, which the caller synthesises into `outdir` or, without one, into the CDK CLI's folder. */
export function buildApp(settings: Settings, outdir?: string): App {
  const app = new App({
    ...(outdir !== undefined && { outdir }),
    analyticsReporting: false,
    // Without this, an app that fails half way would write an incomplete assembly when node exits.
    autoSynth: false,
    // The settings that `cdk init` writes into cdk.json. They are here so that tests and templates have them too.
    context: {
      ...cx_api.CURRENTLY_RECOMMENDED_FLAGS,
      // `RustFunction` makes the log groups, so that whatever calls a function waits for its group.
      [cx_api.USE_CDK_MANAGED_LAMBDA_LOGGROUP]: false,
    },
  });
  const has = (system: System) => settings.system === system || settings.system === 'all';
  const common = () => ({
    settings,
    // The CLI checks the bootstrap version itself. The rule would add a parameter that a local cloud has to resolve.
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  });
  if (has('pipeline')) {
    new PipelineStack(app, 'ServerlessDataProcessingPipelineStack', {
      ...common(),
      description: 'API Gateway, Kinesis and DynamoDB between three Rust functions',
    });
  }
  if (has('wildrydes')) {
    new WildRydesStack(app, 'wildrydes', {
      ...common(),
      description: 'A Kinesis stream whose readings are stored by one Rust function and summed by another',
    });
  }
  if (has('xml')) {
    new XmlStack(app, 'xml', {
      ...common(),
      description: 'XML files of one bucket become JSON files of another by stored rules',
    });
  }
  if (has('distributed')) {
    new DistributedStack(app, 'distributed', {
      ...common(),
      description: 'An API, a queue and a table between Rust functions, one message at a time',
    });
  }
  if (has('single')) {
    new SingleStack(app, 'single', {
      ...common(),
      description: 'The same work as the stack distributed in one synchronous Rust function',
    });
  }
  return app;
}
