/**
 * The templates that are committed, so that `devloop up` needs no Node: written by `npm run templates`, compared with a
 * fresh synthesis by a test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

import { buildApp } from './app';
import { repositoryRoot, stackFolder } from './paths';
import { readSettings } from './settings';

/** The folder of the committed templates. */
export const templatesFolder = path.join(stackFolder, 'templates');

/** Hot reload from a folder that is the same on every machine: a function is found by the key's last segment. */
const environment = { SYSTEM: 'all', USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: '/dist' };

/** Synthesises every stack; the file names with their texts. */
export function synthesiseTemplates(): Map<string, string> {
  const outdir = mkdtempSync(path.join(tmpdir(), 'devloop-stack-'));
  try {
    const { stacks } = buildApp(readSettings(environment, repositoryRoot), outdir).synth();
    return new Map(
      stacks.map((stack) => [stack.templateFile, `${JSON.stringify(stack.template, null, 2)}\n`] as const),
    );
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
