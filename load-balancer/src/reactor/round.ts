import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { append, type Effect } from '../farm/effects.ts';
import type { FarmEvent } from '../farm/events.ts';
import type { Farm } from '../farm/farm.ts';
import { schedule } from '../scheduling/schedule.ts';
import { react } from './react.ts';

/** Which of a round's events could not be handled. */
export class EventFault<Source extends { event: FarmEvent }> extends Error {
  readonly source: Source;

  constructor(source: Source, cause: unknown) {
    super(`The event ${source.event.type} could not be handled`, { cause });
    this.source = source;
  }
}

/**
 * One round: the reactor takes in what has come, then the scheduler gives out
 * work. What the engine runs and what simulations run is this. Effects are
 * appended as they come about, so that those before a fault are known. Throws
 * EventFault for the first event that fails.
 */
export function round<Source extends { event: FarmEvent }>(
  farm: Farm,
  sources: readonly Source[],
  { now, newLease }: { now: number; newLease: () => LeaseId },
  effects: Effect[],
): void {
  takeIn(farm, sources, now, effects);
  append(effects, schedule(farm, now, newLease));
}

/** The first half of a round. */
export function takeIn<Source extends { event: FarmEvent }>(
  farm: Farm,
  sources: readonly Source[],
  now: number,
  effects: Effect[],
): void {
  for (const source of sources) {
    try {
      append(effects, react(farm, source.event, now));
    } catch (error) {
      throw new EventFault(source, error);
    }
  }
}
