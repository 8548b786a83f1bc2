import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { SETTINGS } from '@parallel-pilot/shared/model/settings.ts';

const read = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');
const compose = `${await read('docker-compose.yml')}\n${await read('compose.tls.yml')}`;
const page = await read('docs/deploy.md');
const firstColumn = (heading: string): string[] => {
  const text = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '').toSorted();
};
const unique = (matches: Iterable<RegExpExecArray>): string[] =>
  [...new Set(Array.from(matches, (match) => match[1] ?? match[2] ?? ''))].toSorted();

test('docs/deploy.md lists every service of the farm, and every variable that its files take, with its default', () => {
  const [services = ''] = /^services:\n(?:.*\n)*?(?=^volumes:)/m.exec(compose) ?? [];
  assert.deepEqual(firstColumn('What is where'), unique(services.matchAll(/^ {2}([a-z]+):$/gm)));
  assert.deepEqual(
    firstColumn('What can be set'),
    unique(compose.matchAll(/\$\{([A-Z_]+)|^\s+(PILOT_\w+):$/gm)),
  );
  for (const [, name, value] of compose.matchAll(/\$\{([A-Z_]+):-([^}]+)\}/g))
    assert.ok(page.includes(`| \`${name}\` | \`${value}\` |`), `${name} is ${value} where nothing is set`);
});

test('the files of the farm set nothing that is not read, and no secret', () => {
  const set = unique(compose.matchAll(/^\s+((?:PILOT|DATABASE|MARIADB)_[A-Z_]+):/gm));
  assert.ok(set.length > 10);
  for (const name of set)
    assert.ok(
      name in SETTINGS || name.startsWith('MARIADB_') || name === 'PILOT_DOMAIN',
      `${name} is no setting`,
    );
  for (const [line] of compose.matchAll(/^.*(?:PASSWORD|TOKEN|KEY)\w*:.*$/gm))
    assert.match(line, /_FILE: \/run\/secrets\//);
  assert.doesNotMatch(compose, /mysql:\/\/[^@\s]*:[^@\s]*@/);
});

test('docs/deploy.md quotes what processes say', async () => {
  const sources = await Promise.all(
    [
      'shared/src/server/db/open-database.ts',
      'shared/src/server/db/migrate.ts',
      'worker/src/agent/run-agent.ts',
    ].map(read),
  );
  for (const words of [
    'This process waits for it.',
    'The database was moved to a newer schema',
    'sandbox.container',
  ])
    assert.ok(page.includes(words) && sources.some((text) => text.includes(words)), words);
});
