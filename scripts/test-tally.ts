import { inspect } from 'node:util';

/** What one test reported, as node:test's `test:pass` and `test:fail` events carry it. */
export type Report = {
  name: string;
  nesting: number;
  skip?: string | boolean | undefined;
  todo?: string | boolean | undefined;
  details: { duration_ms: number; type?: 'suite' | 'test' | undefined; error?: Error | undefined };
};

export type Outcome =
  | { kind: 'passed'; name: string; ms: number }
  | { kind: 'failed'; name: string; reason: string }
  | { kind: 'skipped'; name: string; reason: string };

/**
 * Counts leaf tests: suites, and tests that only hold others, say nothing of their own unless they fail by
 * themselves (a hook that throws). Children report before what holds them, one level deeper.
 */
export class Tally {
  readonly outcomes: Outcome[] = [];
  #childrenAt: number[] = [];
  #path: string[] = [];

  /** What holds others starts before them, so this is where a report gets its full name from. */
  start({ name, nesting }: { name: string; nesting: number }): void {
    this.#path = [...this.#path.slice(0, nesting), name];
  }

  add(passed: boolean, report: Report): Outcome | undefined {
    const held = this.#childrenAt[report.nesting + 1] ?? 0;
    this.#childrenAt = this.#childrenAt.slice(0, report.nesting + 1);
    this.#childrenAt[report.nesting] = (this.#childrenAt[report.nesting] ?? 0) + 1;
    const name = [...this.#path.slice(0, report.nesting), report.name].join(' › ');
    const outcome = judge(passed, { ...report, name }, held > 0 || report.details.type === 'suite');
    if (outcome !== undefined) this.outcomes.push(outcome);
    return outcome;
  }

  fail(name: string, reason: string): Outcome {
    const outcome: Outcome = { kind: 'failed', name, reason };
    this.outcomes.push(outcome);
    return outcome;
  }
}

function judge(passed: boolean, report: Report, holdsOthers: boolean): Outcome | undefined {
  const { name, details } = report;
  const aside = asideReason(report);
  if (aside !== undefined) return { kind: 'skipped', name, reason: aside };
  if (passed) return holdsOthers ? undefined : { kind: 'passed', name, ms: details.duration_ms };
  if (failureType(details.error) === 'subtestsFailed') return undefined;
  return { kind: 'failed', name, reason: reasonOf(details.error) };
}

function asideReason({ skip, todo }: Report): string | undefined {
  if (skip !== undefined && skip !== false) return typeof skip === 'string' ? skip : 'no reason given';
  if (todo !== undefined && todo !== false) return typeof todo === 'string' ? `to do: ${todo}` : 'to do';
  return undefined;
}

export function failureType(error: unknown): unknown {
  return error instanceof Error && 'failureType' in error ? error.failureType : undefined;
}

// node:test wraps what was thrown; the reader wants that, not the wrapper.
export function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'no reason given';
  const cause = error.cause ?? error;
  return typeof cause === 'string' ? cause : inspect(cause, { depth: 4, breakLength: 110 });
}
