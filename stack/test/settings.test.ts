import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Settings, readSettings } from '../lib/settings';
import { UserError } from '../lib/user-error';

function check(environment: NodeJS.ProcessEnv, expected: Partial<Settings>): void {
  const settings = readSettings(environment, '/repository');
  assert.deepEqual({ ...settings, ...expected }, settings);
}

function checkRefused(environment: NodeJS.ProcessEnv, message: RegExp, hint: RegExp): void {
  assert.throws(
    () => readSettings(environment, '/repository'),
    (error) => error instanceof UserError && message.test(error.message) && hint.test(error.hint),
  );
}

test('an empty environment deploys the default folders to AWS', () => {
  assert.deepEqual(readSettings({}, '/repository'), {
    system: 'pipeline',
    useLocalStack: false,
    hotDeploy: false,
    vpc: false,
    architecture: 'x86_64',
    sourceFolder: '/repository/functions',
    distFolder: '/repository/target/devloop/dist',
    sink: 'cloudwatch',
    warnings: [],
  });
});

test('only `true` turns a switch on, and a value that looks like it is warned about', () => {
  check({ USE_LOCALSTACK: 'true' }, { useLocalStack: true, hotDeploy: false, warnings: [] });
  check({ USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true' }, { useLocalStack: true, hotDeploy: true, warnings: [] });
  check({ USE_LOCALSTACK: 'false', HOT_DEPLOY: '0' }, { useLocalStack: false, hotDeploy: false, warnings: [] });
  check(
    { USE_LOCALSTACK: 'True' },
    { useLocalStack: false, warnings: ['USE_LOCALSTACK=True counts as off: only the value true turns it on'] },
  );
  check(
    { HOT_DEPLOY: '1' },
    { hotDeploy: false, warnings: ['HOT_DEPLOY=1 counts as off: only the value true turns it on'] },
  );
});

test('relative folders start at the repository root, absolute ones are taken as they are', () => {
  check({ LAMBDA_DIST_PATH: 'out/dist', LAMBDA_SRC_PATH: './src/' }, {
    distFolder: '/repository/out/dist',
    sourceFolder: '/repository/src',
  });
  check({ LAMBDA_DIST_PATH: '/dist/', LAMBDA_SRC_PATH: '/sources' }, { distFolder: '/dist', sourceFolder: '/sources' });
  check({ LAMBDA_DIST_PATH: '', LAMBDA_SRC_PATH: '' }, {
    distFolder: '/repository/target/devloop/dist',
    sourceFolder: '/repository/functions',
  });
});

test('the context counts instead of the variable', () => {
  const settings = readSettings({ SINK: 'both', VPC: 'true', SYSTEM: 'wildrydes' }, '/repository', {
    system: 'pipeline',
    sink: 'postgres',
    vpc: false,
    architecture: 'arm64',
  });
  const { system, sink, vpc, architecture } = settings;
  assert.deepEqual({ system, sink, vpc, architecture }, { system: 'pipeline', sink: 'postgres', vpc: false, architecture: 'arm64' });
  const local = { USE_LOCALSTACK: 'true' };
  const { databaseUrl } = readSettings(local, '/repository', { sink: 'both', databaseUrl: 'postgres://localhost/rows' });
  assert.equal(databaseUrl, 'postgres://localhost/rows');
  assert.throws(() => readSettings({}, '/repository', { sink: 'file' }), /SINK=file is not a sink/);
});

test('hot deployment to AWS is refused, and the error names both remedies', () => {
  for (const useLocalStack of [undefined, 'false', '1']) {
    checkRefused(
      { HOT_DEPLOY: 'true', USE_LOCALSTACK: useLocalStack },
      /^HOT_DEPLOY=true needs USE_LOCALSTACK=true/,
      /USE_LOCALSTACK=true .* unset HOT_DEPLOY/,
    );
  }
});

test('the network is for AWS only, and a local deployment with it is refused', () => {
  check({ VPC: 'true' }, { vpc: true });
  check({ VPC: 'yes' }, { vpc: false, warnings: ['VPC=yes counts as off: only the value true turns it on'] });
  checkRefused({ VPC: 'true', USE_LOCALSTACK: 'true' }, /^VPC=true is for AWS/, /unset VPC/);
});

test('an unknown processor is refused, and the error lists the processors', () => {
  check({ LAMBDA_ARCHITECTURE: 'arm64' }, { architecture: 'arm64' });
  checkRefused({ LAMBDA_ARCHITECTURE: 'aarch64' }, /^LAMBDA_ARCHITECTURE=aarch64 is not a processor/, /x86_64, arm64/);
});

test('an unknown system is refused, and the error lists the systems', () => {
  check({ SYSTEM: 'wildrydes' }, { system: 'wildrydes' });
  check({ SYSTEM: 'all' }, { system: 'all' });
  checkRefused({ SYSTEM: 'unicorns' }, /^SYSTEM=unicorns is not a system/, /pipeline, wildrydes, xml, distributed, single, or all/);
});

test('an unknown sink is refused, and the error lists the sinks', () => {
  check({ SINK: 'cloudwatch' }, { sink: 'cloudwatch' });
  check({ SINK: 'both' }, { sink: 'both' });
  checkRefused({ SINK: 'kafka' }, /^SINK=kafka is not a sink/, /cloudwatch, postgres, both/);
});

test('a local database needs its URL, and on AWS a URL is refused', () => {
  const url = 'postgres://u:p@h/d';
  const local = { USE_LOCALSTACK: 'true' };
  check({ ...local, SINK: 'both', DATABASE_URL: url }, { sink: 'both', databaseUrl: url });
  checkRefused({ ...local, SINK: 'postgres' }, /^SINK=postgres needs DATABASE_URL/, /DATABASE_URL=postgres:/);
  checkRefused({ ...local, DATABASE_URL: url }, /cloudwatch writes to no database/, /SINK=both/);
  checkRefused({ SINK: 'both', DATABASE_URL: url }, /on AWS the stack has a database/, /unset DATABASE_URL/);
  assert.equal(readSettings({ DATABASE_URL: '' }, '/repository').databaseUrl, undefined);
});
