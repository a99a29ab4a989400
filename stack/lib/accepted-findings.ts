/**
 * The findings of cdk-nag's AWS Solutions rules in the stacks, with the reason why each is accepted. The test `nag` fails on a finding without an
 * explanation here, and on an explanation without a finding.
 */

/** An accepted finding, and why the resources stay as they are. */
export interface AcceptedFinding {
  /** The finding's id without its pack, such as `SQS3`, with the detail in brackets, if any. */
  readonly rule: string;
  /** Whether only the stacks for AWS have the finding: the local ones have no network and no database. */
  readonly awsOnly?: true;
  readonly reason: string;
}

const LOCAL_HTTP =
  'the same resources serve local clouds, which speak HTTP and would refuse every request under such a policy; on AWS every client is an SDK, whose endpoints are HTTPS';
const NO_USERS = 'the systems have no users; whoever deploys them for others has to add an authorizer';
const ACCOUNT_LOGS =
  "an API's logs need a role of API Gateway for the whole account, which a stack of an application should not set; the functions log every request";

/** Every finding that is accepted. */
export const acceptedFindings: readonly AcceptedFinding[] = [
  { rule: 'APIG1', reason: ACCOUNT_LOGS },
  { rule: 'APIG2', reason: 'the functions check their input themselves and answer with the cause; XML has no model in API Gateway' },
  { rule: 'APIG3', reason: 'a firewall is billed monthly and shared within an account; an example should not add one' },
  { rule: 'APIG4', reason: NO_USERS },
  { rule: 'APIG6', reason: ACCOUNT_LOGS },
  { rule: 'COG4', reason: NO_USERS },
  { rule: 'DDB3', reason: 'the tables hold results of test data, which can be produced again; recovery is billed by the gigabyte' },
  {
    rule: 'EC23',
    awsOnly: true,
    reason: "the rule cannot read the network's address range, which is the VPC's own: the endpoints accept HTTPS only from inside the VPC",
  },
  {
    rule: 'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    reason: 'the policy of AWS allows only the writing of logs',
  },
  {
    rule: 'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole]',
    awsOnly: true,
    reason: 'the policy of AWS allows only logs and network interfaces',
  },
  { rule: 'IAM5[Resource::*]', reason: 'PutMetricData has no resources: metrics have no ARN' },
  {
    rule: 'IAM5[Resource::arn:<AWS::Partition>:s3:::json-data/*]',
    reason: 'the keys of the files are not known beforehand; the bucket is named',
  },
  {
    rule: 'IAM5[Resource::arn:<AWS::Partition>:s3:::xml-data/*]',
    reason: 'the keys of the files are not known beforehand; the bucket is named',
  },
  { rule: 'RDS6', awsOnly: true, reason: 'the function gets a URL with a password, as it does locally' },
  { rule: 'RDS10', awsOnly: true, reason: '`cdk destroy` should end the costs; a snapshot stays' },
  { rule: 'S1', reason: 'the buckets only pass files between two functions, whose logs name every file' },
  { rule: 'S10', reason: LOCAL_HTTP },
  { rule: 'SMG4', awsOnly: true, reason: "the password is in the function's variable: after a rotation the stack has to be deployed again" },
  { rule: 'SNS3', reason: LOCAL_HTTP },
  { rule: 'SQS3', reason: 'these queues are the failure queues; the rule recognises only redrive policies' },
  { rule: 'SQS4', reason: LOCAL_HTTP },
  { rule: 'VPC7', awsOnly: true, reason: 'the network has no way out: its only traffic is calls of its endpoints, which CloudTrail records' },
];
