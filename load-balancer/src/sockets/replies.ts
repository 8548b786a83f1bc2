import type { ReplyTo } from '../farm/events.ts';
import type { Ack } from './receive.ts';

/** Acknowledgements that wait until what they acknowledge is committed, by number. */
export class Replies {
  readonly #waiting = new Map<ReplyTo, Ack>();
  #last = 0;

  keep(ack: Ack): ReplyTo {
    this.#last += 1;
    this.#waiting.set(this.#last, ack);
    return this.#last;
  }

  answer(to: ReplyTo, reply: unknown): void {
    this.#waiting.get(to)?.(reply);
    this.#waiting.delete(to);
  }
}
