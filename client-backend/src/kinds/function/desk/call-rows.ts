import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import type { CallOutcome, NewCall } from '@parallel-pilot/shared/server/db/calls.ts';
import type { CallResult } from './call-result.ts';
import type { Event, Invocation } from './invocation.ts';

type About = Pick<NewCall, 'id' | 'function_id' | 'version' | 'person_id' | 'how' | 'created_at'>;

/** How a call is kept, and which process is at it until when. `fresh`: an id that it may have. */
export type Kept = {
  how: 'sync' | 'async';
  state: 'waiting' | 'running';
  key: string | null;
  process: string;
  now: number;
  until: number;
  fresh: CallId;
};

/** The row of a call that is kept before it is begun. */
export function keptCall(
  { version, event, person }: Invocation,
  { how, state, key, process, now, until, fresh }: Kept,
): NewCall & { id: CallId } {
  const about = {
    // An event that is a blob is held in its name.
    id: how === 'async' && typeof event !== 'string' ? event.holder : fresh,
    function_id: version.function_id,
    version: version.version,
    person_id: person,
    how,
    created_at: now,
  };
  return openCall(about, {
    ...{ state, process, idempotency_key: key },
    ...(how === 'async' ? eventIn(event) : NO_EVENT),
    ...{ attempts: 1, expires_at: until },
  });
}

/** A call that is not over. */
export const openCall = <Of extends About>(
  about: Of,
  more: Pick<
    NewCall,
    | 'state'
    | 'idempotency_key'
    | 'event_json'
    | 'event_hash'
    | 'event_size'
    | 'attempts'
    | 'process'
    | 'expires_at'
  >,
) => ({ ...about, ...more, ...NOTHING_YET });

const NOTHING_YET = {
  answer_json: null,
  answer_hash: null,
  answer_size: null,
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
  answer_hash: null,
  answer_size: null,
  idempotency_key: null,
  ...NO_EVENT,
  process: null,
  expires_at: null,
});

/** The columns of an event. */
export const eventIn = (event: Event) =>
  typeof event === 'string'
    ? { ...NO_EVENT, event_json: event }
    : { ...NO_EVENT, event_hash: event.hash, event_size: event.size };

export const NO_EVENT = { event_json: null, event_hash: null, event_size: null };

/** What is written of a call's end. */
export const outcomeOf = (
  result: CallResult,
  { now, attempts }: { now: number; attempts: number },
): CallOutcome => ({
  state: result.ok ? 'done' : 'failed',
  ...answerIn(result),
  code: result.ok ? null : result.code,
  message: result.ok ? null : result.message,
  log: result.log === '' ? null : result.log,
  worker_id: result.worker,
  attempts,
  ms: result.ms,
  ended_at: now,
});

function answerIn(result: CallResult) {
  const none = { answer_json: null, answer_hash: null, answer_size: null };
  if (!result.ok) return none;
  const { answer } = result;
  return typeof answer === 'string'
    ? { ...none, answer_json: answer }
    : { ...none, answer_hash: answer.hash, answer_size: answer.size };
}
