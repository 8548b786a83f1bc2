// Every check and test of the clone, in this process's Node 24: see `npm test`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lint, pythonCheck, siteBuild, typeCheck } from './checks.ts';
import { type FileResult, runTestFile } from './run-test-file.ts';
import { findTestFiles } from './test-files.ts';
import { runInLanes } from './test-lanes.ts';
import type { Outcome } from './test-tally.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const filters = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

const files = findTestFiles(root, filters);
const checks = filters.length === 0 ? [typeCheck, lint, pythonCheck, siteBuild] : [siteBuild];
if (filters.length > 0)
  say(`Only test files whose path contains ${filters.join(' or ')}; no type check, no lint.`);

// Workers of tests are to share the machine with each other, not with those that its owner runs.
const hostFolder = mkdtempSync(join(tmpdir(), 'pilot-test-host-'));
process.env.PILOT_HOST_FOLDER = hostFolder;

const results: FileResult[] = [];
for (const check of checks) results.push(report(await check(root)));
await runInLanes(files, runFile, { signal: stop.signal });
rmSync(hostFolder, { recursive: true, force: true });
process.exitCode = conclude(results);

async function runFile(file: string): Promise<void> {
  // These take minutes: each test is told as it ends.
  const seen = (outcome: Outcome) =>
    file.startsWith('tests/e2e/') && say(`  · ${file.slice(file.lastIndexOf('/') + 1)} › ${line(outcome)}`);
  results.push(report(await runTestFile(root, file, { signal: stop.signal, seen })));
}

function report(result: FileResult): FileResult {
  const failed = result.outcomes.filter((it) => it.kind === 'failed');
  const passed = result.outcomes.filter((it) => it.kind === 'passed').length;
  const mark = failed.length > 0 ? '✖' : '✔';
  const count = failed.length > 0 ? `${passed} passed, ${failed.length} failed` : `${passed} passed`;
  say(`${mark} ${result.file}: ${count} (${seconds(result.ms)})`);
  for (const { name, reason } of failed) say(indent(`✖ ${name}\n${indent(shortened(reason))}`));
  if (failed.length > 0 && result.said !== '') say(indent(`It printed:\n${indent(result.said.trimEnd())}`));
  return result;
}

/** Prints the skipped and failed tests, then the one line that counts; gives the exit code. */
function conclude(all: readonly FileResult[]): 0 | 1 {
  const of = <K extends Outcome['kind']>(kind: K) =>
    all.flatMap(({ file, outcomes }) =>
      outcomes
        .filter((it): it is Extract<Outcome, { kind: K }> => it.kind === kind)
        .map((it) => ({ file, ...it })),
    );
  const [passed, failed, skipped] = [of('passed'), of('failed'), of('skipped')];
  list(
    'Skipped:',
    skipped.map((it) => `${it.file} › ${it.name}: ${it.reason}`),
  );
  list(
    'Failed:',
    // Of a long output often nothing but its end is kept, so the reasons stand here, too.
    failed.map((it) => `${it.file} › ${it.name}\n${indent(shortened(it.reason, 30))}`),
  );
  const none = files.dear.length + files.light.length === 0;
  if (none) say('\nThere is no such test file.');
  if (stop.signal.aborted) say('\nStopped before the end.');
  const counts = [`${passed.length} passed`, `${failed.length} failed`];
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  say(`\n${counts.join(', ')}`);
  return failed.length > 0 || passed.length === 0 || none || stop.signal.aborted ? 1 : 0;
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length > 0) say(`\n${title}\n${lines.map((it) => `  ${it}`).join('\n')}`);
}

function shortened(text: string, most = 80): string {
  const lines = text.split('\n');
  return lines.length <= most
    ? text
    : [...lines.slice(0, most), `… and ${lines.length - most} more lines`].join('\n');
}

function line(outcome: Outcome): string {
  if (outcome.kind === 'passed') return `${outcome.name} (${seconds(outcome.ms)})`;
  return `${outcome.kind}: ${outcome.name}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
