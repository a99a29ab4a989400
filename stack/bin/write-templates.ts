/** Writes `templates/` anew from the stacks (`npm run templates`). */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';

import { synthesiseTemplates, templatesFolder } from '../lib/templates';

const templates = synthesiseTemplates();
rmSync(templatesFolder, { recursive: true, force: true });
mkdirSync(templatesFolder);
for (const [file, text] of templates) {
  writeFileSync(path.join(templatesFolder, file), text);
  console.log(path.relative('', path.join(templatesFolder, file)));
}
