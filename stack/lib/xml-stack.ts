/**
 * XML: files that are put into one bucket become JSON files in another, by rules from a table. An API takes files too.
 *
 * The bucket's own notification setting calls the function for new files. The CDK's construct for that would add a function in
 * JavaScript that makes the setting. Here all names are known beforehand, so no resource has to wait for another.
 */
import {
  CfnOutput,
  Duration,
  RemovalPolicy,
  Stack,
  StackProps,
  aws_apigateway as apigateway,
  aws_dynamodb as dynamodb,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_lambda_destinations as destinations,
  aws_logs as logs,
  aws_s3 as s3,
  aws_sqs as sqs,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { RustFunction } from './rust-function';
import { Settings } from './settings';

/** The settings in addition to those of every stack. */
export interface XmlStackProps extends StackProps {
  readonly settings: Settings;
}

/** The buckets of the XML files and of the JSON files. */
const XML_BUCKET = 'xml-data';
const JSON_BUCKET = 'json-data';

/** All resources of the XML system, under the names that its README and its clients know. */
export class XmlStack extends Stack {
  constructor(scope: Construct, id: string, { settings, ...props }: XmlStackProps) {
    super(scope, id, props);
    const removalPolicy = settings.useLocalStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const rules = new dynamodb.Table(this, 'Rules', {
      tableName: 'rulesTable',
      partitionKey: { name: 'RuleId', type: dynamodb.AttributeType.NUMBER },
      readCapacity: 10,
      writeCapacity: 5,
      removalPolicy,
    });
    const failures = new sqs.Queue(this, 'Failures', { queueName: 'data-transform-failures' });
    const stage = settings.useLocalStack ? 'local' : 'prod';
    const common = { settings, system: 'xml', timeout: Duration.seconds(30), memorySize: 512 };

    const process = new RustFunction(this, 'Process', {
      ...common,
      name: 'xml-process',
      functionName: `data-transform-${stage}-process`,
      environment: { TABLE_NAME: rules.tableName, TO_BUCKET: JSON_BUCKET, REFERENCE_RULE: 'on' },
    });
    process.configureAsyncInvoke({ retryAttempts: 2, onFailure: new destinations.SqsDestination(failures) });
    rules.grant(process, 'dynamodb:GetItem', 'dynamodb:PutItem');
    this.allow(process, XML_BUCKET, 's3:GetObject');
    this.allow(process, JSON_BUCKET, 's3:GetObject', 's3:PutObject');
    // A file that cannot be converted is no failure of the function, which reports it in the bucket and is not called again for it.
    process.logs.addMetricFilter('Refused', {
      filterName: 'refused-files',
      filterPattern: logs.FilterPattern.stringValue('$.outcome', '=', 'refused'),
      metricNamespace: 'xml',
      metricName: 'RefusedFiles',
      metricValue: '1',
    });

    const upload = new RustFunction(this, 'Upload', {
      ...common,
      name: 'xml-upload',
      functionName: `data-transform-${stage}-upload`,
      environment: { TABLE_NAME: rules.tableName, ALLOWED_BUCKETS: XML_BUCKET, REFERENCE_RULE: 'on' },
    });
    rules.grant(upload, 'dynamodb:GetItem');
    this.allow(upload, XML_BUCKET, 's3:PutObject');

    const permission = new lambda.CfnPermission(this, 'BucketCallsProcess', {
      action: 'lambda:InvokeFunction',
      functionName: process.functionArn,
      principal: 's3.amazonaws.com',
      sourceAccount: this.account,
      sourceArn: `arn:${this.partition}:s3:::${XML_BUCKET}`,
    });
    permission.node.addDependency(process.logs);
    const incoming = this.bucket('XmlFiles', XML_BUCKET, removalPolicy);
    incoming.notificationConfiguration = {
      lambdaConfigurations: [
        {
          event: 's3:ObjectCreated:*',
          function: process.functionArn,
          filter: { s3Key: { rules: [{ name: 'suffix', value: '.xml' }] } },
        },
      ],
    };
    incoming.addResourceDependency(permission);
    this.bucket('JsonFiles', JSON_BUCKET, removalPolicy);

    const api = new apigateway.RestApi(this, 'Api', {
      description: 'Takes XML files',
      binaryMediaTypes: ['*/*'],
      deployOptions: { stageName: stage },
      cloudWatchRole: false,
    });
    for (const path of ['upload', 'upload-url']) {
      const resource = api.root.addResource(path);
      resource.addMethod('POST', new apigateway.LambdaIntegration(upload, { allowTestInvoke: false }));
      const preflight = resource.addCorsPreflight({
        allowOrigins: apigateway.Cors.ALL_ORIGINS,
        allowMethods: ['POST', 'OPTIONS'],
        allowHeaders: ['Content-Type'],
      });
      // With all bodies binary, a mock integration reads its template only if text is requested.
      const method = preflight.node.defaultChild as apigateway.CfnMethod;
      method.addPropertyOverride('Integration.ContentHandling', 'CONVERT_TO_TEXT');
    }
    (api.node.findChild('Endpoint') as CfnOutput).overrideLogicalId('ApiEndpoint');
    new CfnOutput(this, 'XmlBucket', { value: XML_BUCKET });
    new CfnOutput(this, 'JsonBucket', { value: JSON_BUCKET });
  }

  private bucket(id: string, bucketName: string, removalPolicy: RemovalPolicy): s3.CfnBucket {
    const bucket = new s3.Bucket(this, id, {
      bucketName,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      removalPolicy,
    });
    return bucket.node.defaultChild as s3.CfnBucket;
  }

  /** The permission for an action on the objects of a bucket, which need not exist yet. */
  private allow(consumer: RustFunction, bucket: string, ...actions: string[]): void {
    const arn = `arn:${this.partition}:s3:::${bucket}`;
    consumer.addToRolePolicy(new iam.PolicyStatement({ actions, resources: [`${arn}/*`] }));
    // Without the permission to list, S3 answers for a missing object as for a forbidden one.
    if (actions.includes('s3:GetObject')) {
      consumer.addToRolePolicy(new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [arn] }));
    }
  }
}
