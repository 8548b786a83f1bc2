import { join } from 'node:path';
import { run } from 'node:test';
import { type Outcome, type Report, Tally } from './test-tally.ts';

export type FileResult = { file: string; outcomes: Outcome[]; ms: number };

const perTestMs = 5 * 60_000;
const perFileMs = 8 * 60_000;
const idleMs = 60_000;

/**
 * Runs one test file in a process of its own. A file that crashes, hangs, declares no test, or stays although
 * its tests are over gives a failed outcome that says so.
 */
export async function runTestFile(
  root: string,
  file: string,
  { signal, seen }: { signal: AbortSignal; seen: (outcome: Outcome) => void },
): Promise<FileResult> {
  const started = performance.now();
  const tally = new Tally();
  const watch = new Watch(signal);
  let said = '';
  const path = join(root, file);
  const events = run({
    files: [path],
    cwd: root,
    isolation: 'process',
    concurrency: 1,
    signal: watch.signal,
    execArgv: [`--test-timeout=${perTestMs}`],
  });
  for await (const { type, data } of events) {
    watch.heard(type);
    if (type === 'test:stdout' || type === 'test:stderr') said = (said + data.message).slice(-6_000);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const outcome = isAboutTheFile(data, path)
      ? ofFile(tally, type === 'test:pass', watch.verdict, said)
      : tally.add(type === 'test:pass', data);
    if (outcome !== undefined) seen(outcome);
  }
  watch.end();
  if (watch.verdict !== undefined && !tally.outcomes.some((it) => it.kind === 'failed')) {
    seen(tally.fail('the file as a whole', watch.verdict));
  }
  return { file, outcomes: tally.outcomes, ms: performance.now() - started };
}

// A report under the file's own name stands for its process: it crashed, was ended, or declared nothing.
function isAboutTheFile(report: Report, path: string): boolean {
  return report.nesting === 0 && (report.name === path || path.endsWith(`/${report.name}`));
}

function ofFile(tally: Tally, passed: boolean, verdict: string | undefined, said: string): Outcome {
  const what = passed ? 'It declares no test.' : 'Its process ended with an error outside of any test.';
  return tally.fail('the file as a whole', `${verdict ?? what}\n${said}`.trimEnd());
}

/** Ends a file that takes too long, or that has nothing running any more and yet does not go. */
class Watch {
  verdict: string | undefined;
  readonly #stop = new AbortController();
  readonly #all: NodeJS.Timeout;
  readonly #outer: AbortSignal;
  #idle: NodeJS.Timeout | undefined;
  #running = 0;

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    this.#all = setTimeout(
      () => this.#end(`It was still running after ${perFileMs / 60_000} minutes.`),
      perFileMs,
    );
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#outer, this.#stop.signal]);
  }

  heard(type: string): void {
    if (type === 'test:start') this.#running += 1;
    if (type === 'test:pass' || type === 'test:fail') this.#running -= 1;
    clearTimeout(this.#idle);
    if (this.#running > 0) return;
    const complaint = `Its tests are over, but its process did not end within ${idleMs / 1000} s: something is left open.`;
    this.#idle = setTimeout(() => this.#end(complaint), idleMs);
  }

  end(): void {
    clearTimeout(this.#all);
    clearTimeout(this.#idle);
  }

  #end(verdict: string): void {
    this.verdict = verdict;
    this.#stop.abort();
  }
}
