import type { CallOutcome, NewCall } from '@parallel-pilot/shared/server/db/calls.ts';
import type { CallResult } from './call-result.ts';

type About = Pick<NewCall, 'id' | 'function_id' | 'version' | 'person_id' | 'how' | 'created_at'>;

/** A call that is not over. */
export const openCall = (
  about: About,
  more: Pick<NewCall, 'state' | 'idempotency_key' | 'event_json' | 'attempts' | 'process' | 'expires_at'>,
): NewCall => ({ ...about, ...more, ...NOTHING_YET });

const NOTHING_YET = {
  answer_json: null,
  code: null,
  message: null,
  log: null,
  worker_id: null,
  ms: null,
  ended_at: null,
} as const;

/** A call that is over before anything was written of it. Its answer is with whoever waited. */
export const endedCall = (about: About, result: CallResult, now: number): NewCall => ({
  ...about,
  ...outcomeOf(result, { now, attempts: 1 }),
  answer_json: null,
  idempotency_key: null,
  event_json: null,
  process: null,
  expires_at: null,
});

/** What is written of a call's end. */
export const outcomeOf = (
  result: CallResult,
  { now, attempts }: { now: number; attempts: number },
): CallOutcome => ({
  state: result.ok ? 'done' : 'failed',
  answer_json: result.ok ? result.answer : null,
  code: result.ok ? null : result.code,
  message: result.ok ? null : result.message,
  log: result.log === '' ? null : result.log,
  worker_id: result.worker,
  attempts,
  ms: result.ms,
  ended_at: now,
});
