/**
 * The API of the distributed system and of its control: one method that takes a word, protected by a key, a usage plan and a
 * request validator, and `OPTIONS` for pages of other origins.
 */
import { CfnOutput, aws_apigateway as apigateway } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { RustFunction } from './rust-function';

/** The properties in which such APIs differ. */
export interface WordApiProps {
  /** The application's name, with which the names of all resources of the API begin. */
  readonly appName: string;
  readonly stageName: string;
  /** The path below the stage. */
  readonly path: string;
  readonly handler: RustFunction;
}

/** The limits of a key and of the whole stage: requests a second, burst, and requests a month. */
const RATE = { rateLimit: 1000, burstLimit: 500 };
const QUOTA = { limit: 10_000, period: apigateway.Period.MONTH };

/** The API with its key. The endpoint and the key's id are outputs of the stack. */
export class WordApi extends Construct {
  constructor(scope: Construct, id: string, { appName, stageName, path, handler }: WordApiProps) {
    super(scope, id);
    const api = new apigateway.RestApi(this, 'Api', {
      restApiName: `${appName}-API`,
      description: 'Takes a word for processing',
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: { stageName, throttlingRateLimit: RATE.rateLimit, throttlingBurstLimit: RATE.burstLimit },
    });
    const resource = api.root.addResource(path, {
      defaultCorsPreflightOptions: {
        allowOrigins: apigateway.Cors.ALL_ORIGINS,
        allowMethods: ['POST', 'OPTIONS'],
        allowHeaders: ['Content-Type', 'X-Amz-Date', 'Authorization', 'X-Api-Key', 'X-Amz-Security-Token'],
        statusCode: 200,
      },
    });
    const model = api.addModel('Word', {
      contentType: 'application/json',
      schema: {
        schema: apigateway.JsonSchemaVersion.DRAFT4,
        type: apigateway.JsonSchemaType.OBJECT,
        properties: { data: { type: apigateway.JsonSchemaType.STRING } },
      },
    });
    resource.addMethod('POST', new apigateway.LambdaIntegration(handler), {
      apiKeyRequired: true,
      requestModels: { 'application/json': model },
      requestParameters: { 'method.request.header.x-api-key': true },
      requestValidator: api.addRequestValidator('Validator', {
        validateRequestBody: true,
        validateRequestParameters: true,
      }),
    });
    const key = api.addApiKey('Key', { apiKeyName: `${appName}-Key` });
    const plan = api.addUsagePlan('Plan', { name: `${appName}-Plan`, throttle: RATE, quota: QUOTA });
    plan.addApiKey(key);
    plan.addApiStage({ stage: api.deploymentStage });
    new CfnOutput(this, 'Endpoint', { value: api.urlForPath(`/${path}`) }).overrideLogicalId('ApiEndpoint');
    new CfnOutput(this, 'KeyId', { value: key.keyId }).overrideLogicalId('ApiKeyId');
  }
}
