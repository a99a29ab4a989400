import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';

import { synthesiseTemplates, templatesFolder } from '../lib/templates';

const remedy = 'the committed templates are out of date: run `npm run templates` and commit the result';
const fresh = synthesiseTemplates();

test('every stack has a committed template, and every template a stack', () => {
  assert.deepEqual(readdirSync(templatesFolder).sort(), [...fresh.keys()].sort(), remedy);
});

for (const [file, text] of fresh) {
  test(`${file} is what the stack synthesises`, () => {
    const committed = readFileSync(path.join(templatesFolder, file), 'utf8');
    assert.ok(committed === text, `${remedy} (line ${firstDifference(committed, text)} of ${file} differs)`);
  });
}

function firstDifference(left: string, right: string): number {
  const expected = right.split('\n');
  const index = left.split('\n').findIndex((line, number) => line !== expected[number]);
  return (index === -1 ? left.split('\n').length : index) + 1;
}
