import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';

import { buildApp } from '../lib/app';
import { readSettings } from '../lib/settings';

const folder = mkdtempSync(path.join(tmpdir(), 'devloop-logs-test-'));
after(() => rmSync(folder, { recursive: true }));

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, any>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
}

/** The resources of every stack of the app. */
function stacks(environment: NodeJS.ProcessEnv): Record<string, Resource>[] {
  const app = buildApp(readSettings({ SYSTEM: 'all', ...environment }, folder), mkdtempSync(path.join(folder, 'assembly-')));
  return app.synth().stacks.map(({ template }) => template.Resources);
}

function check(environment: NodeJS.ProcessEnv, deletion: string): void {
  let functions = 0;
  for (const resources of stacks(environment)) {
    const of = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type);
    for (const [id] of of('AWS::Lambda::Function')) {
      functions += 1;
      const groups = of('AWS::Logs::LogGroup').filter(([, { Properties }]) => JSON.stringify(Properties.LogGroupName).includes(`"Ref":"${id}"`));
      assert.equal(groups.length, 1, id);
      const [group, { Properties, DeletionPolicy }] = groups[0]!;
      assert.deepEqual(Properties, { LogGroupName: { 'Fn::Join': ['', ['/aws/lambda/', { Ref: id }]] }, RetentionInDays: 30 });
      assert.equal(DeletionPolicy, deletion);
      // Otherwise a call could come before the group, and Lambda would make one without a limit.
      const callers = [...of('AWS::Lambda::Permission'), ...of('AWS::Lambda::EventSourceMapping')].filter(([, { Properties }]) =>
        JSON.stringify(Properties.FunctionName).includes(`"${id}"`),
      );
      assert.notEqual(callers.length, 0, id);
      for (const [caller, { DependsOn }] of callers) assert.ok(DependsOn?.includes(group), `${caller} does not wait for ${group}`);
    }
  }
  assert.equal(functions, 11);
}

test('every function has a log group with a limit, before anything can call it', () => {
  check({ USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: '/dist' }, 'Delete');
});

test('on AWS the lines outlive the stack', () => {
  const names = ['upstream', 'midstream', 'downstream', 'processor', 'aggregator', 'xml-process', 'xml-upload'];
  for (const name of [...names, ...['data', 'process', 'dead', 'single'].map((name) => `distributed-${name}`)]) {
    mkdirSync(path.join(folder, 'dist', name), { recursive: true });
    writeFileSync(path.join(folder, 'dist', name, 'bootstrap'), `binary of ${name}`, { mode: 0o755 });
  }
  check({ LAMBDA_DIST_PATH: 'dist' }, 'Retain');
});
