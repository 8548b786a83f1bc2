import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ABOUT } from '@parallel-pilot/shared/access/permission-words.ts';
import { type Action, PERMISSIONS, type Permission } from '@parallel-pilot/shared/access/permissions.ts';

const page = await readFile(new URL('../../docs/accounts.md', import.meta.url), 'utf8');

test('docs/accounts.md shows the table of permissions as it is', () => {
  const rows = Object.entries<Permission>(PERMISSIONS).map(
    ([action, { who, own, scope }]) =>
      `| ${ABOUT[action as Action]} | \`${action}\` | ${who === 'admin' ? 'admin of the farm' : who} | ${own ?? ''} | \`${scope}\` |`,
  );
  const table = [
    '| may | action | least role | to one\u2019s own | scope |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
  const shown = page.split(/<!-- \/?permissions.*-->/)[1]?.trim();
  assert.equal(shown, table);
});
