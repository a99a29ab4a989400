/** Folders of the repository. */
import * as path from 'node:path';

/** The folder of this package. Compiled modules run from its `build/lib`. */
export const stackFolder = path.resolve(__dirname, '../..');

/** The repository's root. Relative folders in environment variables start there. */
export const repositoryRoot = path.dirname(stackFolder);
