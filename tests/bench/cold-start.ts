import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { machine, median, writeFigures } from './figures.ts';

/**
 * `npm run bench:cold [-- ROUNDS]`: `pilot render` of four tiny frames and their video where no farm is running,
 * against Blender alone, in turn. The first time on a machine it finds out what that can do; after that it remembers.
 */
const rounds = Number(process.argv[2] ?? 5);
const run = promisify(execFile);
const PILOT = fileURLToPath(new URL('../../cli/bin/pilot.mjs', import.meta.url));
const FRAMES = '1-4';

const folder = await mkdtemp(join(tmpdir(), 'pilot-cold-'));
try {
  await makeBlends(2 * rounds);
  const plain: number[] = [];
  const again: number[] = [];
  const first: number[] = [];
  // A home of its own: nothing is known there of this machine. Its first run belongs to the other row.
  await pilot('home', 0);
  for (let round = 0; round < rounds; round += 1) {
    plain.push(await blender(round));
    again.push(await pilot('home', round + 1));
    first.push(await pilot(`home-${round}`, rounds + round));
  }
  const report = describe({ plain, again, first });
  await writeFigures('cold', report);
  process.stdout.write(`${report}\nWritten to docs/benchmarks.md\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function makeBlends(count: number): Promise<void> {
  const script = fileURLToPath(new URL('make-bench-blend.py', import.meta.url));
  await run('blender', ['-b', '--factory-startup', '--python', script, '--', folder, String(count + 1), '4']);
}

function blend(number: number): string {
  return join(folder, `bench-4-${number}.blend`);
}

/** Seconds. */
async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return (performance.now() - started) / 1_000;
}

function blender(number: number): Promise<number> {
  const args = ['-b', blend(number), '-o', join(folder, 'plain', 'f_'), '-s', '1', '-e', '4', '-a'];
  return timed(() => run('blender', args));
}

function pilot(home: string, number: number): Promise<number> {
  const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('PILOT_'));
  const env = { ...Object.fromEntries(rest), HOME: join(folder, home) };
  const args = ['render', blend(number), '--frames', FRAMES, '--out', join(folder, `out-${home}-${number}`)];
  return timed(() => run(process.execPath, [PILOT, ...args], { env }));
}

function describe({ plain, again, first }: Record<'plain' | 'again' | 'first', number[]>): string {
  const seconds = (values: number[]) =>
    `${median(values).toFixed(2)} s (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;
  const more = (values: number[]) => `**${(median(values) - median(plain)).toFixed(2)} s**`;
  return `## Cold start

Written by \`npm run bench:cold\`. ${machine()}, load ${loadavg()[0]?.toFixed(1)}. Four frames of 160x90, 4 samples, without
a farm that is running: \`pilot render\` to its exit, with the video, against \`blender -b -a\`, in turn. Medians of ${rounds} rounds.

| what | seconds | more than plain Blender | bound |
|---|---|---|---|
| \`blender -b -a\` | ${seconds(plain)} | | |
| \`pilot render\`, on a machine that it knows | ${seconds(again)} | ${more(again)} | 2.50 s |
| \`pilot render\`, the first time on a machine | ${seconds(first)} | ${more(first)} | |
`;
}
