/** The network of the pipeline's functions on AWS. */
import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * Two availability zones of isolated subnets, with an endpoint for each service the functions call: the table,
 * the stream and CloudWatch metrics. That is all their traffic, since Lambda itself polls the streams, writes the logs
 * and sends to the failure queues. So there is no NAT gateway to pay by the hour and no way out to the internet.
 */
export class PrivateNetwork extends Construct {
  readonly vpc: ec2.IVpc;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      // No resource uses the default group. To remove its rules, the framework would add a function of its own.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'Functions', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
    vpc.addGatewayEndpoint('DynamoDB', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB });
    vpc.addInterfaceEndpoint('Kinesis', { service: ec2.InterfaceVpcEndpointAwsService.KINESIS_STREAMS });
    vpc.addInterfaceEndpoint('CloudWatch', { service: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING });
    this.vpc = vpc;
  }
}
