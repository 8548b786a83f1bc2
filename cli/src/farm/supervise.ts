import { setTimeout as pause } from 'node:timers/promises';
import type { Ready } from '@parallel-pilot/shared/protocol/supervision.ts';
import { type ChildExit, type ChildProgram, type RunningChild, startChild } from './child.ts';
import { isWorkerName } from './programs.ts';
import { decideRestart } from './restart.ts';

export type ChildEvent =
  /** `reason` reads on after the name: "was killed (SIGKILL)". */
  | { type: 'restarting'; name: string; reason: string; delayMs: number }
  | { type: 'restarted'; name: string }
  /** It will not be started again; `message` says so, with its last log lines. */
  | { type: 'gave-up'; name: string; message: string };

export type Supervision = {
  /** The first `ready` message, or a sentence saying why there is none. */
  started: Promise<{ ok: true; ready: Ready } | { ok: false; message: string }>;
  pid(): number | undefined;
  /**
   * Ends the child for good: SIGTERM, once more as soon as `hurry` is aborted or `graceMs` are over, and SIGKILL
   * 3 s after that. Resolves when nothing of it runs.
   */
  stop(graceMs: number, hurry: AbortSignal): Promise<void>;
};

export type SuperviseOptions = { readyWithinMs?: number; decide?: typeof decideRestart };

const KILL_AFTER_MS = 3_000;
const PATIENT_DELAY_MS = 15_000;
/** Two equal signals in one moment may arrive as one. */
const BETWEEN_SIGNALS_MS = 200;

/** Keeps one program running: whenever it dies, it is started again with the same environment. */
export function supervise(
  program: ChildProgram,
  onEvent: (event: ChildEvent) => void,
  { readyWithinMs = 60_000, decide = decideRestart }: SuperviseOptions = {},
): Supervision {
  const stopping = new AbortController();
  const started = Promise.withResolvers<Awaited<Supervision['started']>>();
  let child: RunningChild | null = null;

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
    let quickDeaths = 0;
    let wasReady = false;
    while (!stopping.signal.aborted) {
      child = await startChild(program, readyWithinMs);
      // Asked to stop while the log was being opened: `stop` had no child to end yet.
      if (stopping.signal.aborted) child.signal('SIGKILL');
      const outcome = await child.started;
      if (outcome.status === 'ready') {
        if (wasReady) onEvent({ type: 'restarted', name: program.name });
        wasReady = true;
        started.resolve({ ok: true, ready: outcome.ready });
      } else if (!wasReady && outcome.status === 'start-failed') {
        await child.exited;
        return started.resolve({ ok: false, message: outcome.message });
      } else if (outcome.status === 'silent') {
        child.signal('SIGKILL');
        if (!wasReady) return failToStart(child);
      }
      const exit = await child.exited;
      if (stopping.signal.aborted) break;
      const livedMs = outcome.status === 'ready' ? exit.livedMs : 0;
      // Whatever ends it by itself before it was ever ready would do so again.
      if (!wasReady && exit.signal === null) return giveUp(child, exit, 1, wasReady);
      const decision = decide(quickDeaths, livedMs);
      quickDeaths = decision.quickDeaths;
      // It ran before and says in a sentence what it waits for now, a database for instance: that may come back.
      const waits = wasReady && outcome.status === 'start-failed';
      if (decision.action === 'give-up' && !waits) return giveUp(child, exit, quickDeaths, wasReady);
      const delayMs = decision.action === 'give-up' ? PATIENT_DELAY_MS : decision.delayMs;
      onEvent({ type: 'restarting', name: program.name, reason: describeExit(exit), delayMs });
      await pause(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
    started.resolve({ ok: false, message: `The ${program.name} was stopped before it had started.` });
  }

  async function failToStart(silent: RunningChild): Promise<void> {
    await silent.exited;
    const seconds = Math.round(readyWithinMs / 1_000);
    const message = `The ${program.name} did not become ready within ${seconds} s.`;
    started.resolve({ ok: false, message: await withLog(message, silent, program) });
  }

  async function giveUp(dead: RunningChild, exit: ChildExit, deaths: number, wasReady: boolean) {
    const often = deaths === 1 ? '' : `, ${deaths} times in a row`;
    const again = wasReady ? ' and is not started again' : ' before it was ready';
    const what = `The ${program.name} ${describeExit(exit)}${often}${again}.`;
    const message = await withLog(what, dead, program);
    if (!wasReady) started.resolve({ ok: false, message });
    onEvent({ type: 'gave-up', name: program.name, message });
  }
}

async function endChild(child: RunningChild, graceMs: number, hurry: AbortSignal): Promise<void> {
  const over = new AbortController();
  const within = (ms: number, signals: AbortSignal[]) =>
    Promise.race([
      child.exited.then(() => true),
      pause(ms, false, { signal: AbortSignal.any([over.signal, ...signals]) }).catch(() => false),
    ]);
  child.signal('SIGTERM');
  if (!(await within(BETWEEN_SIGNALS_MS, [])) && !(await within(graceMs, [hurry]))) {
    child.signal('SIGTERM');
    if (!(await within(KILL_AFTER_MS, []))) child.signal('SIGKILL');
  }
  await child.exited;
  over.abort();
}

function describeExit({ code, signal }: ChildExit): string {
  if (signal !== null) return `was killed (${signal})`;
  if (code === null) return 'could not be started';
  return code === 0 ? 'stopped by itself' : `stopped with exit code ${code}`;
}

async function withLog(message: string, child: RunningChild, program: ChildProgram): Promise<string> {
  const lines = await child.tail(8);
  const last =
    lines.length === 0 ? '' : `\n\nIts last lines:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return `${message}${last}\n\nIts whole log: ${program.log}`;
}

/** What to tell people of such an event; null where `Farm.failed` tells it. */
export function incidentSentence(event: ChildEvent): string | null {
  switch (event.type) {
    case 'restarting': {
      const when = event.delayMs === 0 ? 'at once' : `in ${Math.round(event.delayMs / 1_000)} s`;
      return `The ${event.name} ${event.reason}; it is started again ${when}.`;
    }
    case 'restarted':
      return `The ${event.name} is back.`;
    case 'gave-up':
      return isWorkerName(event.name) ? event.message : null;
    default:
      return event satisfies never;
  }
}
