/**
 * What cdk-nag's rules of AWS Solutions find in the stacks and why it stays so. The test `nag` fails on a finding that is not explained here, and on
 * an explanation without a finding.
 */

/** A rule, or several that end in a detail, and why the resources that break it are left as they are. */
export interface AcceptedFinding {
  /** The finding's id without its pack, such as `SQS3`; what follows it in brackets is part of it. */
  readonly rule: string;
  /** Whether it is found in the stacks for AWS alone: locally there is no network and no database. */
  readonly awsOnly?: true;
  readonly reason: string;
}

const LOCAL_HTTP =
  'the same resources serve local clouds, which speak HTTP and would refuse every request under such a policy; on AWS every client is an SDK, whose endpoints are HTTPS';
const NO_USERS = 'the systems have no users to tell apart; who deploys them for others adds an authorizer';
const ACCOUNT_LOGS =
  "an API's logs need a role for API Gateway in the whole account, which a stack of an application should not set; the functions log every request";

/** Every finding that is accepted. */
export const acceptedFindings: readonly AcceptedFinding[] = [
  { rule: 'APIG1', reason: ACCOUNT_LOGS },
  { rule: 'APIG2', reason: 'the functions check their input themselves and answer with the cause; XML has no model in API Gateway' },
  { rule: 'APIG3', reason: 'a firewall is billed by the month and shared by an account; it is not for an example to bring' },
  { rule: 'APIG4', reason: NO_USERS },
  { rule: 'APIG6', reason: ACCOUNT_LOGS },
  { rule: 'COG4', reason: NO_USERS },
  { rule: 'DDB3', reason: 'the tables hold what test data makes of itself and can be made again; recovery is billed by the gigabyte' },
  {
    rule: 'EC23',
    awsOnly: true,
    reason: "the rule cannot read the network's address range, which is the VPC's own: the endpoints take HTTPS from inside of it alone",
  },
  {
    rule: 'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    reason: 'AWS keeps it as small as writing logs needs',
  },
  {
    rule: 'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole]',
    awsOnly: true,
    reason: 'AWS keeps it as small as a network interface needs',
  },
  { rule: 'IAM5[Resource::*]', reason: 'PutMetricData knows no resources: metrics have no ARN' },
  {
    rule: 'IAM5[Resource::arn:<AWS::Partition>:s3:::json-data/*]',
    reason: 'the keys of the files come with the files; the bucket is named',
  },
  {
    rule: 'IAM5[Resource::arn:<AWS::Partition>:s3:::xml-data/*]',
    reason: 'the keys of the files come with the files; the bucket is named',
  },
  { rule: 'RDS6', awsOnly: true, reason: 'the function is given a URL with its password, the same way as locally' },
  { rule: 'RDS10', awsOnly: true, reason: '`cdk destroy` is to end what is billed; a snapshot stays' },
  { rule: 'S1', reason: 'the buckets are a queue of files between two functions, whose logs name every one of them' },
  { rule: 'S10', reason: LOCAL_HTTP },
  { rule: 'SMG4', awsOnly: true, reason: "the password is in the function's variable: after a rotation the stack has to be deployed again" },
  { rule: 'SNS3', reason: LOCAL_HTTP },
  { rule: 'SQS3', reason: 'these queues are where failures end; the rule knows only redrive policies' },
  { rule: 'SQS4', reason: LOCAL_HTTP },
  { rule: 'VPC7', awsOnly: true, reason: 'the network has no way out: its only traffic is that of its endpoints, which CloudTrail has' },
];
