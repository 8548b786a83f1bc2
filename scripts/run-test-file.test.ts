import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FileResult } from './run-test-file.ts';

// Test files that misbehave, each run for real by a runner in a process of its own: node:test does not run
// files from within a test.
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pilot-runner-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function runFile(source: string): { lines: string[]; said: string } {
  writeFileSync(join(folder, 'odd.mjs'), source);
  const runner = `
    import { runTestFile } from ${JSON.stringify(new URL('./run-test-file.ts', import.meta.url).href)};
    const limits = { test: 20_000, file: 3_000, leaving: 700 };
    const result = await runTestFile(process.argv[2], 'odd.mjs', { signal: AbortSignal.any([]), limits });
    process.stdout.write(JSON.stringify(result));
  `;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  writeFileSync(join(folder, 'runner.mjs'), runner);
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'runner.mjs'), folder], {
    env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.ok(stdout !== '', stderr);
  const result: FileResult = JSON.parse(stdout);
  const lines = result.outcomes.map(
    (it) => `${it.kind} ${it.name}${it.kind === 'passed' ? '' : `: ${it.reason}`}`,
  );
  return { lines, said: result.said };
}

test('counts the leaves: neither suites nor tests that only hold others', () => {
  const { lines: outcomes } = runFile(`
    import { describe, it, test } from 'node:test';
    describe('suite', () => { it('first', () => {}); it('second', () => {}); });
    test('holder', async (t) => { await t.test('inner', () => {}); });
    test('alone', () => {});
  `);
  assert.deepEqual(outcomes, [
    'passed suite › first',
    'passed suite › second',
    'passed holder › inner',
    'passed alone',
  ]);
});

test('a failure within a suite counts once, with its own message', () => {
  const { lines: outcomes } = runFile(`
    import { describe, it } from 'node:test';
    describe('suite', () => { it('bad', () => { throw new Error('kaput'); }); it('good', () => {}); });
  `);
  assert.equal(outcomes.length, 2);
  assert.match(outcomes[0] ?? '', /^failed suite › bad: Error: kaput/);
});

test('a hook that throws is a failure', () => {
  const { lines: outcomes } = runFile(`
    import { after, describe, it } from 'node:test';
    describe('suite', () => { after(() => { throw new Error('in the hook'); }); it('good', () => {}); });
  `);
  assert.ok(
    outcomes.some((it) => /^failed suite: Error: in the hook/.test(it)),
    outcomes.join('\n'),
  );
});

test('a hook of the whole file that throws is a failure, with what it threw', () => {
  const { lines: outcomes } = runFile(`
    import { after, test } from 'node:test';
    after(() => { throw new Error('in the last hook'); });
    test('good', () => {});
  `);
  assert.match(outcomes.at(-1) ?? '', /^failed the file as a whole: Error: in the last hook/);
});

test('skipped tests keep their reason', () => {
  const { lines: outcomes } = runFile(`
    import { test } from 'node:test';
    test('later', { skip: 'no Blender here' }, () => {});
    test('some day', { todo: true }, () => { throw new Error('not yet'); });
  `);
  assert.deepEqual(outcomes, ['skipped later: no Blender here', 'skipped some day: to do']);
});

test('a file that crashes at import has failed, and shows why', () => {
  const { lines, said } = runFile(`import './not-there.mjs';`);
  assert.deepEqual(lines, [
    'failed the file as a whole: Its process ended with an error outside of any test.',
  ]);
  assert.match(said, /ERR_MODULE_NOT_FOUND[\s\S]*not-there\.mjs/);
});

test('a file whose process fails after its tests has failed', () => {
  const { lines: outcomes } = runFile(`
    import { test } from 'node:test';
    test('good', () => {});
    process.on('exit', () => { process.exitCode = 3; });
  `);
  assert.match(outcomes.at(-1) ?? '', /^failed the file as a whole/);
});

test('a file without a test has failed', () => {
  assert.match(runFile('export {};').lines[0] ?? '', /^failed the file as a whole: It declares no test/);
});

test('a file that leaves something open is ended, and said so', () => {
  const { lines: outcomes } = runFile(`
    import { test } from 'node:test';
    import { createServer } from 'node:net';
    test('good', () => { createServer().listen(0); });
  `);
  assert.ok(outcomes.includes('passed good'), outcomes.join('\n'));
  assert.ok(
    outcomes.some((it) => it.includes('something is left open')),
    outcomes.join('\n'),
  );
});

test('a file that hangs in a test is ended, and said so', () => {
  const { lines: outcomes } = runFile(`
    import { test } from 'node:test';
    test('waits for ever', () => new Promise(() => { setInterval(() => {}, 1000); }));
  `);
  assert.ok(
    outcomes.some((it) => it.includes('still running after 3 s')),
    outcomes.join('\n'),
  );
});
