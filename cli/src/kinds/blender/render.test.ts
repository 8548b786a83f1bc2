import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { until } from '../../../../tests/support/until.ts';
import { isAlive, readPresence } from '../../farm/presence.ts';
import { RunEvent } from '../../report/events.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
// Blender's own opening scene, small and with few samples: a frame takes a moment, so that there is time to interfere.
const MAKE_SCENE = 'import bpy, sys; bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])';
const LOOK = ['--engine', 'cycles', '--samples', '2', '--percentage', '10', '--denoise', 'off'];

const blender = await execa('blender', ['--version'], { reject: false });

/** The whole command with real processes: embedded farm, real Blender, ffmpeg. */
describe('pilot render', { skip: blender.exitCode !== 0 && 'there is no Blender' }, () => {
  let folder: string;
  let data: string;
  let scene: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-render-'));
    data = join(folder, 'data');
    scene = join(folder, 'start.blend');
    await execa('blender', ['-b', '--factory-startup', '--python-expr', MAKE_SCENE, '--', scene]);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A running command, and the events that it has told so far. */
  const start = (frames: string, source = scene) => {
    const args = ['render', source, '--frames', frames, ...LOOK, '--workers', '2', '--json'];
    const child = execa(process.execPath, [main, ...args, '--out', join(folder, 'out')], {
      env: { PILOT_DATA: data },
      reject: false,
      buffer: { stdout: false },
    });
    const events: RunEvent[] = [];
    const read = (async () => {
      for await (const line of child.iterable()) events.push(RunEvent.parse(JSON.parse(String(line))));
    })();
    const seen = (name: string, count: number) =>
      events.filter((event) => event.event === name).length >= count;
    const told = async (name: RunEvent['event'], count = 1) => {
      const ended = child.then(async ({ exitCode, stderr }) => {
        await read.catch(() => {});
        assert.ok(seen(name, count), `ended with code ${exitCode} before ${name}: ${stderr}`);
      });
      await Promise.race([until(() => seen(name, count), `no ${name}`, 60_000), ended]);
    };
    const end = async () => {
      const { exitCode, signal, stderr } = await child;
      await read.catch(() => {});
      return { exitCode, signal, stderr, events };
    };
    return { child, events, told, end };
  };

  const numbers = (events: RunEvent[]) =>
    events.flatMap((event) => (event.event === 'frame.done' ? [event.frame] : [])).sort((a, b) => a - b);
  const jobOf = (events: RunEvent[]) => events.find((event) => event.event === 'job.created');

  test('goes on where it was after kill -9 of balancer, server and a worker, and saves everything', async () => {
    const run = start('1-12');
    await run.told('frame.done');
    const children = (await readPresence(data))?.children ?? [];
    assert.equal(children.length, 4);
    for (const pid of children.slice(0, 3)) process.kill(pid, 'SIGKILL');
    const { exitCode, stderr, events } = await run.end();
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(
      numbers(events),
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    const last = events.at(-1);
    assert.ok(last?.event === 'render.done');
    assert.equal(last.frames, 12);
    assert.ok((await stat(join(folder, 'out', 'start.mp4'))).size > 0);
    assert.equal((await readdir(join(folder, 'out', 'start'))).length, 12);
    assert.equal(await readPresence(data), null);
    assert.deepEqual(children.filter(isAlive), []);
  });

  test('killed itself leaves nothing running, and takes up its job when it is given again', async () => {
    const shot = join(folder, 'shot');
    await mkdir(shot);
    await copyFile(scene, join(shot, 'start.blend'));
    const first = start('20-29', shot);
    await first.told('frame.done', 2);
    const children = (await readPresence(data))?.children ?? [];
    first.child.kill('SIGKILL');
    const before = (await first.end()).events;
    await until(() => !children.some(isAlive), 'processes outlived their pilot', 15_000);
    const { exitCode, stderr, events } = await start('20-29', shot).end();
    assert.equal(exitCode, 0, stderr);
    const [created, again] = [jobOf(before), jobOf(events)];
    assert.ok(again?.event === 'job.created' && created?.event === 'job.created');
    assert.deepEqual(again, { ...created, resumed: true });
    const told = new Set(numbers(before));
    assert.deepEqual(
      numbers(events).filter((frame) => told.has(frame)),
      [],
    );
  });

  test('stops at Ctrl-C, cancels its job and leaves nothing running', async () => {
    const run = start('1-200');
    await run.told('frame.done');
    const children = (await readPresence(data))?.children ?? [];
    run.child.kill('SIGINT');
    const { exitCode, stderr } = await run.end();
    assert.equal(exitCode, 130);
    assert.match(stderr, /^Stopped; the job job_\w+ is canceled\.$/);
    assert.deepEqual(children.filter(isAlive), []);
  });
});
