import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FormValues, firstValues, jobOf, readForm } from '../command/form-values.ts';
import { placesOf } from '../command/places.ts';
import { readImage } from './image-form.ts';

const places = placesOf(
  ['w/run.sh', 'w/small.tar', 'w/image/Dockerfile', 'w/image/lib/a.txt'].map((part) => ({
    ...{ part, name: part, size: 1 },
  })),
);
const blob = (digit: number) => String(digit).repeat(64);
const sources = Object.fromEntries(
  places.map(({ part, path }, index) => [part, { blob: blob(index), fileName: path }]),
);
const IN_AN_IMAGE = { Fields: () => null, read: readImage };

function jobIn(elsewhere: FormValues['elsewhere']) {
  const values = { ...firstValues(), command: 'cat x', elsewhere };
  const filled = readForm(values, places, null, IN_AN_IMAGE);
  assert.deepEqual(filled.where?.problems ?? {}, {});
  return jobOf(values, filled, sources);
}

test('an image by name, one that was saved, or a Dockerfile with its folder; what is for that does not go along', () => {
  assert.equal(jobIn({ reference: 'debian' }).kind, 'command');
  const named = jobIn({ from: 'reference', reference: ' debian:bookworm-slim ', entrypoint: 'python3 -u' });
  assert.ok(named.kind === 'container');
  assert.deepEqual(
    [named.image, named.entrypoint, named.network, named.files?.length],
    [{ from: 'reference', reference: 'debian:bookworm-slim' }, ['python3', '-u'], false, 4],
  );
  const saved = jobIn({ from: 'archive', entrypoint: "''", network: '1' });
  assert.ok(saved.kind === 'container');
  assert.deepEqual(saved.image, { from: 'archive', name: 'small.tar', blob: blob(1) });
  assert.deepEqual([saved.entrypoint, saved.network], [[], true]);
  assert.ok(!saved.files?.some(({ path }) => path === 'small.tar'));
  const built = jobIn({ from: 'build' });
  assert.ok(built.kind === 'container' && built.image.from === 'build');
  assert.equal(built.image.dockerfile, 'Dockerfile');
  assert.deepEqual(
    built.image.files.map(({ path }) => path),
    ['Dockerfile', 'lib/a.txt'],
  );
  assert.deepEqual(
    built.files?.map(({ path }) => path),
    ['run.sh', 'small.tar'],
  );
});

test('what is no image is told at its field', () => {
  for (const [values, field, said] of [
    [{ from: 'reference', reference: 'a b' }, 'reference', /^The name of an image/],
    [{ from: 'archive' }, 'archive', /podman save/],
    [{ from: 'build' }, 'dockerfile', /a folder with a Dockerfile/],
    [{ from: 'reference', reference: 'a', entrypoint: "'" }, 'entrypoint', /A program/],
  ] as const)
    assert.match(readImage(values, [])?.problems[field] ?? '', said);
});
