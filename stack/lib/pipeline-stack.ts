/**
 * The pipeline: API Gateway -> upstream -> Kinesis -> midstream -> DynamoDB -> its stream -> downstream -> the sink.
 */
import {
  CfnOutput,
  RemovalPolicy,
  Stack,
  StackProps,
  aws_apigateway as apigateway,
  aws_dynamodb as dynamodb,
  aws_iam as iam,
  aws_kinesis as kinesis,
  aws_lambda_event_sources as sources,
  aws_sqs as sqs,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { PrivateDatabase, sinkParameters } from './database';
import { PrivateNetwork } from './private-network';
import { RustFunction } from './rust-function';
import { Settings } from './settings';
import { consumeStream } from './stream-consumer';

/** The settings in addition to those of every stack. */
export interface PipelineStackProps extends StackProps {
  readonly settings: Settings;
}

/** All resources of the pipeline. AWS and LocalStack get the same, but only AWS gets a network: on demand, and for a database. */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, { settings, ...props }: PipelineStackProps) {
    super(scope, id, props);
    const stream = this.stream();
    const table = this.table(settings);

    const hasDatabase = !settings.useLocalStack && settings.sink !== 'cloudwatch';
    const vpc = settings.vpc || hasDatabase ? new PrivateNetwork(this, 'Network').vpc : undefined;
    const database = vpc && hasDatabase ? new PrivateDatabase(this, 'Database', vpc) : undefined;
    const common = { settings, vpc, system: 'pipeline' };
    const upstream = new RustFunction(this, 'Upstream', {
      ...common,
      name: 'upstream',
      environment: { STREAM_NAME: stream.streamName },
    });
    const midstream = new RustFunction(this, 'Midstream', {
      ...common,
      name: 'midstream',
      environment: { TABLE_NAME: table.tableName },
    });
    const downstream = new RustFunction(this, 'Downstream', {
      ...common,
      name: 'downstream',
      environment: settings.useLocalStack
        ? sinkParameters(this, settings)
        : { SINK: settings.sink, ...(database && { DATABASE_URL: database.url }) },
    });
    database?.allow(downstream);

    stream.grantWrite(upstream);
    table.grantWriteData(midstream);
    // The sink of a local template is a parameter, so it may be a metric.
    if (settings.useLocalStack || settings.sink !== 'postgres') {
      // CloudWatch metrics have no ARN to narrow this to.
      downstream.addToRolePolicy(new iam.PolicyStatement({ actions: ['cloudwatch:PutMetricData'], resources: ['*'] }));
    }

    consumeStream({
      consumer: midstream,
      source: (options) => new sources.KinesisEventSource(stream, options),
      // A record that cannot be stored cannot be stored later either, and the records behind it in its shard should not wait.
      retryAttempts: 5,
      failures: new sqs.Queue(this, 'MidstreamFailures', { queueName: 'pipeline-midstream-failures' }),
    });
    consumeStream({
      consumer: downstream,
      source: (options) => new sources.DynamoEventSource(table, options),
      // Midstream wrote these records, so a failure here is the sink's, which gets time to recover.
      retryAttempts: 20,
      failures: new sqs.Queue(this, 'DownstreamFailures', { queueName: 'pipeline-downstream-failures' }),
    });

    const api = this.api(upstream);
    new CfnOutput(this, 'ApiGatewayMethodEndpoint', { value: api.urlForPath('/') });
    new CfnOutput(this, 'KinesisStreamName', { value: stream.streamName });
    new CfnOutput(this, 'DynamoDBTableName', { value: table.tableName });
    new CfnOutput(this, 'Environment', { value: settings.useLocalStack ? 'LocalStack' : 'AWS' });
  }

  private stream(): kinesis.Stream {
    return new kinesis.Stream(this, 'KinesisStream', {
      streamName: 'KinesisStream',
      // The framework's default. Without this line it would come with a condition on the region.
      encryption: kinesis.StreamEncryption.MANAGED,
      // Its records are only on their way, and a stream that outlives its stack would keep the next stack from using the name.
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private table(settings: Settings): dynamodb.Table {
    return new dynamodb.Table(this, 'DynamoDBTable', {
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
      // Provisioned capacity of the default size would throttle above about five small writes a second.
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
      removalPolicy: settings.useLocalStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
  }

  /** `POST /` is the only method; API Gateway answers everything else with its own 403. */
  private api(upstream: RustFunction): apigateway.RestApi {
    const api = new apigateway.RestApi(this, 'Api', {
      description: 'Entrance of the serverless data processing pipeline',
      // The role for API Gateway's own logs belongs to the whole account; a stack of an application should not set it.
      cloudWatchRole: false,
    });
    api.root.addMethod('POST', new apigateway.LambdaIntegration(upstream, { allowTestInvoke: false }));
    return api;
  }
}
