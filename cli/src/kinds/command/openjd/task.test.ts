import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const TASK = fileURLToPath(new URL('task.py', import.meta.url));
let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pilot-openjd-'));
});
after(() => rm(root, { recursive: true, force: true }));

let made = 0;
type Files = Record<string, string>;

/** Runs a task where and as a worker would: in an empty folder, with links to what went along. */
async function runTask(step: object, options: string[] = [], sent: Files = {}) {
  made += 1;
  const [files, session] = [join(root, `${made}-files`), join(root, `${made}-session`)];
  await mkdir(session);
  for (const [path, content] of Object.entries({ ...sent, 'step.json': JSON.stringify(step) })) {
    await mkdir(join(files, path, '..'), { recursive: true });
    await writeFile(join(files, path), content);
  }
  await copyFile(TASK, join(files, 'task.py'));
  for (const name of await readdir(files)) await symlink(join(files, name), join(session, name));
  const { exitCode, stdout, stderr } = await execa('python3', ['task.py', ...options], {
    ...{ cwd: session, reject: false, timeout: 60_000 },
  });
  const left: Files = {};
  for (const entry of await readdir(session, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    left[path.slice(session.length + 1)] = await readFile(path, 'utf8');
  }
  return { exitCode, stdout, stderr, left, sent: await readFile(join(files, 'step.json'), 'utf8') };
}

const sh = (script: string, more: object = {}) => ({ command: 'sh', args: ['-c', script], ...more });

test('environments are entered in order, with what they print, and left in reverse, also after a failure', async () => {
  const outer = {
    variables: { UNIT: 'cm' },
    script: {
      actions: {
        // A script calls python by that name, whatever the machine calls it.
        onEnter: sh(
          `echo "openjd_env: WHO=outer $UNIT"; python -c 'print("openjd_env: \\"TEXT=a\\\\nb\\"")'; echo entered`,
        ),
        onExit: sh('echo exit $WHO'),
      },
    },
  };
  const inner = {
    script: {
      embeddedFiles: [
        { name: 'Begin', runnable: true, data: '#!/bin/sh\necho "openjd_env: DEPTH={{Param.Depth}}"' },
      ],
      actions: { onEnter: { command: '{{Env.File.Begin}}' }, onExit: sh('echo exit inner $DEPTH') },
    },
  };
  const task = { actions: { onRun: sh('echo run $WHO $DEPTH; echo "$TEXT"; exit 3') } };
  const done = await runTask({ environments: [outer, inner], script: task }, ['--param', 'Depth=2']);
  assert.equal(done.exitCode, 3, done.stderr);
  assert.deepEqual(
    done.stdout.split('\n').filter((line) => !line.startsWith('openjd_env')),
    ['entered', 'run outer cm 2', 'a', 'b', 'exit inner 2', 'exit outer cm'],
  );
});

test('what a path takes and gives back is changed in its place; what is not changed is no result', async () => {
  const task = {
    actions: { onRun: sh('echo more >> "{{Param.Scene}}/a.txt"; cat "{{Param.Scene}}/b.txt"') },
  };
  const options = ['--path', 'Scene=scene=OUTDIR'];
  const done = await runTask({ environments: [], script: task }, options, {
    'scene/a.txt': 'first\n',
    'scene/b.txt': 'kept\n',
  });
  assert.deepEqual([done.exitCode, done.stdout], [0, 'kept'], done.stderr);
  assert.deepEqual(done.left, { 'scene/a.txt': 'first\nmore\n' });
});

test('an action that takes longer than its template says is ended with all that it started; what was entered is left', async () => {
  // A further process has what it prints open: that is not waited for.
  const slow = sh('sleep 300; true', { timeout: 1 });
  const environment = { script: { actions: { onEnter: slow, onExit: sh('echo left') } } };
  const task = { actions: { onRun: sh('echo ran') } };
  const late = await runTask({ environments: [environment], script: task });
  assert.deepEqual([late.exitCode, late.stdout], [124, 'left']);
  assert.match(late.stderr, /sh took longer than the 1 s of its template/);
  const ran = await runTask({ environments: [], script: { actions: { onRun: slow } } });
  assert.deepEqual([ran.exitCode, ran.stdout], [124, '']);
});
