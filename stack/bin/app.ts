/** The program that the CDK CLI runs (`app` in `cdk.json`). */
import { buildApp } from '../lib/app';
import { repositoryRoot } from '../lib/paths';
import { readSettings } from '../lib/settings';
import { reportingUserErrors } from '../lib/user-error';

reportingUserErrors(() => {
  const settings = readSettings(process.env, repositoryRoot);
  for (const warning of settings.warnings) console.error(`warning: ${warning}`);
  buildApp(settings).synth();
});
