// Where Node.js functions find packages that are not beside them. This stands between log.js and client.js, in the same program.
//
// NODE_PATH names what layers bring. `require` reads it. `import` does not, but on Lambda it finds layers from Node.js 18 on [How do I
// resolve the "Cannot find module" or "Cannot find Package" error, AWS re:Post].
//
// The AWS SDK comes with Lambda's Node.js [Building Lambda functions with Node.js, Runtime-included SDK versions]. Here it is the one of
// the developer's project, and is looked for last. No other package of the project is found, because Lambda would not have it.
const modules = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const SDK = /^@(aws-sdk|smithy)\//;

/** The folders of the project from which the SDK is looked for, upwards. It is installed in the first one. */
const PROJECT = JSON.parse(process.env.DEVLOOP_NODE_PACKAGES ?? '[]');

/** Adds to the error about a package that Lambda has and this machine lacks how to install it. */
function withHint(error) {
  const [, name] = /'(@(?:aws-sdk|smithy)\/[^/']+)/.exec(error?.message) ?? [];
  if (name && !error.message.includes('npm install')) {
    const folder = PROJECT[0] ?? process.env.LAMBDA_TASK_ROOT;
    error.message += `\n${name} comes with Lambda's Node.js; here it is installed with: npm install --prefix ${folder} ${name}`;
  }
  return error;
}

// For `require`.

const { _resolveFilename: resolveFilename } = modules;
modules._resolveFilename = function resolve(wanted, ...rest) {
  try {
    return resolveFilename.call(this, wanted, ...rest);
  } catch (error) {
    if (error?.code !== 'MODULE_NOT_FOUND' || !SDK.test(wanted)) throw error;
    for (const folder of PROJECT) {
      try {
        return resolveFilename.call(this, wanted, null, false, { paths: [folder] });
      } catch {
        // The next folder may have it.
      }
    }
    throw withHint(error);
  }
};

// For `import`: what is not found is looked for once more as if a file in one of these folders had imported it.

const asImporter = (folder) => pathToFileURL(path.join(folder, 'importer.mjs')).href;
const layers = (process.env.NODE_PATH ?? '').split(path.delimiter).filter((one) => path.basename(one) === 'node_modules');
const IMPORTERS = { layers: layers.map(path.dirname).map(asImporter), project: PROJECT.map(asImporter) };

/** The files that might have imported what was not found: none for anything but a package. */
function importers(wanted, error, { layers, project }) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' || /^[./]|:/.test(wanted)) return [];
  return SDK.test(wanted) ? [...layers, ...project] : layers;
}

/** The hook of versions of Node.js that run hooks in a thread of their own: a module. */
const THREAD = `
const SDK = ${SDK};
const importers = ${importers};
export async function resolve(wanted, context, next) {
  try {
    return await next(wanted, context);
  } catch (error) {
    for (const parentURL of importers(wanted, error, ${JSON.stringify(IMPORTERS)})) {
      try { return await next(wanted, { ...context, parentURL }); } catch {}
    }
    throw error;
  }
}`;

function resolveImport(wanted, context, next) {
  try {
    return next(wanted, context);
  } catch (error) {
    for (const parentURL of importers(wanted, error, IMPORTERS)) {
      try {
        return next(wanted, { ...context, parentURL });
      } catch {
        // The next folder may have it.
      }
    }
    throw error;
  }
}

let findsImports = false;

/** Lets `import` find these packages from now on. Before Node.js 18.19 there is no way to do it. */
function findImports() {
  if (findsImports) return;
  findsImports = true;
  if (modules.registerHooks) modules.registerHooks({ resolve: resolveImport });
  else modules.register?.(`data:text/javascript,${encodeURIComponent(THREAD)}`);
}

// Since Node.js 22.15 the hook costs nothing, and so a function that is no ES module may import one too.
if (modules.registerHooks) findImports();
