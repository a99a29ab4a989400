import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';

import { stackFolder } from '../lib/paths';

const folder = mkdtempSync(path.join(tmpdir(), 'devloop-stack-app-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs the program as the CDK CLI does, with only these variables. */
function run(environment: NodeJS.ProcessEnv): { status: number | null; stderr: string; assembly: string } {
  const assembly = mkdtempSync(path.join(folder, 'assembly-'));
  const { status, stderr } = spawnSync(process.execPath, [path.join(stackFolder, 'build/bin/app.js')], {
    env: { CDK_OUTDIR: assembly, ...environment },
    encoding: 'utf8',
  });
  return { status, stderr, assembly };
}

test('hot deployment to AWS ends with two lines and exit code 1', () => {
  const { status, stderr, assembly } = run({ HOT_DEPLOY: 'true' });
  assert.equal(
    stderr,
    'error: HOT_DEPLOY=true needs USE_LOCALSTACK=true: AWS cannot run code from a folder of this machine\n' +
      'hint: set USE_LOCALSTACK=true to deploy locally, or unset HOT_DEPLOY to deploy the built functions to AWS\n',
  );
  assert.equal(status, 1);
  assert.ok(!existsSync(path.join(assembly, 'manifest.json')));
});

test('a missing build ends with two lines and exit code 1, without an incomplete assembly', () => {
  const { status, stderr, assembly } = run({ LAMBDA_DIST_PATH: path.join(folder, 'nothing') });
  assert.match(stderr, /^error: no built function `upstream`: .*\/nothing\/upstream has no bootstrap\nhint: .*\n$/);
  assert.equal(status, 1);
  assert.ok(!existsSync(path.join(assembly, 'manifest.json')));
});

test('valid settings write the assembly without any output', () => {
  const { status, stderr, assembly } = run({ USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: folder });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const template = readFileSync(path.join(assembly, 'ServerlessDataProcessingPipelineStack.template.json'), 'utf8');
  assert.ok(template.includes(`${folder}/upstream`));
});

test('the context of the command line chooses the sink', () => {
  const { stderr, assembly } = run({
    USE_LOCALSTACK: 'true',
    HOT_DEPLOY: 'true',
    LAMBDA_DIST_PATH: folder,
    CDK_CONTEXT_JSON: JSON.stringify({ sink: 'postgres', databaseUrl: 'postgres://database/rows' }),
  });
  assert.equal(stderr, '');
  const template = JSON.parse(readFileSync(path.join(assembly, 'ServerlessDataProcessingPipelineStack.template.json'), 'utf8'));
  assert.equal(template.Parameters.Sink.Default, 'postgres');
  assert.equal(template.Parameters.DatabaseUrl.Default, 'postgres://database/rows');
});

test('a value that looks like `true` is warned about', () => {
  const { stderr } = run({ USE_LOCALSTACK: '1', LAMBDA_DIST_PATH: path.join(folder, 'nothing') });
  assert.match(stderr, /^warning: USE_LOCALSTACK=1 counts as off: only the value true turns it on\nerror: /);
});
