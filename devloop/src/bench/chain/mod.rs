//! Any chain of functions, not only the pipeline's: found through the AWS APIs of its endpoint ([`facts`], [`find`]), chosen by the
//! user where there are several ([`mod@choose`]), and followed by what Lambda and the functions log ([`log`], [`ends`], [`mod@account`]).

mod account;
mod choose;
mod ends;
mod facts;
mod find;
mod log;
mod report;
mod words;

pub(crate) use report::{ChainFunction, ChainReport, FollowedBy, Measured};

pub(super) use account::{Evidence, account, answered};
pub(super) use choose::{Choice, choose};
pub(super) use ends::EndRows;
pub(super) use facts::{
    Facts, FunctionFacts, MappingFacts, http_routes, http_stage, integrated, rest_methods,
};
pub(super) use log::FunctionLog;
pub(super) use report::report;
pub(super) use words::named;

/// The kind of an event source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A method of an API Gateway API, REST or HTTP.
    Api,
    Url,
    /// A Kinesis stream.
    Stream,
    /// The stream of a DynamoDB table.
    Table,
    /// An SQS queue.
    Queue,
    /// An SNS topic.
    Topic,
    /// Notifications of an S3 bucket.
    Bucket,
    /// An EventBridge rule or schedule.
    Rule,
    /// A call of the function itself.
    Invoke,
}

impl Kind {
    /// Its word in reports, in front of the name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Api => "API",
            Self::Url => "function URL",
            Self::Stream => "stream",
            Self::Table => "table",
            Self::Queue => "queue",
            Self::Topic => "topic",
            Self::Bucket => "bucket",
            Self::Rule => "rule",
            Self::Invoke => "invoke",
        }
    }

    /// Whether the caller gets the function's own answer, so that the function has ended when the answer is there.
    pub(crate) fn answers(self) -> bool {
        matches!(self, Self::Api | Self::Url | Self::Invoke)
    }
}

/// An event source of functions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// What it is.
    pub(crate) kind: Kind,
    /// `POST /orders` for an API's method; the function's name for a URL and for a call; otherwise the resource's name.
    pub(crate) name: String,
    /// Its ARN; the API's id for a method, the URL for a function URL.
    pub(crate) arn: String,
}

/// The head of a chain: what a load is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// What it is.
    pub(crate) source: Source,
    /// The HTTP method, for an API and a function URL.
    pub(crate) method: String,
    /// The URL, for an API and a function URL.
    pub(crate) url: Option<String>,
}

/// A function of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its name in Lambda.
    pub(crate) function: String,
    /// Its event sources.
    pub(crate) sources: Vec<Source>,
    /// The links whose functions write to these sources, by their index in the chain; empty directly behind the head.
    pub(crate) after: Vec<usize>,
    /// The queue for records that its mapping gave up, by its ARN.
    pub(crate) on_failure: Option<String>,
}

/// A head, and every function that its events reach. A function comes after those that write to its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Where it begins.
    pub(crate) head: Head,
    /// Its functions.
    pub(crate) links: Vec<Link>,
}

impl Chain {
    /// The last links of all branches.
    pub(crate) fn ends(&self) -> Vec<usize> {
        let is_end = |link: &usize| self.links.iter().all(|other| !other.after.contains(link));
        (0..self.links.len()).filter(is_end).collect()
    }

    /// Whether a request is complete with its answer, because no function comes after the one that answers.
    pub(crate) fn ends_with_the_answer(&self) -> bool {
        self.head.source.kind.answers() && self.links.len() == 1
    }
}
