import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mentionsOfKinds, wordsOfKinds } from './words-of-kinds.ts';

test('no file outside of the kinds names a kind or a word of one', () => {
  const mentions = mentionsOfKinds(fileURLToPath(new URL('../..', import.meta.url)));
  const lines = mentions.map(
    ({ file, line, words, text }) => `${file}:${line}: ${words.join(', ')}: ${text}`,
  );
  assert.deepEqual(lines, []);
});

test('a word is found in identifiers, strings and comments, and not where the platform has it', () => {
  const at = 'client-backend/src/jobs/a.ts';
  assert.deepEqual(wordsOfKinds(at, 'const framesOfStage = 1;'), ['frames']);
  assert.deepEqual(wordsOfKinds(at, "if (kind === 'training') return MAX_SHARDS;"), ['training', 'SHARDS']);
  assert.deepEqual(wordsOfKinds(at, '// Blender keeps the .blend open.'), ['Blender', 'blend']);
  assert.deepEqual(wordsOfKinds(at, 'const constrained = Math.round(x); // the next round'), []);
  assert.deepEqual(wordsOfKinds('client-frontend/src/a.ts', 'requestAnimationFrame(frame);'), ['frame']);
});
