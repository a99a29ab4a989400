import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';

import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';

import { buildApp } from '../lib/app';
import { readSettings } from '../lib/settings';
import { UserError } from '../lib/user-error';
import { WildRydesStack } from '../lib/wildrydes-stack';

const workspace = mkdtempSync(path.join(tmpdir(), 'devloop-wildrydes-test-'));
after(() => rmSync(workspace, { recursive: true }));

const settings = readSettings(
  { SYSTEM: 'wildrydes', USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: '/dist' },
  workspace,
);

function variant(context: Record<string, string>): Template {
  const app = new App({ outdir: mkdtempSync(path.join(workspace, 'assembly-')), context });
  return Template.fromStack(new WildRydesStack(app, 'wildrydes', { settings }));
}

function functionId(template: Template, name: string): string {
  return Object.keys(template.findResources('AWS::Lambda::Function', { Properties: { FunctionName: name } }))[0]!;
}

function mapping(template: Template, name: string) {
  const found = template.findResources('AWS::Lambda::EventSourceMapping', {
    Properties: { FunctionName: { Ref: functionId(template, name) } },
  });
  return Object.values(found)[0]!.Properties;
}

const plain = variant({});

test('the app has only the stack of the chosen system', () => {
  const stacks = buildApp(settings, mkdtempSync(path.join(workspace, 'assembly-'))).node.children.filter(Stack.isStack);
  assert.deepEqual(stacks.map((stack) => stack.stackName), ['wildrydes']);
});

test('stream, tables, queue and roles have the names that the clients use', () => {
  plain.hasResourceProperties('AWS::Kinesis::Stream', { Name: 'wildrydes', ShardCount: 1, RetentionPeriodHours: 24 });
  const keys = (partition: string, sort: string) => [
    { AttributeName: partition, KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ];
  plain.hasResourceProperties('AWS::DynamoDB::Table', { TableName: 'UnicornSensorData', KeySchema: keys('Name', 'StatusTime') });
  plain.hasResourceProperties('AWS::DynamoDB::Table', { TableName: 'UnicornAggregation', KeySchema: keys('name', 'windowStart') });
  plain.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'wildrydes-queue' });
  for (const role of ['WildRydesStreamProcessorRole', 'UnicornAggregationRole']) {
    plain.hasResourceProperties('AWS::IAM::Role', { RoleName: role });
  }
});

test('the processor retries twice, halves failed batches and reports to the queue', () => {
  const options = mapping(plain, 'WildRydesStreamProcessor');
  const { BatchSize, MaximumBatchingWindowInSeconds, BisectBatchOnFunctionError, MaximumRetryAttempts } = options;
  assert.deepEqual([BatchSize, MaximumBatchingWindowInSeconds, BisectBatchOnFunctionError, MaximumRetryAttempts], [10, 30, true, 2]);
  assert.deepEqual(options.FunctionResponseTypes, ['ReportBatchItemFailures']);
  const [queue] = Object.keys(plain.findResources('AWS::SQS::Queue'));
  assert.deepEqual(options.DestinationConfig.OnFailure.Destination, { 'Fn::GetAtt': [queue, 'Arn'] });
});

test('the aggregator sums per minute', () => {
  const options = mapping(plain, 'WildRydesAggregator');
  assert.deepEqual([options.BatchSize, options.TumblingWindowInSeconds, options.StartingPosition], [100, 60, 'TRIM_HORIZON']);
  assert.equal(options.DestinationConfig, undefined);
});

test('the context chooses the variant, and function and mapping agree', () => {
  const thrown = variant({ failMode: 'throw', bisect: 'off' });
  const options = mapping(thrown, 'WildRydesStreamProcessor');
  assert.equal(options.FunctionResponseTypes, undefined);
  assert.equal(options.BisectBatchOnFunctionError, false);
  thrown.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'WildRydesStreamProcessor',
    Environment: { Variables: Match.objectLike({ FAIL_MODE: 'throw', PARTIAL_BATCH: 'off' }) },
  });
  plain.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'WildRydesStreamProcessor',
    Environment: { Variables: Match.objectLike({ FAIL_MODE: 'checkpoint', PARTIAL_BATCH: 'on' }) },
  });
  assert.throws(() => variant({ failMode: 'loud' }), (error) => error instanceof UserError && /failMode=loud/.test(error.message));
});
