// What Node.js functions print, in plain text or as JSON [Log and monitor Node.js Lambda functions, "Using Lambda advanced logging
// controls with Node.js"]. It is the beginning of the runtime client: packages.js and client.js follow, in the same program.
//
// Several lines that belong together are printed as one, with a carriage return between them: the cloud makes one log event of them.
'use strict';

const fs = require('node:fs');
const util = require('node:util');

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const isJson = process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
/** The least level that is logged; without the JSON format every level is. */
const leastLevel = isJson ? Math.max(LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL), 0) : 0;

let requestId;

/** What Lambda has a name of its own for, such as `Runtime.ImportModuleError`. */
class Fault extends Error {
  constructor(kind, message, cause) {
    super(message);
    // As on a class, so that the name is none of the error's own values.
    Object.defineProperty(this, 'name', { value: kind });
    // The cause's own stack may begin with the place of a mistake in the text, so all of it stays.
    const frames = () => this.stack.split('\n').filter((one) => one.startsWith('    at '));
    const rest = cause?.stack ?? frames().join('\n');
    this.stack = `${kind}: ${message}\n${rest}`;
  }
}

// Printing: as one write each, at once, so that nothing is lost when the process ends.

function print(descriptor, text) {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(descriptor, bytes, done);
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
    }
  }
}

function line(level, message) {
  const text = `${new Date().toISOString()}\t${requestId}\t${level}\t${message}`;
  print(1, `${text.replace(/\r?\n/g, '\r')}\n`);
}

/** An error's members in a JSON log, in the words of the page: the class, the message, the lines of the stack. */
function members(error) {
  const errorType = error instanceof Fault ? error.name.replace('Runtime.', '') : error.constructor?.name ?? 'UnknownError';
  return { errorType, errorMessage: error.message, stackTrace: lines(error.stack) };
}

/** One line of JSON. A single value is the message as it is; several are formatted to a text, and the first error among them is shown. */
function record(level, message, ...more) {
  const known = { timestamp: new Date().toISOString(), level, requestId };
  if (more.length > 0) {
    const error = more.find((one) => util.types.isNativeError(one));
    return JSON.stringify({ ...known, message: util.format(message, ...more), ...(error && members(error)) });
  }
  const errors = (_, value) => (util.types.isNativeError(value) ? { ...members(value), ...value } : value);
  try {
    return JSON.stringify({ ...known, message }, errors);
  } catch {
    // A value that is no JSON, such as one that contains itself.
    return JSON.stringify({ ...known, message: util.format(message) });
  }
}

/** Prints one log event, unless its level is left out. */
function log(level, ...parts) {
  if (LEVELS.indexOf(level) < leastLevel) return;
  if (isJson) print(1, `${record(level, ...parts)}\n`);
  else line(level, util.format(...parts));
}

for (const [method, level] of Object.entries({
  log: 'INFO', debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR', trace: 'TRACE', fatal: 'FATAL',
})) {
  console[method] = (...parts) => log(level, ...parts);
}

/** An error as Lambda shows it to the caller; what is thrown need not be an error. */
function described(error) {
  if (util.types.isNativeError(error) || error?.name && error?.message !== undefined && error?.stack !== undefined) {
    return { errorType: error.name, errorMessage: error.message, trace: lines(error.stack) };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

/** A stack without the frames of this client. */
function lines(stack) {
  return (stack || '').split('\n').filter((one) => !one.includes('[stdin]') && !one.includes('node:internal/modules/'));
}

/** Logs an error as one event, with everything that the function has put on it. */
function tell(what, error) {
  if (isJson) return log('ERROR', util.types.isNativeError(error) ? error : new Error(String(error)));
  const { errorType, errorMessage, trace } = described(error);
  const own = util.types.isNativeError(error) ? Object.entries(error) : [];
  const document = { errorType, errorMessage, ...Object.fromEntries(own.filter(([name]) => name !== 'name')), stack: trace };
  let text;
  try {
    text = JSON.stringify(document);
  } catch {
    text = JSON.stringify({ errorType, errorMessage, stack: trace });
  }
  return line('ERROR', `${what} \t${text}`);
}

