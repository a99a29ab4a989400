/**
 * The distributed system: an API puts words into a queue, a function transforms and stores the word of each message, and words that fail
 * five times are reported by e-mail.
 */
import {
  CfnCondition,
  CfnOutput,
  CfnParameter,
  Duration,
  Fn,
  RemovalPolicy,
  Stack,
  StackProps,
  aws_dynamodb as dynamodb,
  aws_lambda_event_sources as sources,
  aws_sns as sns,
  aws_sqs as sqs,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { RustFunction } from './rust-function';
import { Settings } from './settings';
import { WordApi } from './word-api';

/** How often a message is received before it goes to the dead-letter queue. */
const TRIES = 5;

/** The settings in addition to those of every stack. */
export interface DistributedStackProps extends StackProps {
  readonly settings: Settings;
}

/** The table that both systems store words in. */
function wordTable(scope: Construct, settings: Settings): dynamodb.Table {
  return new dynamodb.Table(scope, 'Table', {
    partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    removalPolicy: settings.useLocalStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
  });
}

/** All resources of the distributed system. */
export class DistributedStack extends Stack {
  constructor(scope: Construct, id: string, { settings, ...props }: DistributedStackProps) {
    super(scope, id, props);
    const appName = 'DistComp';
    const email = new CfnParameter(this, 'NotificationEmail', {
      description: 'Where failures are told by e-mail; nowhere when it is empty',
      default: settings.useLocalStack ? 'developer@example.com' : '',
    });
    const dead = new sqs.Queue(this, 'DeadQueue', {
      visibilityTimeout: Duration.seconds(30),
      receiveMessageWaitTime: Duration.seconds(2),
    });
    const queue = new sqs.Queue(this, 'Queue', {
      visibilityTimeout: Duration.seconds(30),
      deadLetterQueue: { queue: dead, maxReceiveCount: TRIES },
    });
    const table = wordTable(this, settings);
    const topic = new sns.Topic(this, 'Topic', { displayName: appName });
    const subscription = new sns.CfnSubscription(this, 'Notification', {
      topicArn: topic.topicArn,
      protocol: 'email',
      endpoint: email.valueAsString,
    });
    const wanted = new CfnCondition(this, 'NotificationWanted', {
      expression: Fn.conditionNot(Fn.conditionEquals(email.valueAsString, '')),
    });
    subscription.cfnOptions.condition = wanted;

    const data = new RustFunction(this, 'Data', {
      settings,
      system: 'distributed',
      name: 'distributed-data',
      environment: { SQSQUEUE: queue.queueUrl },
    });
    queue.grantSendMessages(data);

    const process = new RustFunction(this, 'Process', {
      settings,
      system: 'distributed',
      name: 'distributed-process',
      // The function must name failed messages exactly when the mapping reads its answer.
      environment: { DBTABLE: table.tableName, PARTIAL_BATCH: 'on' },
    });
    table.grant(process, 'dynamodb:PutItem');
    process.addEventSource(new sources.SqsEventSource(queue, { batchSize: 1, reportBatchItemFailures: true }));

    const teller = new RustFunction(this, 'Dead', {
      settings,
      system: 'distributed',
      name: 'distributed-dead',
      environment: {
        SNSTOPIC: topic.topicArn,
        SNSSUBJECT: `${appName}: Data Processing Failure`,
        MAX_RECEIVE_COUNT: `${TRIES}`,
        PARTIAL_BATCH: 'on',
      },
    });
    topic.grantPublish(teller);
    teller.addEventSource(new sources.SqsEventSource(dead, { batchSize: 1, reportBatchItemFailures: true }));

    new WordApi(this, 'Words', { appName, stageName: 'dev', path: 'process', handler: data });
    new CfnOutput(this, 'TableName', { value: table.tableName });
    new CfnOutput(this, 'QueueUrl', { value: queue.queueUrl });
    new CfnOutput(this, 'DeadQueueUrl', { value: dead.queueUrl });
  }
}

/** The control: one function that takes, transforms and stores a word in one call. */
export class SingleStack extends Stack {
  constructor(scope: Construct, id: string, { settings, ...props }: DistributedStackProps) {
    super(scope, id, props);
    const table = wordTable(this, settings);
    const single = new RustFunction(this, 'Single', {
      settings,
      system: 'distributed',
      name: 'distributed-single',
      environment: { DBTABLE: table.tableName },
    });
    table.grant(single, 'dynamodb:PutItem');
    new WordApi(this, 'Words', { appName: 'DistComp-Single', stageName: 'dev', path: 'process', handler: single });
    new CfnOutput(this, 'TableName', { value: table.tableName });
  }
}
