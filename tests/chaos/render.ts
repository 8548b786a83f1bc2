import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readPresence } from '@parallel-pilot/cli/farm/presence.ts';
import { RunEvent } from '@parallel-pilot/cli/report/events.ts';
import { execa } from 'execa';
import { makeBlends } from '../support/blends.ts';

/**
 * `npm run test:chaos [frames] [seed]`: `pilot render` with a farm of its own,
 * of which a random part is killed (-9) every 3 to 7 seconds. The command has
 * to end with 0, with every frame told and saved once. Takes minutes, so it is
 * not part of `npm test`.
 */
const frames = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? randomInt(2 ** 31));
const random = numbers(seed);

const folder = await mkdtemp(join(tmpdir(), 'pilot-chaos-'));
const blends = await makeBlends();
const data = join(folder, 'data');
try {
  console.log(`${frames} frames, seed ${seed}`);
  const problems = await chaos();
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await Promise.all([rm(folder, { recursive: true, force: true }), blends.remove()]);
}

async function chaos(): Promise<string[]> {
  const main = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
  const out = join(folder, 'out');
  const args = ['render', blends.path('quick'), '--frames', `1-${frames}`, '--out', out, '--workers', '2'];
  const command = execa(process.execPath, [main, ...args, '--json'], {
    env: { PILOT_DATA: data },
    reject: false,
    buffer: { stdout: false },
  });
  const over = new AbortController();
  const kills = killAgainAndAgain(over.signal);
  const done: number[] = [];
  for await (const line of command.iterable()) {
    const event = RunEvent.parse(JSON.parse(String(line)));
    if (event.event === 'frame.done') done.push(event.frame);
  }
  const { exitCode, stderr } = await command;
  over.abort();
  const saved = await readdir(join(out, 'quick')).catch(() => []);
  console.log(`${await kills} kills`);
  return [
    ...(exitCode === 0 ? [] : [`the command ended with ${exitCode}: ${stderr}`]),
    ...(new Set(done).size === frames ? [] : [`${new Set(done).size} of ${frames} frames were told`]),
    ...(new Set(done).size === done.length ? [] : ['a frame was told twice']),
    ...(saved.length === frames ? [] : [`${saved.length} of ${frames} frames were saved`]),
  ];
}

/** Resolves with how many were killed, once it is over. */
async function killAgainAndAgain(over: AbortSignal): Promise<number> {
  for (let kills = 0; ; ) {
    await pause(3_000 + random() * 4_000, undefined, { signal: over }).catch(() => {});
    if (over.aborted) return kills;
    const parts = (await readPresence(data))?.children ?? [];
    const part = parts[Math.floor(random() * parts.length)];
    if (part === undefined) continue;
    try {
      process.kill(part, 'SIGKILL');
      kills += 1;
    } catch {
      // It had just ended by itself, or for an earlier kill.
    }
  }
}

/** mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function numbers(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
