import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { type Refusal, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { FarmEvent } from '../farm/events.ts';
import { JobFault } from '../farm/job-fault.ts';
import type { Inbound } from './inbound.ts';

/** A fault in a handler: nothing it left half done is kept. */
export class HandlerError extends Error {
  readonly from: Inbound[];
  /** The job whose rows are to blame; null where it is the event itself, or not known. */
  readonly job: JobId | null;

  constructor(event: FarmEvent, from: Inbound[], cause: unknown) {
    super(`The event ${event.type} could not be handled`, { cause });
    this.from = from;
    // One client's message is dropped; an event about many jobs is repeated without the bad job.
    const concernsMany = event.type === 'tick' || event.type === 'jobs-read' || event.type === 'reloaded';
    this.job = concernsMany && cause instanceof JobFault ? cause.job : null;
  }
}

const FAULT = 'The farm met a fault of its own while it handled this; its log says more.';

/** What is answered to an event that was dropped; null where nobody waits for an answer. */
export function refusalOf(event: Inbound): Refusal | null {
  switch (event.type) {
    case 'hello':
      return refusal('not-ready', FAULT);
    case 'retry':
    case 'reject':
      return refusal('not-allowed', FAULT);
    default:
      return 'reply' in event ? refusal('invalid-message', FAULT) : null;
  }
}
