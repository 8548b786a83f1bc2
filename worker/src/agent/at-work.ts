import {
  type Asked,
  add,
  fits,
  type Gpu,
  gpusFor,
  NOTHING_USED,
  type Offer,
  type Used,
  unplaced,
  usedBy,
} from '@parallel-pilot/shared/model/resources.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Cards } from '../kinds/visible-cards.ts';
import type { Slot } from './slot.ts';

export type AtWorkParts = {
  slots: readonly Slot[];
  /** What all chunks together may use up by now. */
  offer(): Offer;
  /** All cards of the machine, lent or not. */
  gpus(): Gpu[];
};

/** The chunk of each slot, and what they use up together, until its program has stopped or is free for the next one. */
export class AtWork {
  readonly #parts: AtWorkParts;
  readonly #chunks = new Map<Slot, { assign: Assign; cards: Cards }>();

  constructor(parts: AtWorkParts) {
    this.#parts = parts;
  }

  /** The cards that are the chunk's own from now on, or that it may see. */
  begin(slot: Slot, assign: Assign): Cards {
    const cards = this.#cardsFor(assign.asked);
    this.#chunks.set(slot, { assign, cards });
    return cards;
  }

  /** A slot that was freed may be at its next chunk by the time the last one is over. */
  end(slot: Slot, assign: Assign): void {
    if (this.#chunks.get(slot)?.assign === assign) this.#chunks.delete(slot);
  }

  /** One that finds the machine empty always begins. */
  hasRoom(asked: Asked): boolean {
    if (this.#chunks.size === 0) return true;
    const used = this.usedFor(asked);
    // What has a card keeps it, also where another one would have done.
    return fits(this.#parts.offer(), this.inUse, used) && unplaced(this.#cardsLeft(), used.gpus).length === 0;
  }

  /** By all chunks at work. */
  get inUse(): Used {
    return this.#chunks
      .values()
      .reduce((sum, { assign }) => add(sum, this.usedFor(assign.asked)), NOTHING_USED);
  }

  usedFor(asked: Asked): Used {
    return usedBy(asked, { offer: this.#parts.offer(), slots: this.#parts.slots.length });
  }

  /** What other slots keep warm for later may be in the way of a chunk that takes more than its slot's part. */
  async makeRoom(): Promise<void> {
    const idle = this.#parts.slots.filter((slot) => !slot.busy);
    const warm = idle.reduce((sum, slot) => sum + slot.keptBytes, 0);
    if (this.inUse.memoryBytes + warm <= this.#parts.offer().memoryBytes) return;
    await Promise.all(idle.map((slot) => slot.letGo()));
  }

  /** Those that it asks for, for itself; what asks for none may use all that are left. */
  #cardsFor(asked: Asked): Cards {
    const left = this.#cardsLeft();
    const given = hasOwnCards(asked) ? gpusFor(left, asked.gpus ?? []) : left;
    return { given, all: this.#parts.gpus() };
  }

  /** Of the cards that are lent, those that no chunk has for itself. */
  #cardsLeft(): Gpu[] {
    const taken = new Set<string | undefined>();
    for (const { assign, cards } of this.#chunks.values())
      if (hasOwnCards(assign.asked)) for (const { device } of cards.given) taken.add(device);
    return this.#parts.offer().gpus.filter(({ device }) => !taken.has(device));
  }
}

const hasOwnCards = ({ gpus = [] }: Asked): boolean => gpus.length > 0;
