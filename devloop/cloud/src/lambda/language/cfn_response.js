// Answers CloudFormation for a custom resource [cfn-response module, AWS CloudFormation User Guide].
'use strict';

exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';

/** Puts the outcome where the event says; resolves when that is done. */
exports.send = (event, context, responseStatus, responseData, physicalResourceId, noEcho) => new Promise((resolve) => {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: `See the details in CloudWatch Log Stream: ${context.logStreamName}`,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const url = new URL(event.ResponseURL);
  const { request } = require(url.protocol === 'http:' ? 'node:http' : 'node:https');
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  const ended = (text) => {
    console.log(text);
    context.done?.();
    resolve();
  };
  const call = request(url, { method: 'PUT', headers }, (answer) => {
    answer.resume();
    ended(`Status code: ${answer.statusCode}`);
  });
  call.on('error', (error) => ended(`send(..) failed executing https.request(..): ${error}`));
  call.end(body);
});
