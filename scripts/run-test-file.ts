import { join } from 'node:path';
import { run } from 'node:test';
import { failureType, type Outcome, reasonOf, Tally } from './test-tally.ts';

/** `said`: the last of what the file's process printed. */
export type FileResult = { file: string; outcomes: Outcome[]; ms: number; said: string };

/** Milliseconds: for one test, for all of a file, and from its last test's end to its process's. */
export type Limits = { test: number; file: number; leaving: number };

const generous: Limits = { test: 5 * 60_000, file: 8 * 60_000, leaving: 60_000 };

/**
 * Runs one test file in a process of its own. A file that crashes, hangs, declares no test, or stays although
 * its tests are over gives a failed outcome that says so.
 */
export async function runTestFile(
  root: string,
  file: string,
  {
    signal,
    seen = () => {},
    limits = generous,
  }: { signal: AbortSignal; seen?: (outcome: Outcome) => void; limits?: Limits },
): Promise<FileResult> {
  const started = performance.now();
  const tally = new Tally();
  const watch = new Watch(signal, limits);
  let said = '';
  const path = join(root, file);
  const events = run({
    files: [path],
    cwd: root,
    isolation: 'process',
    concurrency: 1,
    signal: watch.signal,
    execArgv: [`--test-timeout=${limits.test}`],
  });
  for await (const { type, data } of events) {
    if (type === 'test:dequeue' && !isAboutTheFile(data, path)) watch.heard('started');
    if (type === 'test:complete' && !isAboutTheFile(data, path)) watch.heard('ended');
    if (type === 'test:stdout' || type === 'test:stderr') said = (said + data.message).slice(-6_000);
    if (type === 'test:start') tally.start(data);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const outcome = isAboutTheFile(data, path)
      ? ofFile(tally, type === 'test:pass' ? null : data.details.error, watch.problem)
      : tally.add(type === 'test:pass', data);
    if (outcome !== undefined) seen(outcome);
  }
  watch.end();
  if (watch.problem !== undefined && !tally.outcomes.some((it) => it.kind === 'failed')) {
    seen(tally.fail('the file as a whole', watch.problem));
  }
  return { file, outcomes: tally.outcomes, ms: performance.now() - started, said };
}

// A report under the file's own name stands for its process: it crashed, was ended, or declared nothing.
function isAboutTheFile(report: { name: string; nesting: number }, path: string): boolean {
  return report.nesting === 0 && (report.name === path || path.endsWith(`/${report.name}`));
}

function ofFile(tally: Tally, error: Error | null | undefined, problem: string | undefined): Outcome {
  const what = error === null ? 'It declares no test.' : whyOutside(error);
  return tally.fail('the file as a whole', problem ?? what);
}

/** A hook of the whole file reports as the file, with what it threw. */
function whyOutside(error: Error | undefined): string {
  const said = 'Its process ended with an error outside of any test.';
  return failureType(error) === 'hookFailed' ? reasonOf(error) : said;
}

const staysOpen =
  'Its tests are over, but its process did not end: something is left open (a server, a socket, a timer, a child).';

/** Ends a file that takes too long, or that has nothing running any more and yet does not go. */
class Watch {
  problem: string | undefined;
  readonly #stop = new AbortController();
  readonly #all: NodeJS.Timeout;
  readonly #outer: AbortSignal;
  #idle: NodeJS.Timeout | undefined;
  #running = 0;

  readonly #leavingMs: number;

  constructor(outer: AbortSignal, limits: Limits) {
    this.#outer = outer;
    this.#leavingMs = limits.leaving;
    const complaint = `It was still running after ${limits.file / 1000} s.`;
    this.#all = setTimeout(() => this.#end(complaint), limits.file);
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#outer, this.#stop.signal]);
  }

  /** A test was started or has ended. */
  heard(what: 'started' | 'ended'): void {
    this.#running += what === 'started' ? 1 : -1;
    clearTimeout(this.#idle);
    if (this.#running > 0) return;
    this.#idle = setTimeout(() => this.#end(staysOpen), this.#leavingMs);
  }

  end(): void {
    clearTimeout(this.#all);
    clearTimeout(this.#idle);
  }

  #end(problem: string): void {
    this.problem = problem;
    this.#stop.abort();
  }
}
