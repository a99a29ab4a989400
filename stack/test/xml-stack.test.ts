import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';

import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';

import { readSettings } from '../lib/settings';
import { XmlStack } from '../lib/xml-stack';

const workspace = mkdtempSync(path.join(tmpdir(), 'devloop-xml-test-'));
after(() => rmSync(workspace, { recursive: true }));

const settings = readSettings(
  { SYSTEM: 'xml', USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: '/dist' },
  workspace,
);
const app = new App({ outdir: mkdtempSync(path.join(workspace, 'assembly-')) });
const template = Template.fromStack(new XmlStack(app, 'xml', { settings }));

test('new XML files invoke the function that converts them, and the bucket has the permission', () => {
  const [process] = Object.keys(
    template.findResources('AWS::Lambda::Function', { Properties: { FunctionName: 'data-transform-local-process' } }),
  );
  const rules = [{ Name: 'suffix', Value: '.xml' }];
  template.hasResource('AWS::S3::Bucket', {
    Properties: {
      BucketName: 'xml-data',
      NotificationConfiguration: {
        LambdaConfigurations: [
          { Event: 's3:ObjectCreated:*', Function: { 'Fn::GetAtt': [process, 'Arn'] }, Filter: { S3Key: { Rules: rules } } },
        ],
      },
    },
    DependsOn: ['BucketCallsProcess'],
  });
  template.hasResourceProperties('AWS::Lambda::Permission', { Principal: 's3.amazonaws.com' });
});

test('no bucket can be opened to the public', () => {
  const all = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true };
  template.allResourcesProperties('AWS::S3::Bucket', { PublicAccessBlockConfiguration: all });
});

test('events that fail three times go to the queue', () => {
  const [queue] = Object.keys(template.findResources('AWS::SQS::Queue'));
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    MaximumRetryAttempts: 2,
    DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [queue, 'Arn'] } } },
  });
});

test('files that cannot be converted are counted, from the lines of the function that refuses them', () => {
  const logs = template.findResources('AWS::Logs::LogGroup');
  const group = Object.keys(logs).find((id) => id.startsWith('ProcessLogs'));
  template.hasResourceProperties('AWS::Logs::MetricFilter', {
    LogGroupName: { Ref: group },
    FilterPattern: '{ $.outcome = "refused" }',
    MetricTransformations: [{ MetricNamespace: 'xml', MetricName: 'RefusedFiles', MetricValue: '1' }],
  });
});

test('the table has the rule id as its key, and the functions may read and seed it', () => {
  template.hasResourceProperties('AWS::DynamoDB::Table', {
    TableName: 'rulesTable',
    KeySchema: [{ AttributeName: 'RuleId', KeyType: 'HASH' }],
    ProvisionedThroughput: { ReadCapacityUnits: 10, WriteCapacityUnits: 5 },
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: Match.objectLike({
      Statement: Match.arrayWith([Match.objectLike({ Action: ['dynamodb:GetItem', 'dynamodb:PutItem'] })]),
    }),
  });
});

test('the API takes bodies of any content type', () => {
  template.hasResourceProperties('AWS::ApiGateway::RestApi', { BinaryMediaTypes: ['*/*'] });
  const parts = Object.values(template.findResources('AWS::ApiGateway::Resource')).map((one) => one.Properties.PathPart);
  assert.deepEqual(parts.sort(), ['upload', 'upload-url']);
});

test('pages of other origins may post files', () => {
  const preflights = template.findResources('AWS::ApiGateway::Method', { Properties: { HttpMethod: 'OPTIONS' } });
  assert.equal(Object.keys(preflights).length, 2);
  for (const { Properties } of Object.values(preflights)) {
    assert.equal(Properties.Integration.Type, 'MOCK');
    assert.equal(Properties.Integration.ContentHandling, 'CONVERT_TO_TEXT');
  }
});
