import { setTimeout as pause } from 'node:timers/promises';
import type { Ready } from '@parallel-pilot/shared/protocol/supervision.ts';
import {
  type ChildExit,
  type ChildProgram,
  type RunningChild,
  type StartOutcome,
  startChild,
} from './child.ts';
import { type ChildEvent, describeExit, seconds, withLog } from './child-events.ts';
import { decideRestart, STEADY_AFTER_MS } from './restart.ts';

export type Supervision = {
  /** The first `ready` message, or a sentence saying why the first start gave none. */
  started: Promise<{ ok: true; ready: Ready } | { ok: false; message: string }>;
  pid(): number | undefined;
  /**
   * Ends the child for good: SIGTERM, once more as soon as `hurry` is aborted or `graceMs` are over, and SIGKILL
   * 3 s after that. Resolves when nothing of it runs.
   */
  stop(graceMs: number, hurry: AbortSignal): Promise<void>;
};

export type SuperviseOptions = {
  readyWithinMs?: number;
  decide?: typeof decideRestart;
  /** Between the starts of a child that keeps dying. */
  seldomMs?: number;
  /** A failing child that has run for so long does not fail any more. */
  steadyMs?: number;
};

const KILL_AFTER_MS = 3_000;
/** What says in a sentence what it waits for is looked after a little more often. */
const WAITING_MS = 15_000;
/** Two equal signals in one moment may arrive as one. */
const BETWEEN_SIGNALS_MS = 200;

/**
 * Keeps one program running: whenever it dies, it is started again with the
 * same environment; seldom, once it keeps dying or where it never started, but
 * without an end: what is in its way, a full disk or a missing database, may
 * go away overnight.
 */
export function supervise(
  program: ChildProgram,
  onEvent: (event: ChildEvent) => void,
  {
    readyWithinMs = 60_000,
    decide = decideRestart,
    seldomMs = 60_000,
    steadyMs = STEADY_AFTER_MS,
  }: SuperviseOptions = {},
): Supervision {
  const { name } = program;
  const stopping = new AbortController();
  const started = Promise.withResolvers<Awaited<Supervision['started']>>();
  let child: RunningChild | null = null;
  let wasReady = false;
  let quickDeaths = 0;
  let failing = false;

  const done = keepRunning();
  return {
    started: started.promise,
    pid: () => child?.pid,
    async stop(graceMs, hurry) {
      stopping.abort();
      if (child !== null) await endChild(child, graceMs, hurry);
      await done;
    },
  };

  async function keepRunning(): Promise<void> {
    while (!stopping.signal.aborted) {
      child = await startChild(program, readyWithinMs);
      // Asked to stop while the log was being opened: `stop` had no child to end yet.
      if (stopping.signal.aborted) child.signal('SIGKILL');
      const outcome = await child.started;
      if (outcome.status === 'ready') await onReady(child, outcome.ready);
      if (outcome.status === 'silent') child.signal('SIGKILL');
      const exit = await child.exited;
      if (stopping.signal.aborted) break;
      const delayMs = await onDeath(child, outcome, exit);
      await pause(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
    started.resolve({ ok: false, message: `The ${name} was stopped before it had started.` });
  }

  async function onReady(running: RunningChild, ready: Ready): Promise<void> {
    if (wasReady || failing) onEvent({ type: 'restarted', name, onTrial: failing });
    wasReady = true;
    started.resolve({ ok: true, ready });
    if (!failing || (await exitsWithin(running, steadyMs, [stopping.signal]))) return;
    if (stopping.signal.aborted) return;
    failing = false;
    onEvent({ type: 'recovered', name });
  }

  /** Tells of the death where it is news. Returns how long to wait for the next start. */
  async function onDeath(dead: RunningChild, outcome: StartOutcome, exit: ChildExit): Promise<number> {
    const decision = decide(quickDeaths, outcome.status === 'ready' ? exit.livedMs : 0);
    quickDeaths = decision.quickDeaths;
    // It ran before and says in a sentence what it waits for now, a database for instance.
    const seldom = wasReady && outcome.status === 'start-failed' ? WAITING_MS : seldomMs;
    if (failing) return seldom;
    // What ends by itself before it was ever ready would do so again; what was killed may have had bad luck.
    const neverStarts = !wasReady && (exit.signal === null || outcome.status === 'silent');
    if (decision.delayMs !== 'seldom' && !neverStarts) {
      const { delayMs } = decision;
      onEvent({ type: 'restarting', name, reason: describeExit(exit), delayMs });
      return delayMs;
    }
    failing = true;
    const message = await (wasReady ? whyFailing(dead, exit, seldom) : whyNotStarted(dead, outcome, exit));
    if (wasReady) onEvent({ type: 'failing', name, message });
    else started.resolve({ ok: false, message });
    return seldom;
  }

  function whyFailing(dead: RunningChild, exit: ChildExit, everyMs: number): Promise<string> {
    const what = `The ${name} ${describeExit(exit)}, ${quickDeaths} times in a row`;
    return withLog(`${what}; from now on it is tried again every ${seconds(everyMs)}.`, dead, program);
  }

  async function whyNotStarted(dead: RunningChild, outcome: StartOutcome, exit: ChildExit): Promise<string> {
    if (outcome.status === 'start-failed') return outcome.message;
    const what =
      outcome.status === 'silent'
        ? `did not become ready within ${seconds(readyWithinMs)}`
        : `${describeExit(exit)} before it was ready`;
    return withLog(`The ${name} ${what}.`, dead, program);
  }
}

async function endChild(child: RunningChild, graceMs: number, hurry: AbortSignal): Promise<void> {
  child.signal('SIGTERM');
  if (!(await exitsWithin(child, BETWEEN_SIGNALS_MS, [])) && !(await exitsWithin(child, graceMs, [hurry]))) {
    child.signal('SIGTERM');
    if (!(await exitsWithin(child, KILL_AFTER_MS, []))) child.signal('SIGKILL');
  }
  await child.exited;
}

/** False after `ms`, or as soon as a signal is aborted, where the child still runs. */
async function exitsWithin(child: RunningChild, ms: number, signals: AbortSignal[]): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([
      child.exited.then(() => true),
      pause(ms, false, { signal: AbortSignal.any([over.signal, ...signals]) }).catch(() => false),
    ]);
  } finally {
    over.abort();
  }
}
