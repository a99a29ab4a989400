import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';

import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';

import { buildApp } from '../lib/app';
import { readSettings } from '../lib/settings';
import { UserError } from '../lib/user-error';

const functions = ['upstream', 'midstream', 'downstream'] as const;
const workspace = mkdtempSync(path.join(tmpdir(), 'devloop-stack-test-'));
after(() => rmSync(workspace, { recursive: true }));

const built = path.join(workspace, 'built');
for (const name of functions) {
  mkdirSync(path.join(built, name), { recursive: true });
  writeFileSync(path.join(built, name, 'bootstrap'), `binary of ${name}`, { mode: 0o755 });
}

function synthesise(environment: NodeJS.ProcessEnv): Template {
  const app = buildApp(readSettings(environment, workspace), mkdtempSync(path.join(workspace, 'assembly-')));
  return Template.fromStack(app.node.findChild('ServerlessDataProcessingPipelineStack') as Stack);
}

const aws = synthesise({ LAMBDA_DIST_PATH: built });
const local = synthesise({ USE_LOCALSTACK: 'true', LAMBDA_DIST_PATH: built });
const hot = synthesise({ USE_LOCALSTACK: 'true', HOT_DEPLOY: 'true', LAMBDA_DIST_PATH: '/somewhere/dist' });

const url = 'postgres://u:p@127.0.0.1:5432/d';
const localRows = synthesise({ USE_LOCALSTACK: 'true', SINK: 'both', DATABASE_URL: url, LAMBDA_DIST_PATH: built });
const network = synthesise({ VPC: 'true', LAMBDA_DIST_PATH: built });
const rows = synthesise({ SINK: 'postgres', LAMBDA_DIST_PATH: built });
const both = synthesise({ SINK: 'both', LAMBDA_DIST_PATH: built });

/** The logical id of the only resource of the type whose properties match. */
function idOf(template: Template, type: string, properties: object = {}): string {
  const ids = Object.keys(template.findResources(type, { Properties: properties }));
  assert.equal(ids.length, 1, `${type} matching ${JSON.stringify(properties)}: ${ids}`);
  return ids[0]!;
}

function functionId(template: Template, name: string): string {
  return idOf(template, 'AWS::Lambda::Function', { Environment: { Variables: { LAMBDA_STAGE: name } } });
}

function functionProperties(template: Template, name: string) {
  return template.findResources('AWS::Lambda::Function')[functionId(template, name)]!.Properties;
}

/** All statements of the function's role, without the managed policies. */
function allowed(template: Template, name: string): { Action: string | string[]; Resource: unknown }[] {
  const role = functionProperties(template, name).Role['Fn::GetAtt'][0];
  const policies = template.findResources('AWS::IAM::Policy', { Properties: { Roles: [{ Ref: role }] } });
  return Object.values(policies).flatMap((policy) => policy.Properties.PolicyDocument.Statement);
}

function checkAllowed(name: string, action: string, resource: unknown): void {
  const statements = allowed(aws, name).filter((statement) => [statement.Action].flat().includes(action));
  assert.deepEqual(statements.map((statement) => statement.Resource), [resource], `${action} of ${name}`);
}

const queueId = (name: string) => idOf(aws, 'AWS::SQS::Queue', { QueueName: name });
const arn = (id: string, attribute = 'Arn') => ({ 'Fn::GetAtt': [id, attribute] });

test('the stream has one shard, a day of retention and the key managed by AWS', () => {
  aws.hasResource('AWS::Kinesis::Stream', {
    DeletionPolicy: 'Delete',
    Properties: {
      Name: 'KinesisStream',
      ShardCount: 1,
      RetentionPeriodHours: 24,
      StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
    },
  });
});

test('the table is on demand, streams both images and is retained only on AWS', () => {
  const properties = {
    TableName: Match.absent(),
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
    ProvisionedThroughput: Match.absent(),
    StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
  };
  aws.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain', Properties: properties });
  local.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete', Properties: properties });
});

test('the functions are built for the processor that is asked for', () => {
  const arm = synthesise({ LAMBDA_ARCHITECTURE: 'arm64', LAMBDA_DIST_PATH: built });
  arm.allResourcesProperties('AWS::Lambda::Function', { Architectures: ['arm64'] });
});

test('the functions are x86_64 binaries on Amazon Linux 2023 with the default size', () => {
  for (const template of [aws, local, hot]) {
    template.resourceCountIs('AWS::Lambda::Function', 3);
    template.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'provided.al2023',
      Architectures: ['x86_64'],
      Handler: 'bootstrap',
      MemorySize: Match.absent(),
      Timeout: Match.absent(),
    });
  }
});

test('each function gets the variables it reads and no others', () => {
  const check = (template: Template, name: string, expected: object) => {
    assert.deepEqual(functionProperties(template, name).Environment.Variables, { LAMBDA_STAGE: name, ...expected });
  };
  const stream = { Ref: idOf(aws, 'AWS::Kinesis::Stream') };
  const table = { Ref: idOf(aws, 'AWS::DynamoDB::Table') };
  check(aws, 'upstream', { STREAM_NAME: stream });
  check(aws, 'midstream', { TABLE_NAME: table, PARTIAL_BATCH: 'on' });
  check(aws, 'downstream', { SINK: 'cloudwatch', PARTIAL_BATCH: 'on' });
  for (const template of [local, hot]) {
    const endpoint = { AWS_ENDPOINT_URL: 'http://localhost.localstack.cloud:4566' };
    check(template, 'upstream', { STREAM_NAME: stream, ...endpoint });
    check(template, 'midstream', { TABLE_NAME: table, PARTIAL_BATCH: 'on', ...endpoint });
    const sink = { SINK: { Ref: 'Sink' }, DATABASE_URL: { Ref: 'DatabaseUrl' } };
    check(template, 'downstream', { ...sink, PARTIAL_BATCH: 'on', ...endpoint });
  }
});

test('hot deployment runs the dist folder itself, every other deployment an uploaded archive', () => {
  for (const name of functions) {
    const codeOf = (template: Template) => functionProperties(template, name).Code;
    assert.deepEqual(codeOf(hot), { S3Bucket: 'hot-reload', S3Key: `/somewhere/dist/${name}` });
    for (const template of [aws, local]) {
      assert.match(JSON.stringify(codeOf(template).S3Bucket), /cdk-hnb659fds-assets-/);
      assert.match(codeOf(template).S3Key, /^[0-9a-f]{64}\.zip$/);
    }
  }
});

test('the error for a function that was not built names its folder and the next step', () => {
  const partly = path.join(workspace, 'partly');
  mkdirSync(path.join(partly, 'midstream'), { recursive: true });
  mkdirSync(path.join(partly, 'upstream'), { recursive: true });
  writeFileSync(path.join(partly, 'upstream', 'bootstrap'), '');
  assert.throws(
    () => synthesise({ LAMBDA_DIST_PATH: partly, LAMBDA_SRC_PATH: '/sources' }),
    (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.message, `no built function \`midstream\`: ${partly}/midstream has no bootstrap`);
      assert.match(error.hint, /^`devloop up` or `devloop watch midstream` builds \/sources\/pipeline\/midstream into/);
      return true;
    },
  );
});

test('both streams are read from their start, in batches that may fail in part, each with its own failure queue', () => {
  const check = (name: string, source: object, queueName: string, retries: number) => {
    for (const template of [aws, local, hot]) {
      const mapping = idOf(template, 'AWS::Lambda::EventSourceMapping', { EventSourceArn: source });
      assert.deepEqual(template.findResources('AWS::Lambda::EventSourceMapping')[mapping]!.Properties, {
        FunctionName: { Ref: functionId(template, name) },
        EventSourceArn: source,
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 100,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        MaximumRetryAttempts: retries,
        MaximumRecordAgeInSeconds: 3600,
        DestinationConfig: { OnFailure: { Destination: arn(queueId(queueName)) } },
      });
    }
  };
  check('midstream', arn(idOf(aws, 'AWS::Kinesis::Stream')), 'pipeline-midstream-failures', 5);
  check('downstream', arn(idOf(aws, 'AWS::DynamoDB::Table'), 'StreamArn'), 'pipeline-downstream-failures', 20);
});

test('each role has the permissions of its own function and mapping only', () => {
  const stream = arn(idOf(aws, 'AWS::Kinesis::Stream'));
  const table = idOf(aws, 'AWS::DynamoDB::Table');
  checkAllowed('upstream', 'kinesis:PutRecord', stream);
  checkAllowed('midstream', 'kinesis:GetRecords', stream);
  checkAllowed('midstream', 'dynamodb:PutItem', arn(table));
  checkAllowed('midstream', 'sqs:SendMessage', arn(queueId('pipeline-midstream-failures')));
  checkAllowed('downstream', 'dynamodb:GetRecords', arn(table, 'StreamArn'));
  checkAllowed('downstream', 'cloudwatch:PutMetricData', '*');
  checkAllowed('downstream', 'sqs:SendMessage', arn(queueId('pipeline-downstream-failures')));

  const actions = (name: string) => allowed(aws, name).flatMap((statement) => statement.Action);
  assert.ok(actions('upstream').every((action) => action.startsWith('kinesis:')));
  assert.ok(!actions('midstream').includes('kinesis:PutRecord'));
  assert.ok(!actions('downstream').includes('dynamodb:PutItem'));
});

test('the API has one method, POST on the root, that goes to upstream', () => {
  for (const template of [aws, hot]) {
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { Description: Match.stringLikeRegexp('pipeline') });
    template.hasResourceProperties('AWS::ApiGateway::Stage', { StageName: 'prod' });
    template.resourceCountIs('AWS::ApiGateway::Resource', 0);
    template.resourceCountIs('AWS::ApiGateway::Method', 1);
    template.hasResourceProperties('AWS::ApiGateway::Method', {
      HttpMethod: 'POST',
      ResourceId: arn(idOf(template, 'AWS::ApiGateway::RestApi'), 'RootResourceId'),
      AuthorizationType: 'NONE',
      Integration: {
        Type: 'AWS_PROXY',
        IntegrationHttpMethod: 'POST',
        Uri: { 'Fn::Join': ['', Match.arrayWith([arn(functionId(template, 'upstream')), '/invocations'])] },
      },
    });
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'apigateway.amazonaws.com',
      FunctionName: arn(functionId(template, 'upstream')),
    });
  }
});

test('the outputs name the endpoint, the resources and the cloud', () => {
  for (const [template, cloud] of [[aws, 'AWS'], [local, 'LocalStack'], [hot, 'LocalStack']] as const) {
    const outputs = template.findOutputs('*');
    const [framework, ...names] = Object.keys(outputs);
    assert.match(framework!, /^ApiEndpoint[0-9A-F]{8}$/);
    assert.deepEqual(names, ['ApiGatewayMethodEndpoint', 'KinesisStreamName', 'DynamoDBTableName', 'Environment']);
    assert.deepEqual(outputs.ApiGatewayMethodEndpoint!.Value, outputs[framework!]!.Value);
    assert.deepEqual(outputs.KinesisStreamName!.Value, { Ref: idOf(template, 'AWS::Kinesis::Stream') });
    assert.deepEqual(outputs.DynamoDBTableName!.Value, { Ref: idOf(template, 'AWS::DynamoDB::Table') });
    assert.equal(outputs.Environment!.Value, cloud);
  }
});

test('on AWS the functions have no network of their own, unless one is asked for or a database needs it', () => {
  aws.resourceCountIs('AWS::EC2::VPC', 0);
  aws.allResourcesProperties('AWS::Lambda::Function', { VpcConfig: Match.absent() });
  for (const template of [network, rows, both]) template.resourceCountIs('AWS::EC2::VPC', 1);
  network.resourceCountIs('AWS::RDS::DBCluster', 0);
});

test('the network has two isolated zones with an endpoint for every service that the functions call', () => {
  network.resourceCountIs('AWS::EC2::Subnet', 2);
  network.resourceCountIs('AWS::EC2::NatGateway', 0);
  network.resourceCountIs('AWS::EC2::InternetGateway', 0);
  network.hasResourceProperties('AWS::EC2::VPCEndpoint', {
    VpcEndpointType: 'Gateway',
    ServiceName: { 'Fn::Join': ['', Match.arrayWith(['.dynamodb'])] },
  });
  for (const service of ['.kinesis-streams', '.monitoring']) {
    network.hasResourceProperties('AWS::EC2::VPCEndpoint', {
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      ServiceName: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(`\\${service}$`)])] },
    });
  }
  const subnets = Object.keys(network.findResources('AWS::EC2::Subnet')).map((id) => ({ Ref: id }));
  network.allResourcesProperties('AWS::Lambda::Function', { VpcConfig: { SubnetIds: subnets } });
});

test('a local template has only resources of the pipeline', () => {
  for (const template of [local, hot, localRows]) {
    assert.deepEqual(Object.keys(template.toJSON()), ['Description', 'Resources', 'Parameters', 'Outputs']);
    const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map((r) => r.Type);
    assert.deepEqual([...new Set(types)].sort(), [
      'AWS::ApiGateway::Deployment',
      'AWS::ApiGateway::Method',
      'AWS::ApiGateway::RestApi',
      'AWS::ApiGateway::Stage',
      'AWS::DynamoDB::Table',
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::Kinesis::Stream',
      'AWS::Lambda::EventSourceMapping',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
      'AWS::SQS::Queue',
    ]);
    template.allResourcesProperties('AWS::Lambda::Function', { VpcConfig: Match.absent() });
  }
});

test('a local template takes the sink and its database as parameters', () => {
  const check = (template: Template, sink: string, databaseUrl: string) => {
    template.hasParameter('Sink', { Type: 'String', Default: sink, AllowedValues: ['cloudwatch', 'postgres', 'both'] });
    template.hasParameter('DatabaseUrl', { Type: 'String', Default: databaseUrl, NoEcho: true });
    assert.equal(Object.keys(template.findParameters('*')).length, 2);
  };
  check(local, 'cloudwatch', '');
  check(hot, 'cloudwatch', '');
  check(localRows, 'both', url);
});

test('on AWS a sink of rows adds a serverless cluster that requires TLS and is not public', () => {
  aws.resourceCountIs('AWS::RDS::DBCluster', 0);
  aws.resourceCountIs('AWS::SecretsManager::Secret', 0);
  for (const template of [rows, both]) {
    template.hasResource('AWS::RDS::DBCluster', {
      DeletionPolicy: 'Snapshot',
      Properties: {
        Engine: 'aurora-postgresql',
        DatabaseName: 'pipeline',
        StorageEncrypted: true,
        ServerlessV2ScalingConfiguration: { MinCapacity: 0.5, MaxCapacity: 2 },
      },
    });
    template.resourceCountIs('AWS::RDS::DBInstance', 1);
    template.hasResourceProperties('AWS::RDS::DBInstance', { DBInstanceClass: 'db.serverless', PubliclyAccessible: false });
    template.hasResourceProperties('AWS::RDS::DBClusterParameterGroup', { Parameters: { 'rds.force_ssl': '1' } });
    const downstream = functionProperties(template, 'downstream').VpcConfig.SecurityGroupIds[0]['Fn::GetAtt'][0];
    const inside = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress'));
    const toDatabase = inside.filter((rule) => rule.Properties.Description === 'rows of the pipeline');
    assert.deepEqual(
      toDatabase.map((rule) => rule.Properties.SourceSecurityGroupId),
      [arn(downstream, 'GroupId')],
    );
  }
});

test('the password is a reference that the deployment resolves, in a URL that makes the client verify the server', () => {
  const { SINK, DATABASE_URL } = functionProperties(both, 'downstream').Environment.Variables;
  assert.equal(SINK, 'both');
  const parts: unknown[] = DATABASE_URL['Fn::Join'][1];
  const texts = parts.filter((part) => typeof part === 'string').join('<>');
  assert.match(texts, /^postgres:\/\/pipeline:\{\{resolve:secretsmanager:<>:SecretString:password::\}\}@<>/);
  assert.match(texts, /\/pipeline\?sslmode=verify-full&sslrootcert=\/opt\/rds-ca\.pem$/);
  const { GenerateSecretString } = Object.values(both.findResources('AWS::SecretsManager::Secret'))[0]!.Properties;
  for (const character of '@:/?#%[] ') assert.ok(GenerateSecretString.ExcludeCharacters.includes(character), character);
});

test("downstream gets the root certificates of Amazon RDS in a layer, and only the permissions that its sink needs", () => {
  for (const template of [rows, both]) {
    const layer = { Ref: idOf(template, 'AWS::Lambda::LayerVersion') };
    assert.deepEqual(functionProperties(template, 'downstream').Layers, [layer]);
  }
  const metrics = (template: Template) =>
    allowed(template, 'downstream').some((statement) => [statement.Action].flat().includes('cloudwatch:PutMetricData'));
  assert.deepEqual([aws, both, rows].map(metrics), [true, true, false]);
});
