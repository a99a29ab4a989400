/**
 * The settings of a deployment, from environment variables and from the CDK's context. Pure: `bin/` passes the process environment and
 * the context, tests pass literals. Every variable and every name of the context that the app reads is named here and in the README's table.
 */
import * as path from 'node:path';

import { UserError } from './user-error';

/** Where downstream sends its measurements. */
export type Sink = (typeof sinks)[number];

export const sinks = ['cloudwatch', 'postgres', 'both'] as const;

/** The processors of Lambda for which functions can be built. */
export type Architecture = (typeof architectures)[number];

export const architectures = ['x86_64', 'arm64'] as const;

/** The systems that have a stack. `single` is the control of `distributed`. */
export const systems = ['pipeline', 'wildrydes', 'xml', 'distributed', 'single'] as const;

/** One of the systems, or all. */
export type System = (typeof systems)[number] | 'all';

/** The settings of every stack of the app. */
export interface Settings {
  /** The system whose stack is made. Functions of other systems need not be built. */
  readonly system: System;
  /** Whether to deploy to LocalStack, or to a cloud with the same API such as devloop's embedded one. */
  readonly useLocalStack: boolean;
  /** Whether functions run directly from the dist folder, so that a rebuilt binary is live without a deployment. */
  readonly hotDeploy: boolean;
  /** Whether the pipeline's functions get a network without a way out, where they would have none otherwise. Only on AWS. */
  readonly vpc: boolean;
  /** The processor that the functions in the dist folder are built for. */
  readonly architecture: Architecture;
  /** The absolute path of the folder of the functions' sources. */
  readonly sourceFolder: string;
  /** The absolute path of the folder with `<function>/bootstrap` for every built function. */
  readonly distFolder: string;
  readonly sink: Sink;
  /** The URL of the PostgreSQL database of a local deployment. On AWS the stack has a database of its own. */
  readonly databaseUrl?: string;
  /** Warnings about variables whose values are probably mistakes. */
  readonly warnings: readonly string[];
}

/** The settings that the CDK's context has too (`-c sink=postgres`), with their variables. The context goes first. */
export const inContext = { system: 'SYSTEM', sink: 'SINK', databaseUrl: 'DATABASE_URL', vpc: 'VPC', architecture: 'LAMBDA_ARCHITECTURE' } as const;

/** What the context has of them. */
export type Context = Readonly<Partial<Record<keyof typeof inContext, unknown>>>;

/**
 * Reads the settings; relative folders are taken from `repositoryRoot`. A setting of the context counts instead of its variable.
 *
 * Throws a `UserError` if HOT_DEPLOY is on without USE_LOCALSTACK or VPC with it, if SYSTEM, LAMBDA_ARCHITECTURE or SINK names nothing that there
 * is, or if DATABASE_URL is missing although it is needed or given although it is not used.
 */
export function readSettings(variables: NodeJS.ProcessEnv, repositoryRoot: string, context: Context = {}): Settings {
  const environment = { ...variables };
  for (const [name, variable] of Object.entries(inContext)) {
    const value = context[name as keyof Context];
    if (value !== undefined) environment[variable] = String(value);
  }
  const useLocalStack = environment.USE_LOCALSTACK === 'true';
  const hotDeploy = environment.HOT_DEPLOY === 'true';
  if (hotDeploy && !useLocalStack) {
    throw new UserError(
      'HOT_DEPLOY=true needs USE_LOCALSTACK=true: AWS cannot run code from a folder of this machine',
      'set USE_LOCALSTACK=true to deploy locally, or unset HOT_DEPLOY to deploy the built functions to AWS',
    );
  }
  const vpc = environment.VPC === 'true';
  if (vpc && useLocalStack) {
    throw new UserError(
      'VPC=true is for AWS: a local cloud has no network to keep functions in',
      'unset VPC, or unset USE_LOCALSTACK to deploy to AWS',
    );
  }
  const system = readSystem(environment.SYSTEM || 'pipeline');
  const architecture = readArchitecture(environment.LAMBDA_ARCHITECTURE || 'x86_64');
  const sink = readSink(environment.SINK || 'cloudwatch');
  const databaseUrl = readDatabaseUrl(environment.DATABASE_URL, sink, useLocalStack);
  return {
    system,
    useLocalStack,
    hotDeploy,
    vpc,
    architecture,
    sourceFolder: path.resolve(repositoryRoot, environment.LAMBDA_SRC_PATH || 'functions'),
    distFolder: path.resolve(repositoryRoot, environment.LAMBDA_DIST_PATH || 'target/devloop/dist'),
    sink,
    ...(databaseUrl !== undefined && { databaseUrl }),
    warnings: ['USE_LOCALSTACK', 'HOT_DEPLOY', 'VPC'].flatMap((name) => switchWarning(name, environment[name])),
  };
}

function readSystem(name: string): System {
  const system = [...systems, 'all' as const].find((known) => known === name);
  if (system === undefined) {
    throw new UserError(`SYSTEM=${name} is not a system with a stack`, `the systems are: ${systems.join(', ')}, or all`);
  }
  return system;
}

function readArchitecture(name: string): Architecture {
  const architecture = architectures.find((known) => known === name);
  if (architecture === undefined) {
    throw new UserError(`LAMBDA_ARCHITECTURE=${name} is not a processor of Lambda`, `its processors are: ${architectures.join(', ')}`);
  }
  return architecture;
}

function readSink(name: string): Sink {
  const sink = sinks.find((known) => known === name);
  if (sink === undefined) {
    throw new UserError(`SINK=${name} is not a sink of the pipeline`, `the pipeline can write to: ${sinks.join(', ')}`);
  }
  return sink;
}

function readDatabaseUrl(url: string | undefined, sink: Sink, useLocalStack: boolean): string | undefined {
  if (useLocalStack && sink !== 'cloudwatch' && !url) {
    throw new UserError(
      `SINK=${sink} needs DATABASE_URL: a local cloud has no database`,
      'set DATABASE_URL=postgres://user:password@host:port/database, as the functions reach it',
    );
  }
  if (url && (sink === 'cloudwatch' || !useLocalStack)) {
    throw new UserError(
      useLocalStack
        ? 'DATABASE_URL is set, but the sink cloudwatch writes to no database'
        : 'DATABASE_URL is for local deployments: on AWS the stack has a database of its own',
      useLocalStack ? 'set SINK=both or SINK=postgres, or unset DATABASE_URL' : 'unset DATABASE_URL, or set USE_LOCALSTACK=true',
    );
  }
  return url || undefined;
}

/** Only `true` turns a switch on. The warning keeps a user who wrote `1` or `True` from deploying to AWS unnoticed. */
function switchWarning(name: string, value: string | undefined): string[] {
  if (value === undefined || ['', '0', 'false', 'true'].includes(value)) return [];
  return [`${name}=${value} counts as off: only the value true turns it on`];
}
