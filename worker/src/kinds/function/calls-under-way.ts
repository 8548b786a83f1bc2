import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import {
  type CallEnd,
  type CallFailure,
  callFailed,
  MOST_CALL_LOG,
} from '@parallel-pilot/shared/protocol/calls.ts';

/** An answer may be left in a file of the box. */
export type HandlerEnd = CallEnd | { ok: true; left: true; log: string; ms: number };

type UnderWay = { settle: (end: HandlerEnd) => void; printed: string; startedAt: number };

/** The calls that one process of a handler is at, and what each has printed so far. */
export class CallsUnderWay {
  readonly #calls = new Map<CallId, UnderWay>();

  get count(): number {
    return this.#calls.size;
  }

  has(call: CallId): boolean {
    return this.#calls.has(call);
  }

  begin(call: CallId): Promise<HandlerEnd> {
    return new Promise((settle) => {
      this.#calls.set(call, { settle, printed: '', startedAt: performance.now() });
    });
  }

  /** Of what is printed by no call that is known, the only one under way takes it. */
  print(call: CallId | null, text: string): void {
    const only = this.#calls.size === 1 ? this.#calls.values().next().value : undefined;
    const of = call === null ? only : this.#calls.get(call);
    if (of !== undefined) of.printed = (of.printed + text).slice(-MOST_CALL_LOG);
  }

  answer(call: CallId, answer: string): void {
    this.#end(call, { ok: true, answer, log: '', ms: 0 });
  }

  leave(call: CallId): void {
    this.#end(call, { ok: true, left: true, log: '', ms: 0 });
  }

  fail(call: CallId, code: CallFailure, message: string): void {
    this.#end(call, callFailed(code, message.slice(0, 2_000)));
  }

  failAll(code: CallFailure, message: string): void {
    for (const call of [...this.#calls.keys()]) this.fail(call, code, message);
  }

  #end(call: CallId, end: HandlerEnd): void {
    const of = this.#calls.get(call);
    if (of === undefined) return;
    this.#calls.delete(call);
    of.settle({ ...end, log: of.printed, ms: performance.now() - of.startedAt });
  }
}
