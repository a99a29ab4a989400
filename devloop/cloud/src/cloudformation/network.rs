//! The types of a VPC as records: they have ids and attributes, and nothing stands behind them. Functions run on this machine
//! and reach whatever it reaches; EC2's own API is not there.

use crate::resource::{
    Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Flag, Integer, Text, Texts},
    Task,
};

/// A type that is only recorded.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The beginning of ids.
    prefix: &'static str,
    properties: Properties,
    /// The properties that can change in place.
    updatable: &'static [&'static str],
    attributes: &'static [&'static str],
    /// Computes the id from the generated one, which most types use as it is.
    id: fn(&Task<'_>, String) -> String,
    /// Computes an attribute's value from the generated id and the attribute's name.
    attribute: fn(&Task<'_>, &str, &str) -> String,
}

/// All types, as the CDK's `ec2.Vpc` and its endpoints and security groups need them.
pub(super) fn types() -> Vec<(&'static str, Box<dyn ResourceType>)> {
    let all: [(&'static str, Recorded); 13] = [
        (
            "AWS::EC2::EIP",
            Recorded {
                prefix: "eipalloc-",
                properties: &[("Domain", Text), ("Tags", Shape::TAGS)],
                updatable: &["Tags"],
                attributes: &["AllocationId", "PublicIp"],
                id: |task, _| address(task),
                attribute: |task, made, name| {
                    if name == "PublicIp" { address(task) } else { made.to_owned() }
                },
            },
        ),
        (
            "AWS::EC2::FlowLog",
            Recorded {
                properties: &[
                    ("DeliverLogsPermissionArn", Text),
                    ("LogDestination", Text),
                    ("LogDestinationType", Text),
                    ("LogFormat", Text),
                    ("LogGroupName", Text),
                    ("MaxAggregationInterval", Integer),
                    ("ResourceId", Text),
                    ("ResourceType", Text),
                    ("Tags", Shape::TAGS),
                    ("TrafficType", Text),
                ],
                ..recorded("fl-", &["Id"])
            },
        ),
        (
            "AWS::EC2::InternetGateway",
            Recorded { properties: &[("Tags", Shape::TAGS)], ..recorded("igw-", &["InternetGatewayId"]) },
        ),
        (
            "AWS::EC2::NatGateway",
            Recorded {
                properties: &[
                    ("AllocationId", Text),
                    ("ConnectivityType", Text),
                    ("SubnetId", Text),
                    ("Tags", Shape::TAGS),
                ],
                ..recorded("nat-", &["NatGatewayId"])
            },
        ),
        (
            "AWS::EC2::Route",
            Recorded {
                properties: &[
                    ("DestinationCidrBlock", Text),
                    ("DestinationIpv6CidrBlock", Text),
                    ("GatewayId", Text),
                    ("NatGatewayId", Text),
                    ("RouteTableId", Text),
                    ("VpcEndpointId", Text),
                ],
                updatable: &["GatewayId", "NatGatewayId", "VpcEndpointId"],
                attributes: &["CidrBlock"],
                id: |task, _| format!("{}|{}", own(task, "RouteTableId"), destination(task)),
                attribute: |task, _, _| destination(task),
                ..recorded("r-", &[])
            },
        ),
        (
            "AWS::EC2::RouteTable",
            Recorded {
                properties: &[("Tags", Shape::TAGS), ("VpcId", Text)],
                ..recorded("rtb-", &["RouteTableId"])
            },
        ),
        (
            "AWS::EC2::SecurityGroup",
            Recorded {
                properties: &[
                    ("GroupDescription", Text),
                    ("GroupName", Text),
                    ("SecurityGroupEgress", Any),
                    ("SecurityGroupIngress", Any),
                    ("Tags", Shape::TAGS),
                    ("VpcId", Text),
                ],
                updatable: &["SecurityGroupEgress", "SecurityGroupIngress", "Tags"],
                attribute: |task, made, name| {
                    if name == "VpcId" { own(task, "VpcId") } else { made.to_owned() }
                },
                ..recorded("sg-", &["GroupId", "Id", "VpcId"])
            },
        ),
        ("AWS::EC2::SecurityGroupEgress", Recorded { properties: RULE, ..recorded("sgr-", &["Id"]) }),
        ("AWS::EC2::SecurityGroupIngress", Recorded { properties: RULE, ..recorded("sgr-", &["Id"]) }),
        (
            "AWS::EC2::Subnet",
            Recorded {
                properties: &[
                    ("AvailabilityZone", Text),
                    ("CidrBlock", Text),
                    ("MapPublicIpOnLaunch", Flag),
                    ("Tags", Shape::TAGS),
                    ("VpcId", Text),
                ],
                updatable: &["MapPublicIpOnLaunch", "Tags"],
                attribute: |task, made, name| match name {
                    "AvailabilityZone" => task
                        .text("AvailabilityZone")
                        .map_or_else(|| format!("{}a", task.cx.region), str::to_owned),
                    "CidrBlock" | "VpcId" => own(task, name),
                    _ => made.to_owned(),
                },
                ..recorded("subnet-", &["AvailabilityZone", "CidrBlock", "SubnetId", "VpcId"])
            },
        ),
        (
            "AWS::EC2::SubnetRouteTableAssociation",
            Recorded {
                properties: &[("RouteTableId", Text), ("SubnetId", Text)],
                ..recorded("rtbassoc-", &["Id"])
            },
        ),
        (
            "AWS::EC2::VPC",
            Recorded {
                properties: &[
                    ("CidrBlock", Text),
                    ("EnableDnsHostnames", Flag),
                    ("EnableDnsSupport", Flag),
                    ("InstanceTenancy", Text),
                    ("Tags", Shape::TAGS),
                ],
                updatable: &["EnableDnsHostnames", "EnableDnsSupport", "InstanceTenancy", "Tags"],
                attribute: |task, made, name| match name {
                    "CidrBlock" => own(task, "CidrBlock"),
                    "DefaultNetworkAcl" => made.replace("vpc-", "acl-"),
                    "DefaultSecurityGroup" => made.replace("vpc-", "sg-"),
                    _ => made.to_owned(),
                },
                ..recorded("vpc-", &["CidrBlock", "DefaultNetworkAcl", "DefaultSecurityGroup", "VpcId"])
            },
        ),
        (
            "AWS::EC2::VPCGatewayAttachment",
            Recorded {
                properties: &[("InternetGatewayId", Text), ("VpcId", Text), ("VpnGatewayId", Text)],
                id: |task, _| format!("IGW|{}", own(task, "VpcId")),
                ..recorded("", &[])
            },
        ),
    ];
    let endpoint = Recorded {
        properties: &[
            ("PolicyDocument", Any),
            ("PrivateDnsEnabled", Flag),
            ("RouteTableIds", Texts),
            ("SecurityGroupIds", Texts),
            ("ServiceName", Text),
            ("SubnetIds", Texts),
            ("Tags", Shape::TAGS),
            ("VpcEndpointType", Text),
            ("VpcId", Text),
        ],
        updatable: &[
            "PolicyDocument",
            "PrivateDnsEnabled",
            "RouteTableIds",
            "SecurityGroupIds",
            "SubnetIds",
            "Tags",
        ],
        ..recorded("vpce-", &["Id"])
    };
    let all = all.into_iter().chain([("AWS::EC2::VPCEndpoint", endpoint)]);
    all.map(|(name, recorded)| (name, Box::new(recorded) as Box<dyn ResourceType>)).collect()
}

/// The properties of a security group's rule.
const RULE: Properties = &[
    ("CidrIp", Text),
    ("CidrIpv6", Text),
    ("Description", Text),
    ("DestinationSecurityGroupId", Text),
    ("FromPort", Integer),
    ("GroupId", Text),
    ("IpProtocol", Text),
    ("SourceSecurityGroupId", Text),
    ("ToPort", Integer),
];

/// A type whose id and attributes are the generated id, and whose only property is its tags.
fn recorded(prefix: &'static str, attributes: &'static [&'static str]) -> Recorded {
    Recorded {
        prefix,
        properties: &[],
        updatable: &["Tags"],
        attributes,
        id: |_, made| made,
        attribute: |_, made, _| made.to_owned(),
    }
}

/// A property's text.
fn own(task: &Task<'_>, property: &str) -> String {
    task.text(property).unwrap_or_default().to_owned()
}

fn destination(task: &Task<'_>) -> String {
    let found = task.text("DestinationCidrBlock").or_else(|| task.text("DestinationIpv6CidrBlock"));
    found.unwrap_or_default().to_owned()
}

/// An address of the block that is reserved for documents (RFC 5737).
fn address(task: &Task<'_>) -> String {
    let last = task.stable_id().bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    format!("203.0.113.{last}")
}

impl Recorded {
    fn made(&self, task: &Task<'_>) -> Created {
        let digits = task.stable_id().bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        // The last digits differ most: the first ones encode letters that many ids share.
        let made = format!("{}0{}", self.prefix, &digits[digits.len() - 16..]);
        let created = Created::new((self.id)(task, made.clone()));
        self.attributes
            .iter()
            .fold(created, |created, name| created.with(*name, (self.attribute)(task, &made, name)))
    }
}

impl ResourceType for Recorded {
    fn properties(&self) -> Properties {
        self.properties
    }

    fn attributes(&self) -> &'static [&'static str] {
        self.attributes
    }

    fn updatable(&self) -> &'static [&'static str] {
        self.updatable
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move { Ok(self.made(task)) })
    }

    fn update<'a>(&'a self, _: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move { Ok(before.made.clone()) })
    }

    fn delete<'a>(&'a self, _: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
