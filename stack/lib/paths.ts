/** Where things lie in the repository. */
import * as path from 'node:path';

/** The folder of this package; compiled modules run from `build/lib` in it. */
export const stackFolder = path.resolve(__dirname, '../..');

/** The repository's root, which relative folders in environment variables are relative to. */
export const repositoryRoot = path.dirname(stackFolder);
