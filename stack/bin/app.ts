/** The program that the CDK CLI runs (`app` in `cdk.json`). */
import { App } from 'aws-cdk-lib';

import { buildApp } from '../lib/app';
import { repositoryRoot } from '../lib/paths';
import { inContext, readSettings } from '../lib/settings';
import { reportingUserErrors } from '../lib/user-error';

reportingUserErrors(() => {
  // An app without stacks reads the context as the CDK CLI hands it over.
  const { node } = new App({ autoSynth: false });
  const context = Object.fromEntries(Object.keys(inContext).map((name) => [name, node.tryGetContext(name)]));
  const settings = readSettings(process.env, repositoryRoot, context);
  for (const warning of settings.warnings) console.error(`warning: ${warning}`);
  buildApp(settings).synth();
});
