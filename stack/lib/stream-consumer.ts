/** How a function consumes a Kinesis stream or a table's stream without losing an event or being blocked by one. */
import { Duration, aws_lambda as lambda, aws_lambda_event_sources as sources, aws_sqs as sqs } from 'aws-cdk-lib';

/** The options of one consumer. */
export interface StreamConsumerProps {
  readonly consumer: lambda.Function;
  /** The event source for the mapping's options: `KinesisEventSource` or `DynamoEventSource`. */
  readonly source: (options: sources.StreamEventSourceProps) => lambda.IEventSource;
  /** How often a batch that failed is delivered again before its records count as failed. */
  readonly retryAttempts: number;
  /** Receives the position of a discarded batch in its stream, so that an operator can read the batch again. */
  readonly failures: sqs.IQueue;
}

/** Maps the stream to the function. */
export function consumeStream({ consumer, source, retryAttempts, failures }: StreamConsumerProps): void {
  consumer.addEventSource(
    source({
      // With LATEST the records written between the mapping's creation and its first poll, minutes on AWS, are never
      // delivered. The stream is created with the mapping, so the oldest record is the first one of this deployment.
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts,
      maxRecordAge: Duration.hours(1),
      onFailure: new sources.SqsDlq(failures),
    }),
  );
  // The function must name failed records if and only if the mapping reads its answer: an answer that is not read
  // counts as success, and the failed records would be lost. So both are switched on here and nowhere else.
  consumer.addEnvironment('PARTIAL_BATCH', 'on');
}
