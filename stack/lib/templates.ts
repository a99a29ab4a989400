/**
 * The committed templates, with which `devloop up` needs no Node. `npm run templates` writes them, and a test compares them with a
 * fresh synthesis.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

import { buildApp } from './app';
import { repositoryRoot, stackFolder } from './paths';
import { readSettings } from './settings';

/** The folder of the committed templates. */
export const templatesFolder = path.join(stackFolder, 'templates');

/** Hot reload from a folder whose name is the same on every machine. devloop finds a function by the last segment of the key. */
const environment = { SYSTEM: 'all', USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: '/dist' };

/** Synthesises every stack. Returns the file names with their texts. */
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
