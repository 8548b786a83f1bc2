import { CALL_PROBLEMS, type CallProblem } from '@parallel-pilot/shared/kinds/function/calls.ts';
import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import {
  CALL_FAILURES,
  type CallEnd,
  type CallFile,
  type DeliveredCallFile,
} from '@parallel-pilot/shared/protocol/calls.ts';

/** What a call came to. `answer` is JSON, or the blob with it, `ms` what it took where it ran. */
export type CallResult = { log: string; ms: number; worker: WorkerId | null } & (
  | { ok: true; answer: string | CallFile }
  | { ok: false; code: CallProblem; message: string }
);

/** Its work may have been done, or a part of it. */
export const wasBegun = (end: CallEnd): boolean => end.ok || CALL_FAILURES[end.code].begun;

/** What an instance said of a call. `taken`: the blob that it names, null where it may not. */
export function resultOf(
  end: CallEnd,
  worker: WorkerId,
  taken: (file: DeliveredCallFile) => CallFile | null,
): CallResult {
  if (!end.ok) {
    const code = end.code in CALL_PROBLEMS ? (end.code as CallProblem) : 'worker-lost';
    return { ...end, code, worker };
  }
  const { log, ms } = end;
  if (typeof end.answer !== 'string') {
    const answer = taken(end.answer);
    if (answer !== null) return { ...end, answer, worker };
    return { ok: false, code: 'answer-lost', message: NOT_DELIVERED, log, ms, worker };
  }
  // The process that wrote it is a stranger's. Larger ones are not read here: whoever asked finds out.
  if (isJson(end.answer)) return { ...end, answer: end.answer, worker };
  return { ok: false, code: 'not-json', message: 'The answer is not JSON.', log, ms, worker };
}

/** Of a call that no instance had. */
export const neverBegun = ({ code, message }: { code: CallProblem; message: string }): CallResult => ({
  ok: false,
  code,
  message,
  log: '',
  ms: 0,
  worker: null,
});

const NOT_DELIVERED = 'The worker names an answer that it has not delivered.';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
