import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { CONTROL_HINTS, CONTROL_REQUESTS } from '@parallel-pilot/shared/protocol/control.ts';
import { LIVE_MESSAGES } from '@parallel-pilot/shared/protocol/live.ts';
import { REFUSALS } from '@parallel-pilot/shared/protocol/refusals.ts';
import { BALANCER_MESSAGES, WORKER_MESSAGES } from '@parallel-pilot/shared/protocol/workers.ts';

const page = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const section = (title: string): Set<string> => {
  const text = page.split(/^## /m).find((part) => part.startsWith(title));
  assert.ok(text, `docs/protocol.md has no section "${title}"`);
  return new Set([...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1] ?? ''));
};

test('docs/protocol.md lists every message, and none that is not there', () => {
  const names = (...catalogues: object[]) =>
    new Set(catalogues.flatMap((catalogue) => Object.keys(catalogue)));
  assert.deepEqual(section('`/workers`'), names(WORKER_MESSAGES, BALANCER_MESSAGES));
  assert.deepEqual(section('`/control`'), names(CONTROL_REQUESTS, CONTROL_HINTS));
  assert.deepEqual(section('`/live`'), new Set(['watch', 'unwatch', ...Object.keys(LIVE_MESSAGES)]));
});

test('docs/protocol.md says of every refusal what it makes the other side do', () => {
  assert.deepEqual(section('Refusals'), new Set(Object.keys(REFUSALS)));
});
