import { CALL_PROBLEMS, type CallProblem } from '@parallel-pilot/shared/kinds/function/calls.ts';
import type { CallFile } from '@parallel-pilot/shared/protocol/calls.ts';
import type { CallRow } from '@parallel-pilot/shared/server/db/calls.ts';
import type { CallResult } from './call-result.ts';
import type { Event } from './invocation.ts';

/** A call that nobody waits for is begun so often where what ran it was lost. */
const MOST_ATTEMPTS = 3;

/** Of a call whose version is no more. */
export const GONE: CallResult = {
  ok: false,
  code: 'gone',
  message: 'The version of the function that it was for is gone.',
  log: '',
  ms: 0,
  worker: null,
};

export const NEVER_BEGUN: ReadonlySet<CallProblem> = new Set(['queue-full', 'no-instance', 'not-possible']);

/** What was not begun is tried for as long as it takes; what may have been a few times. */
export function mayRepeat(code: CallProblem, attempts: number, closing: boolean): boolean {
  if (closing) return true;
  if (NEVER_BEGUN.has(code)) return true;
  return code !== 'gone' && CALL_PROBLEMS[code].again && attempts < MOST_ATTEMPTS;
}

/** The event of a stored call that nobody waits for. */
export const eventOf = ({ id, event_json, event_hash: hash, event_size: size }: CallRow): Event =>
  hash === null || size === null ? (event_json ?? 'null') : { hash, size: Number(size), holder: id };

/** The answer that is kept of a call; null where none is. */
export function answerOf({
  answer_json,
  answer_hash: hash,
  answer_size: size,
}: Pick<CallRow, 'answer_json' | 'answer_hash' | 'answer_size'>): string | CallFile | null {
  return hash === null || size === null ? answer_json : { hash, size: Number(size) };
}

/** What a stored call came to; null where it is not over. */
export function resultIn(row: CallRow): CallResult | null {
  const said = { log: row.log ?? '', ms: row.ms ?? 0, worker: row.worker_id };
  if (row.state === 'done') return { ok: true, answer: answerOf(row) ?? 'null', ...said };
  if (row.state !== 'failed') return null;
  const code = (row.code ?? '') in CALL_PROBLEMS ? (row.code as CallProblem) : 'worker-lost';
  return { ok: false, code, message: row.message ?? '', ...said };
}
