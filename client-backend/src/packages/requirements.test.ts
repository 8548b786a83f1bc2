import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequirements } from './requirements.ts';

const lines = (text: string, name = 'requirements.txt'): string[] => {
  const read = readRequirements(name, text);
  assert.ok(read.ok, read.ok ? '' : read.message);
  return read.lines;
};
const problem = (text: string, name = 'requirements.txt'): string => {
  const read = readRequirements(name, text);
  assert.ok(!read.ok, 'it was taken');
  return read.message;
};

test('packages with versions, extras and conditions are taken, without comments, with their hashes', () => {
  const text = `# of the paper
einops>=0.7,<1   # shapes
torch-geometric[full] ~= 2.5 ; python_version >= "3.9"

zarr==2.18.* \\
    --hash=sha256:0123456789abcdef
(none)`.replace('(none)', 'PyYAML (>=6)');
  assert.deepEqual(lines(text), [
    'einops>=0.7,<1',
    'torch-geometric[full] ~= 2.5 ; python_version >= "3.9"',
    'zarr==2.18.* --hash=sha256:0123456789abcdef',
    'PyYAML (>=6)',
  ]);
});

test('the dependencies of a pyproject.toml are taken', () => {
  const text = '[project]\nname = "mine"\ndependencies = ["einops>=0.7", "zarr"]\n';
  assert.deepEqual(lines(text, 'pyproject.toml'), ['einops>=0.7', 'zarr']);
  assert.match(
    problem('[tool.poetry]\nname = "mine"\n', 'pyproject.toml'),
    /no list "dependencies" under \[project\]/,
  );
  assert.match(problem('[project\n', 'pyproject.toml'), /is no TOML, line 1: /);
});

test('what leads somewhere else is refused by its line', () => {
  assert.match(problem('einops\n--index-url https://elsewhere.example\n'), /line 2: .*is an option of pip/);
  assert.match(problem('-r more.txt'), /line 1: "-r more.txt" is an option of pip/);
  for (const line of [
    'mine @ https://a.example/mine.whl',
    'git+https://a.example/mine',
    './mine',
    'mine-1.0.whl',
  ])
    assert.match(problem(line), /is an address or a file\. Build a wheel of it/, line);
  assert.match(problem('einops; rm -rf /\nnot a package'), /line 2: "not a package" is no requirement/);
  assert.match(problem('# nothing\n'), /names no package/);
  assert.match(problem('a\n'.repeat(501)), /names 501 packages, and 500 are the most/);
});

test('lines that are long are told at once, however they were made', () => {
  const hash = ` --hash=sha256:${'a'.repeat(64)}`;
  assert.equal(lines(`numpy==2.0.1${hash.repeat(60)}`)[0]?.length, 12 + 60 * hash.length);
  assert.match(problem(`numpy${hash.repeat(300)}`), /line 1, has \d+ characters, and 16000 are the most/);
  // Of the fourth power of the blanks, were each of them taken for itself: hours.
  for (const blanks of [' ', '\t', ' \t']) {
    const text = `a${blanks.repeat(50_000)}!`;
    assert.match(problem(text), /"a !" is no requirement/);
    assert.match(
      problem(`[project]\ndependencies = ["${text.replaceAll('\t', '\\t')}"]`, 'p.toml'),
      /is no requirement/,
    );
  }
  assert.match(problem(`${'a.'.repeat(2_000)}!`), /has 4001 characters, and 1000 are the most/);
});
