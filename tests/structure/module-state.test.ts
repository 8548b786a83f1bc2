import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceFiles } from './source-files.ts';

/** What a module keeps for as long as its process lives, and why that is right there. */
const KNOWN = [
  // Two sandboxes of one process must not give two children the same folder or user.
  'sandbox/src/box/workspace.ts: let made',
  'sandbox/src/box/workspace.ts: const taken',
  'sandbox/src/box/workspace.ts: let lastOrdinal',
  // A cache of what never changes, by an id that is never given again.
  'client-backend/src/kinds/stage-numbers.ts: const recent',
];

/** A variable, or an empty collection that can only be meant to be filled. */
const STATE =
  /^(?:export )?(let \w+|const \w+)(?=(?:: [^=\n]+)? = (?:new (?:Map|Set|WeakMap|WeakSet)(?:<.*>)?\(\)|\[\];|\{\};|create(?!Route\b|Theme\b)\w+(?:<.*>)?\())|^(?:export )?(let \w+)/gm;

const stateIn = (text: string): string[] =>
  [...text.matchAll(STATE)].map(([, one, other]) => one ?? other ?? '');

test('no module keeps state of its own: it is made by whoever starts the program and handed down, or stored', async () => {
  const names = ['shared', 'sandbox', 'images', 'load-balancer', 'worker', 'client-backend', 'cli'];
  const files = (await Promise.all(names.map(sourceFiles))).flat();
  const found = files.flatMap(({ path, text }) => stateIn(text).map((state) => `${path}: ${state}`));
  assert.deepEqual(
    found.filter((state) => !KNOWN.includes(state)),
    [],
  );
});

test('what keeps state is told from constants', () => {
  const state = ['let made = 0;', 'let one: string;', 'const known = new Map<A, B<C>>();'];
  const more = ['export const turns = createExclusive<BlobHash>();', 'const all: string[] = [];'];
  const constants = [
    "const NAMES = new Set(['a']);",
    'const f = () => {};',
    'const route = createRoute({',
    '  let x',
  ];
  assert.deepEqual([...state, ...more].flatMap(stateIn).length, 5);
  assert.deepEqual(constants.flatMap(stateIn), []);
});
