import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { JOB_ID, sampleJob, startSmallFarm } from './fixtures/small-farm.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

describe('pilot', () => {
  let folder: string;
  let farm: Awaited<ReturnType<typeof startSmallFarm>>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-cli-'));
    farm = await startSmallFarm(({ method, path }) => {
      if (path.startsWith('/api/v1/jobs?'))
        return { body: { jobs: [sampleJob()], next: null, total: 1, states: {} } };
      if (path === `/api/v1/jobs/${JOB_ID}`) {
        return { body: method === 'PATCH' ? {} : sampleJob({ state: 'paused', priority: 7 }) };
      }
      return method === 'POST' && path.endsWith('/pause') ? { body: {} } : null;
    });
  });
  after(async () => {
    await farm.stop();
    await rm(folder, { recursive: true });
  });

  const pilot = async (args: string[], env: Record<string, string> = {}) => {
    const run = await execa(process.execPath, [main, ...args], {
      env: { PILOT_DATA: folder, ...env },
      reject: false,
    });
    return { code: run.exitCode, out: run.stdout, err: run.stderr };
  };

  test('lists jobs with ids that its other commands take', async () => {
    const { code, out } = await pilot(['jobs'], { PILOT_SERVER: farm.url });
    assert.equal(code, 0);
    assert.match(out, /^JOB +STATE +DONE +LEFT +CREATED +NAME\nabcdef +running +0 % .* cubes$/);
    const paused = await pilot(['pause', 'abcdef', '--server', farm.url]);
    assert.deepEqual(paused, { code: 0, out: `cubes (${JOB_ID}) is paused.`, err: '' });
  });

  test('deletes only what it was told to for sure, and gives another priority', async () => {
    const asked = () => farm.asked.map(({ method, body }) => `${method} ${body}`);
    const refused = await pilot(['delete', 'abcdef', '--server', farm.url]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^cubes \(job_\w+\) is still there\. --yes deletes it without asking\.$/);
    assert.ok(!asked().includes('DELETE '));
    const deleted = await pilot(['delete', 'abcdef', '--yes', '--server', farm.url]);
    assert.deepEqual(deleted, { code: 0, out: `cubes (${JOB_ID}) is deleted.`, err: '' });
    assert.ok(asked().includes('DELETE '));
    const raised = await pilot(['priority', 'abcdef', '7', '--server', farm.url]);
    assert.deepEqual(raised, { code: 0, out: `cubes (${JOB_ID}) has priority 7.`, err: '' });
    assert.ok(asked().includes('PATCH {"priority":7}'));
  });

  test('prints JSON that holds what the API says', async () => {
    const { out } = await pilot(['job', JOB_ID, '--json', '--server', farm.url]);
    assert.equal(JSON.parse(out).state, 'paused');
  });

  test('ends with a sentence and code 1, never with a stack', async () => {
    const missing = join(folder, 'missing.blend');
    const empty = join(folder, 'empty.blend');
    await writeFile(empty, '');
    const bare = join(folder, 'bare');
    await mkdir(bare);
    const scene = join(folder, 'scene.txt');
    await writeFile(scene, "no .blend, which is the farm's to say");
    const cases: [string[], RegExp][] = [
      [['render', missing], /^There is no file .*missing\.blend\.$/],
      [['render', bare], /is a folder without a \.blend in it\.$/],
      [['render', scene, '--out', '/proc/nope'], /^Nothing can be saved in \/proc\/nope: no folder can be/],
      [['render', scene, '--out', join(empty, 'out')], /: a file stands where a folder is needed\. Choose/],
      [['download', 'abcdef', '--out', '/proc/nope'], /^Nothing can be saved in \/proc\/nope/],
      [['render', scene, '--priority', '101'], /Write a whole number from -100 to 100/],
      [['render', empty], /is empty\.$/],
      [['render', missing, '--frames', '1-'], /^--frames: "1-" at character 1/],
      [['render'], /^missing required argument 'file'/],
      [['jobs'], /^No farm is running on this machine\. Start one with "pilot up"/],
      [['jobs', '--server', 'http://127.0.0.1:9'], /^No farm answers at http:\/\/127\.0\.0\.1:9/],
      [['jobs', '--state', 'odd'], /argument 'odd' is invalid\. Allowed choices are/],
      [['join', 'http://farm:3001'], /^Say that this machine may take the work of others/],
      [['worker', '--join', 'http://farm:3001'], /^The farm lets workers in by a token/],
      [['rendr'], /^unknown command 'rendr'\n\(Did you mean render\?\)/],
    ];
    for (const [args, sentence] of cases) {
      const { code, err } = await pilot(args);
      assert.equal(code, 1, args.join(' '));
      assert.match(err, sentence);
      assert.doesNotMatch(err, /\n {4}at /);
    }
  });

  test('takes the port of the farm from PILOT_PORT too, and says so where it is taken', async () => {
    const { port } = new URL(farm.url);
    const { code, err } = await pilot(['up', '--workers', '0'], { PILOT_PORT: port });
    assert.equal(code, 1);
    assert.match(err, new RegExp(`^Port ${port} is taken by another program\\. .*--port or PILOT_PORT`));
    const wrong = await pilot(['up'], { PILOT_PORT: 'many' });
    assert.match(wrong.err, /'many' from env 'PILOT_PORT' is invalid/);
  });

  test('has help with examples for every command', async () => {
    const { out } = await pilot(['--help']);
    const names = [...out.matchAll(/^ {2}([a-z]+) \[options\]/gm)].flatMap((match) => match[1] ?? []);
    assert.equal(names.length, 24);
    const helps = await Promise.all(names.map((name) => pilot([name, '--help'])));
    for (const help of helps) assert.match(help.out, /Examples:\n {2}\$ /);
    // Signing in is between a person and a browser.
    const others = helps.filter((_, index) => names[index] !== 'login');
    for (const help of others) assert.match(help.out, /--json/);
  });
});
