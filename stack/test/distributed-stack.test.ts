/** Tests what the clients and the functions need of the stacks `distributed` and `single`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';

import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';

import { DistributedStack, SingleStack } from '../lib/distributed-stack';
import { Settings, readSettings } from '../lib/settings';

const workspace = mkdtempSync(path.join(tmpdir(), 'devloop-distributed-test-'));
after(() => rmSync(workspace, { recursive: true }));
const settings: Settings = readSettings(
  { SYSTEM: 'distributed', USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: '/dist' },
  workspace,
);

function template(make: (app: App) => Stack): Template {
  return Template.fromStack(make(new App({ analyticsReporting: false })));
}

const distributed = template((app) => new DistributedStack(app, 'distributed', { settings }));
const single = template((app) => new SingleStack(app, 'single', { settings }));

test('a message goes to the dead-letter queue after five receives, 30 s apart', () => {
  distributed.hasResourceProperties('AWS::SQS::Queue', {
    VisibilityTimeout: 30,
    RedrivePolicy: Match.objectLike({ maxReceiveCount: 5 }),
  });
  distributed.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 30, ReceiveMessageWaitTimeSeconds: 2 });
});

test('both mappings deliver one message at a time and read which messages failed', () => {
  const mappings = distributed.findResources('AWS::Lambda::EventSourceMapping');
  assert.equal(Object.keys(mappings).length, 2);
  distributed.allResourcesProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: 1,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
});

test('functions get their queue, table and topic in the variables that they read', () => {
  const variables = (wanted: object) =>
    distributed.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: Match.objectLike(wanted) } });
  variables({ LAMBDA_STAGE: 'distributed-data', SQSQUEUE: Match.anyValue() });
  variables({ LAMBDA_STAGE: 'distributed-process', DBTABLE: Match.anyValue(), PARTIAL_BATCH: 'on' });
  variables({ SNSTOPIC: Match.anyValue(), SNSSUBJECT: 'DistComp: Data Processing Failure', MAX_RECEIVE_COUNT: '5' });
});

test('both APIs have a key, a usage plan and a validator', () => {
  for (const stack of [distributed, single]) {
    stack.hasResourceProperties('AWS::ApiGateway::Method', { HttpMethod: 'POST', ApiKeyRequired: true });
    stack.hasResourceProperties('AWS::ApiGateway::Method', {
      HttpMethod: 'OPTIONS',
      ApiKeyRequired: false,
      Integration: Match.objectLike({ Type: 'MOCK' }),
    });
    stack.hasResourceProperties('AWS::ApiGateway::UsagePlan', {
      Throttle: { BurstLimit: 500, RateLimit: 1000 },
      Quota: { Limit: 10000, Period: 'MONTH' },
    });
    for (const output of ['ApiEndpoint', 'ApiKeyId', 'TableName']) stack.hasOutput(output, {});
  }
});
