import { ScriptContext } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { z } from 'zod';
import type { RunnableChunk, TimeLimit } from '../kind.ts';

const Deadline = z.object({ context: ScriptContext.pick({ deadlineSeconds: true }) });

/** A merge and the measuring after it are no shard's work, and much of them is not the script's. */
const TIMES_DEADLINE = 10;
const LEAST_OF_OTHERS_MS = 600_000;
/** Beyond the deadline, for an update that is being written when it comes. */
const GRACE = 0.1;
const LEAST_GRACE_MS = 2_000;

/**
 * With a deadline a shard that runs into it is over: it is ended, and the round
 * goes on without it. The first weights, which each shard makes too, may take
 * as long. Counted as the script counts it: from when Python is ready.
 */
export function timeLimit({
  stage,
  stageSpec,
}: Pick<RunnableChunk, 'stage' | 'stageSpec'>): TimeLimit | null {
  const deadlineSeconds = Deadline.safeParse(stageSpec).data?.context.deadlineSeconds ?? null;
  if (deadlineSeconds === null) return null;
  const deadlineMs = deadlineSeconds * 1_000;
  const common = { from: 'begun', code: 'over-deadline' } as const;
  const advice = 'A script that asks pilot.should_stop() comes to its pilot.finish in time.';
  if (stage === 'train' || stage === 'initialize') {
    const what = stage === 'train' ? 'The shard was' : 'The first weights were';
    const message = `${what} not finished within the deadline of ${deadlineSeconds} seconds. ${advice}`;
    return { ...common, wallMs: deadlineMs + Math.max(LEAST_GRACE_MS, deadlineMs * GRACE), message };
  }
  const wallMs = Math.max(LEAST_OF_OTHERS_MS, TIMES_DEADLINE * deadlineMs);
  const message = `The merged model was not made and measured within ${wallMs / 60_000} minutes.`;
  return { ...common, code: 'over-time', wallMs, message };
}
