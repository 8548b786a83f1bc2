import type { Verdict } from '@parallel-pilot/shared/model/dependencies.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { StageCounts } from '@parallel-pilot/shared/server/db/chunk-reads.ts';

/** What the rows say of a job: its state, and the chunks of its open stage. */
export type JobFacts = {
  status: JobStatus;
  /** Null when no stage is open. */
  counts: StageCounts | null;
  /** Those chunks that failed for good, where there are any, end the job. */
  stopsOnFailure: boolean;
  /** The stage may close without the chunks that are still out. */
  enough: boolean;
  /** The stage is the work itself, also where it is the first. */
  isMain: boolean;
  /** Of a blocked job: what the jobs that it waits for have come to. */
  awaited?: Verdict;
  /** Of a blocked job: its submission names files that those come to. */
  unprepared?: boolean;
};

export type Decision =
  | { do: 'nothing' }
  /** What it waits for has ended as it runs on. */
  | { do: 'unblock' }
  /** The same, and what was submitted is still to be looked at, with the files of those jobs. */
  | { do: 'prepare' }
  /** It can never run. */
  | { do: 'cancel' }
  /** The first chunk was started: say so. */
  | { do: 'start' }
  /** The stage is over: ask the kind what comes next. */
  | { do: 'plan' }
  /** Chunks were canceled that a live job still needs: have them queued again. */
  | { do: 'requeue' }
  /** Put the result together. */
  | { do: 'assemble' }
  /** Some results are to be made again, so the job is back at work. */
  | { do: 'redo' };

/**
 * What a job needs of the backend now, from its rows alone: whoever asks, and
 * however often, gets the same answer until something has been done about it.
 */
export function decide(facts: JobFacts): Decision {
  const { status, counts, stopsOnFailure, enough, isMain } = facts;
  if (counts === null) return { do: 'nothing' };
  const { queued = 0, leased = 0, running = 0, done = 0, failed = 0, canceled = 0 } = counts;
  const settled = queued + leased + running === 0;
  switch (status) {
    case 'blocked':
      return decideBlocked(facts);
    case 'preparing':
    case 'queued':
    case 'running':
      if (stopsOnFailure && failed > 0 && canceled === 0) return { do: 'plan' };
      if (enough) return { do: 'plan' };
      if (settled) return { do: canceled > 0 ? 'requeue' : 'plan' };
      if (status === 'running' || (status === 'preparing' && !isMain)) return { do: 'nothing' };
      return { do: running + done + failed > 0 ? 'start' : 'nothing' };
    case 'assembling':
      return { do: settled && failed + canceled === 0 ? 'assemble' : 'redo' };
    case 'ready':
    case 'paused':
    case 'completed':
    case 'failed':
    case 'canceled':
      return { do: 'nothing' };
    default:
      return status satisfies never;
  }
}

function decideBlocked({ awaited = 'wait', unprepared = false }: JobFacts): Decision {
  switch (awaited) {
    case 'wait':
      return { do: 'nothing' };
    case 'run':
      return { do: unprepared ? 'prepare' : 'unblock' };
    case 'cancel':
      return { do: 'cancel' };
    default:
      return awaited satisfies never;
  }
}
