/** A Rust function as a Lambda resource, with its binary, runtime and variables. */
import { existsSync } from 'node:fs';
import * as path from 'node:path';

import {
  Annotations,
  Duration,
  RemovalPolicy,
  aws_ec2 as ec2,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_logs as logs,
  aws_s3 as s3,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { Settings } from './settings';
import { UserError } from './user-error';

/** With this bucket name, LocalStack mounts the folder named by the code's key instead of fetching an archive. */
const HOT_RELOAD_BUCKET = 'hot-reload';

/** The address of the cloud for its functions. LocalStack's resolver knows the name inside containers. */
const LOCALSTACK_ENDPOINT = 'http://localhost.localstack.cloud:4566';

/** How long the lines of a function are kept. Without a limit CloudWatch keeps and bills them for ever. */
const RETENTION = logs.RetentionDays.ONE_MONTH;

/** The properties in which Rust functions differ. */
export interface RustFunctionProps {
  readonly settings: Settings;
  /** The system the function belongs to: the folder of its package below the functions' sources. */
  readonly system: string;
  /** The binary's name, which is also its folder in the dist folder and the function's LAMBDA_STAGE. */
  readonly name: string;
  readonly environment?: Record<string, string>;
  /** The function's name in Lambda. Default: CloudFormation makes one. */
  readonly functionName?: string;
  /** The function's role. Default: the framework makes one. */
  readonly role?: iam.IRole;
  /** The private network of the function. Default: none. */
  readonly vpc?: ec2.IVpc | undefined;
  /** The time limit of a call. Default: Lambda's 3 s. */
  readonly timeout?: Duration;
  /** Its memory in MB, which also sets its share of a processor. Default: Lambda's 128 MB. */
  readonly memorySize?: number;
}

/**
 * A function whose `bootstrap` is in the dist folder. Memory and timeout are Lambda's defaults, 128 MB and 3 s,
 * unless a system needs more: most calls use a fraction of both, and with a short timeout a call that hangs is retried soon.
 *
 * Lambda makes a log group without a limit at the first call of a function that has none, and CloudFormation would then refuse to make one of
 * that name. So whatever can call the function, permissions and mappings, waits for the log group.
 */
export class RustFunction extends lambda.Function {
  /** Where its lines are. */
  readonly logs: logs.LogGroup;

  constructor(scope: Construct, id: string, props: RustFunctionProps) {
    const { settings, name, functionName, role, vpc, timeout, memorySize } = props;
    super(scope, id, {
      // Natively built binaries need glibc 2.34. Amazon Linux 2023 has it; Amazon Linux 2 has only 2.26.
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: settings.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
      handler: 'bootstrap',
      code: settings.hotDeploy ? liveCode(scope, id, props) : builtCode(props),
      environment: {
        LAMBDA_STAGE: name,
        ...props.environment,
        ...(settings.useLocalStack && { AWS_ENDPOINT_URL: LOCALSTACK_ENDPOINT }),
      },
      ...(functionName && { functionName }),
      ...(role && { role }),
      ...(vpc && { vpc }),
      ...(timeout && { timeout }),
      ...(memorySize && { memorySize }),
    });
    this.logs = new logs.LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${this.functionName}`,
      retention: RETENTION,
      removalPolicy: settings.useLocalStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
  }

  override addEventSourceMapping(id: string, options: lambda.EventSourceMappingOptions): lambda.EventSourceMapping {
    const mapping = super.addEventSourceMapping(id, options);
    mapping.node.addDependency(this.logs);
    return mapping;
  }

  override addPermission(id: string, permission: lambda.Permission): void {
    super.addPermission(id, permission);
    (permission.scope ?? this).node.tryFindChild(id)?.node.addDependency(this.logs);
  }
}

/** The dist folder itself as the code, so that replacing `bootstrap` there replaces the running function. */
function liveCode(scope: Construct, id: string, props: RustFunctionProps): lambda.Code {
  const bucket = s3.Bucket.fromBucketName(scope, `${id}HotReload`, HOT_RELOAD_BUCKET);
  Annotations.of(bucket).acknowledgeWarning(
    '@aws-cdk/aws-lambda:codeFromBucketObjectVersionNotSpecified',
    'a folder has no object version: what it holds is what runs',
  );
  return lambda.Code.fromBucket(bucket, path.join(props.settings.distFolder, props.name));
}

/** The built function as an archive to upload. Throws a `UserError` if it was never built. */
function builtCode({ settings, system, name }: RustFunctionProps): lambda.Code {
  const folder = path.join(settings.distFolder, name);
  if (!existsSync(path.join(folder, 'bootstrap'))) {
    const sources = path.join(settings.sourceFolder, system, name);
    throw new UserError(
      `no built function \`${name}\`: ${folder} has no bootstrap`,
      `\`devloop up\` or \`devloop watch ${name}\` builds ${sources} into it; LAMBDA_DIST_PATH names another folder`,
    );
  }
  return lambda.Code.fromAsset(folder);
}
