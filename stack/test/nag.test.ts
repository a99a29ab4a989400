import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';

import { AwsSolutionsChecks } from 'cdk-nag';

import { acceptedFindings } from '../lib/accepted-findings';
import { buildApp } from '../lib/app';
import { readSettings } from '../lib/settings';

const folder = mkdtempSync(path.join(tmpdir(), 'devloop-stack-nag-'));
after(() => rmSync(folder, { recursive: true }));

/** The ids of all findings, without the pack's name. */
function findings(environment: NodeJS.ProcessEnv): string[] {
  const app = buildApp(readSettings(environment, folder), mkdtempSync(path.join(folder, 'assembly-')));
  // The findings exist only after the synthesis, which writes the policies.
  app.synth();
  const { violations } = new AwsSolutionsChecks().validateScope(app);
  return violations.map(({ ruleName }) => ruleName.replace('AwsSolutions-', '')).sort();
}

test('every finding of cdk-nag in the local stacks is explained, and every explanation has a finding', () => {
  const found = findings({ SYSTEM: 'all', USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: '/dist' });
  assert.deepEqual(found, acceptedFindings.filter(({ awsOnly }) => !awsOnly).map(({ rule }) => rule).sort());
});

test('every finding of cdk-nag in the stacks for AWS is explained, and every explanation has a finding', () => {
  const names = ['upstream', 'midstream', 'downstream', 'processor', 'aggregator', 'xml-process', 'xml-upload'];
  for (const name of [...names, ...['data', 'process', 'dead', 'single'].map((name) => `distributed-${name}`)]) {
    mkdirSync(path.join(folder, 'dist', name), { recursive: true });
    writeFileSync(path.join(folder, 'dist', name, 'bootstrap'), `binary of ${name}`, { mode: 0o755 });
  }
  const found = findings({ SYSTEM: 'all', SINK: 'both', LAMBDA_DIST_PATH: 'dist' });
  assert.deepEqual(found, acceptedFindings.map(({ rule }) => rule).sort());
});
