/**
 * Wildrydes: a stream of unicorns' readings. One function stores each reading, another sums the distances of each minute.
 *
 * The CDK context chooses what a bad reading does: `-c failMode=throw` fails the whole batch,
 * `checkpoint` (the default) names the first bad record; `-c bisect=off` turns the halving of failed batches off.
 */
import {
  Duration,
  RemovalPolicy,
  Stack,
  StackProps,
  aws_dynamodb as dynamodb,
  aws_iam as iam,
  aws_kinesis as kinesis,
  aws_lambda as lambda,
  aws_lambda_event_sources as sources,
  aws_sqs as sqs,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { RustFunction } from './rust-function';
import { Settings } from './settings';
import { UserError } from './user-error';

/** The settings in addition to those of every stack. */
export interface WildRydesStackProps extends StackProps {
  readonly settings: Settings;
}

/** All resources of wildrydes, under the names that its README and its clients know. */
export class WildRydesStack extends Stack {
  constructor(scope: Construct, id: string, { settings, ...props }: WildRydesStackProps) {
    super(scope, id, props);
    const checkpoint = this.choice('failMode', ['checkpoint', 'throw']) === 'checkpoint';
    const bisect = this.choice('bisect', ['on', 'off']) === 'on';
    const stream = new kinesis.Stream(this, 'Stream', {
      streamName: 'wildrydes',
      shardCount: 1,
      encryption: kinesis.StreamEncryption.MANAGED,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const readings = this.table('UnicornSensorData', 'Name', 'StatusTime', settings);
    const sums = this.table('UnicornAggregation', 'name', 'windowStart', settings);
    const failures = new sqs.Queue(this, 'Failures', { queueName: 'wildrydes-queue' });

    const processor = new RustFunction(this, 'Processor', {
      settings,
      system: 'wildrydes',
      name: 'processor',
      functionName: 'WildRydesStreamProcessor',
      role: this.role('WildRydesStreamProcessorRole'),
      environment: {
        TABLE_NAME: readings.tableName,
        FAIL_MODE: checkpoint ? 'checkpoint' : 'throw',
        // The function must name failed records if and only if the mapping reads its answer.
        PARTIAL_BATCH: checkpoint ? 'on' : 'off',
      },
    });
    readings.grant(processor, 'dynamodb:BatchWriteItem');
    processor.addEventSource(
      new sources.KinesisEventSource(stream, {
        startingPosition: lambda.StartingPosition.TRIM_HORIZON,
        batchSize: 10,
        maxBatchingWindow: Duration.seconds(30),
        bisectBatchOnError: bisect,
        retryAttempts: 2,
        onFailure: new sources.SqsDlq(failures),
        ...(checkpoint && { reportBatchItemFailures: true }),
      }),
    );

    const aggregator = new RustFunction(this, 'Aggregator', {
      settings,
      system: 'wildrydes',
      name: 'aggregator',
      functionName: 'WildRydesAggregator',
      role: this.role('UnicornAggregationRole'),
      environment: { TABLE_NAME: sums.tableName },
    });
    sums.grant(aggregator, 'dynamodb:UpdateItem');
    aggregator.addEventSource(
      new sources.KinesisEventSource(stream, {
        startingPosition: lambda.StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        bisectBatchOnError: true,
        retryAttempts: 2,
        tumblingWindow: Duration.minutes(1),
      }),
    );
  }

  /** The value that the context has for an option. Default: the first known value. */
  private choice(name: string, known: readonly [string, ...string[]]): string {
    const given: unknown = this.node.tryGetContext(name) ?? known[0];
    const choice = known.find((value) => value === given);
    if (choice === undefined) {
      throw new UserError(`the context ${name}=${given} is no variant of wildrydes`, `choose with -c ${name}=${known.join(` or -c ${name}=`)}`);
    }
    return choice;
  }

  private table(name: string, partition: string, sort: string, settings: Settings): dynamodb.Table {
    return new dynamodb.Table(this, name, {
      tableName: name,
      partitionKey: { name: partition, type: dynamodb.AttributeType.STRING },
      sortKey: { name: sort, type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      removalPolicy: settings.useLocalStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
  }

  private role(name: string): iam.Role {
    return new iam.Role(this, name, {
      roleName: name,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaBasicExecutionRole')],
    });
  }
}
