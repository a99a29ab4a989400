// The runtime client of Node.js functions: loads the handler, and carries events and answers between it and the Runtime API [Using the
// Lambda runtime API for custom runtimes; Define Lambda function handler in Node.js; Node.js Lambda context object; Response streaming
// for Lambda functions]. Devloop hands it to the machine's own interpreter through standard input, which it calls `[stdin]` in stacks.
//
// What it prints is in log.js, and where it finds packages in packages.js; their texts stand before this one.
const http = require('node:http');
const https = require('node:https');
const { Writable } = require('node:stream');

const API = process.env.AWS_LAMBDA_RUNTIME_API;
const ROOT = process.env.LAMBDA_TASK_ROOT;
const CONTEXT_TYPE = 'application/vnd.awslambda.http-integration-response';
const STREAMING = Symbol('devloop.streaming');

/** The first major version of Lambda's Node.js whose handlers get no callback [Node.js 24, AWS Lambda Developer Guide]. */
const WITHOUT_CALLBACKS = 24;
const major = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1] ?? 0);

// The Runtime API, over one connection that is kept open. What the function does to the `http` module of its own, such as tracing it,
// is not done to this one, because it is taken hold of here.

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const { request: httpRequest } = http;
const [host, port] = API.split(':');

function open(method, where, headers, resolve, reject) {
  const options = { agent, host, port, method, path: `/2018-06-01/runtime/${where}`, headers };
  const call = httpRequest(options, (answer) => {
    const chunks = [];
    answer.on('data', (chunk) => chunks.push(chunk));
    answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }));
  });
  call.on('error', reject);
  return call;
}

function ask(method, where, body, headers = {}) {
  return new Promise((resolve, reject) => open(method, where, headers, resolve, reject).end(body));
}

function fail(where, document) {
  const { errorType, errorMessage, trace } = document;
  const headers = { 'content-type': 'application/json', 'lambda-runtime-function-error-type': errorType };
  return ask('POST', where, JSON.stringify({ errorType, errorMessage, trace }), headers);
}

// The answers of custom resources. On AWS their address is `https` with the usual port, and so many handlers, the CDK's among them, take
// only the name and the path from it and send by `https`. Here it is an `http` address with a port.

const { request: httpsRequest } = https;
let answerTo;

/** The address that the event wants its answer at, if it is a custom resource's. */
function answerAddress(event) {
  const address = event?.ResponseURL;
  return typeof address === 'string' && address.startsWith('http:') ? new URL(address) : undefined;
}

https.request = function request(options, ...rest) {
  const { hostname, host, path: wanted } = options instanceof URL ? {} : options ?? {};
  const isAnswer = answerTo && (hostname ?? host) === answerTo.hostname && wanted === answerTo.pathname + answerTo.search;
  if (!isAnswer) return httpsRequest.call(this, options, ...rest);
  const { agent: _, protocol, ...others } = options;
  return httpRequest({ ...others, host: answerTo.hostname, port: answerTo.port }, ...rest);
};
// So that modules that import its name see it too.
modules.syncBuiltinESMExports();

// The handler.

/** The module and the way to the function in it: `dir/index.a.b` is `a.b` of `dir/index`. */
function taken(name) {
  if (name.includes('..')) {
    throw new Fault('Runtime.MalformedHandlerName',
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const base = path.basename(name);
  const dot = base.indexOf('.');
  if (dot < 0) throw new Fault('Runtime.MalformedHandlerName', 'Bad handler');
  return { folder: name.slice(0, name.length - base.length), module: base.slice(0, dot), names: base.slice(dot + 1).split('.') };
}

/** Whether Node.js takes a `.js` file for an ES module: the nearest package.json says so. */
function isModule(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type === 'module';
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
    }
    if (folder === path.dirname(folder)) return false;
  }
}

/** An ES module. */
function imported(file) {
  findImports();
  return import(pathToFileURL(file).href);
}

async function loaded(folder, module) {
  const from = modules.createRequire(path.join(ROOT, 'package.json'));
  const file = path.resolve(ROOT, folder, module);
  const is = (extension) => fs.existsSync(file + extension);
  if (fs.existsSync(file) && fs.statSync(file).isFile()) return from(file);
  if (is('.js')) return isModule(`${file}.js`) ? imported(`${file}.js`) : from(`${file}.js`);
  if (is('.mjs')) return imported(`${file}.mjs`);
  if (is('.cjs')) return from(`${file}.cjs`);
  return from(from.resolve(module, { paths: [path.resolve(ROOT, folder), ROOT] }));
}

async function load(name) {
  const { folder, module, names } = taken(name);
  let found;
  try {
    found = await loaded(folder, module);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault('Runtime.UserCodeSyntaxError', String(error), error);
    if (['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes(error?.code)) {
      throw new Fault('Runtime.ImportModuleError', String(withHint(error)), error);
    }
    throw error;
  }
  const pick = (from) => names.reduce((value, part) => value?.[part], from);
  const handler = pick(found) ?? pick(found.default);
  if (handler === undefined || handler === null) {
    throw new Fault('Runtime.HandlerNotFound', `${path.basename(name)} is undefined or not exported`);
  }
  if (typeof handler !== 'function') {
    throw new Fault('Runtime.HandlerNotFound', `${path.basename(name)} is not a function`);
  }
  if (major >= WITHOUT_CALLBACKS && handler.length >= 3 && !handler[STREAMING]) {
    throw new Fault('Runtime.CallbackHandlerDeprecated',
      `Lambda has no callback-based handlers from Node.js ${WITHOUT_CALLBACKS} on: let ${path.basename(name)} be an async function`);
  }
  return handler;
}

// Streamed answers.

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[STREAMING] = { highWaterMark: options?.highWaterMark };
    return handler;
  },
  HttpResponseStream: {
    /** Sends what stands before the body, status and headers, and marks the answer as one that has it. */
    from(stream, prelude) {
      stream.setContentType(CONTEXT_TYPE);
      stream.write(JSON.stringify(prelude));
      stream.write(Buffer.alloc(8));
      return stream;
    },
  },
};

/** A stream whose bytes go to the Runtime API as they come; the request is made with the first of them. */
class ResponseStream extends Writable {
  #type = 'application/octet-stream';
  #call;
  #sent;
  #done;

  constructor(id, options) {
    super(options?.highWaterMark ? { highWaterMark: options.highWaterMark } : {});
    this.#sent = new Promise((resolve, reject) => { this.#done = { resolve, reject }; });
    this.#sent.catch(() => {});
    this.id = id;
  }

  setContentType(type) {
    this.#type = type;
  }

  #begin() {
    if (this.#call) return this.#call;
    const headers = {
      'content-type': this.#type, 'lambda-runtime-function-response-mode': 'streaming', 'transfer-encoding': 'chunked',
      trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    };
    this.#call = open('POST', `invocation/${this.id}/response`, headers, this.#done.resolve, this.#done.reject);
    return this.#call;
  }

  _write(chunk, encoding, done) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    this.#begin().write(bytes, done);
  }

  _final(done) {
    this.#begin().end(done);
  }

  /** Whether anything was sent: then an error can follow in trailers only. */
  get began() {
    return this.#call !== undefined;
  }

  /** Resolves when the cloud has taken the answer. */
  get sent() {
    return this.#sent;
  }

  break(document) {
    this.#call.addTrailers({
      'Lambda-Runtime-Function-Error-Type': document.errorType,
      'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(document)).toString('base64'),
    });
    this.#call.end();
    return this.#sent;
  }
}

async function stream(handler, event, context) {
  const response = new ResponseStream(requestId, handler[STREAMING]);
  try {
    const ended = new Promise((resolve, reject) => response.on('finish', resolve).on('error', reject));
    ended.catch(() => {});
    await Promise.race([handler(event, response, context), ended.then(() => new Promise(() => {}))]);
    if (!response.writableEnded) response.end();
    await ended;
    await response.sent;
  } catch (error) {
    tell('Invoke Error', error);
    const document = described(error);
    await (response.began ? response.break(document) : fail(`invocation/${requestId}/error`, document));
  }
}

// One event.

function context(headers, waits) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const given = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  return {
    get callbackWaitsForEmptyEventLoop() { return waits.forEmptyLoop; },
    set callbackWaitsForEmptyEventLoop(value) { waits.forEmptyLoop = value; },
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: given('lambda-runtime-client-context'),
    identity: given('lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  };
}

/** Runs an ordinary handler; resolves with its result, by promise, by callback, or when nothing is left to do. */
function result(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const waits = { forEmptyLoop: true };
    let settle;
    const idle = () => {
      if (settle) return settle();
      // Nothing is left that could answer [Using callbacks, AWS Lambda Developer Guide].
      if (major < WITHOUT_CALLBACKS) return resolve(null);
      return reject(new Fault('Runtime.NodeJsExit',
        'The handler left a promise that nothing will settle: the event loop is empty, and there is no answer.'));
    };
    process.once('beforeExit', idle);
    const ended = (how) => (value) => { process.removeListener('beforeExit', idle); how(value); };
    [resolve, reject] = [ended(resolve), ended(reject)];
    const callback = (error, value) => {
      if (settle) return;
      settle = () => (error === undefined || error === null ? resolve(value) : reject(error));
      // The answer waits for what the function has still to do, unless it says that it need not.
      if (!waits.forEmptyLoop) setImmediate(settle);
    };
    const given = context(headers, waits);
    if (major < WITHOUT_CALLBACKS) {
      given.succeed = (value) => { waits.forEmptyLoop = false; callback(null, value); };
      given.fail = (error) => { waits.forEmptyLoop = false; callback(error ?? 'handled'); };
      given.done = (error, value) => { waits.forEmptyLoop = false; callback(error, value); };
    }
    try {
      const returned = major < WITHOUT_CALLBACKS ? handler(event, given, callback) : handler(event, given);
      if (typeof returned?.then === 'function') returned.then(resolve, reject);
      else if (major >= WITHOUT_CALLBACKS) resolve(returned);
    } catch (error) {
      reject(error);
    }
  });
}

function encoded(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? 'null';
  } catch (error) {
    throw new Fault('Runtime.MarshalError', `Unable to stringify response body as json: ${error.message}`);
  }
}

async function handle(handler, { headers, body }) {
  requestId = headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
  let answer;
  try {
    const event = JSON.parse(body.toString());
    answerTo = answerAddress(event);
    if (handler[STREAMING]) return await stream(handler, event, context(headers, { forEmptyLoop: false }));
    answer = encoded(await result(handler, event, headers));
  } catch (error) {
    tell('Invoke Error', error);
    return fail(`invocation/${requestId}/error`, described(error));
  }
  return ask('POST', `invocation/${requestId}/response`, answer, { 'content-type': 'application/json' });
}

/** Ends the process for an error that nobody has caught, and reports it where an event waits for an answer. */
function uncaught(error, code) {
  tell('Uncaught Exception', error);
  const where = requestId ? `invocation/${requestId}/error` : 'init/error';
  // A function may have left the connection in the middle of an answer.
  agent.destroy();
  const end = () => process.exit(code);
  fail(where, described(error)).then(end, end);
}

process.on('uncaughtException', (error) => uncaught(error, 129));
process.on('unhandledRejection', (reason) => {
  const kind = 'Runtime.UnhandledPromiseRejection';
  uncaught(new Fault(kind, reason instanceof Error ? String(reason) : util.inspect(reason), reason), 128);
});

async function main() {
  let handler;
  try {
    handler = await load(process.env._HANDLER);
  } catch (error) {
    uncaught(error, 1);
    return;
  }
  for (;;) {
    await handle(handler, await ask('GET', 'invocation/next'));
  }
}

main();
