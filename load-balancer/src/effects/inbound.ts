import type { JobId, JoinTokenId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import type { Done, Hello, Preempted } from '@parallel-pilot/shared/protocol/workers.ts';
import type { FarmEvent, ReplyTo } from '../farm/events.ts';
import type { SessionId } from '../farm/farm.ts';

/** What a connection was let in by. */
export type BroughtPass =
  | { type: 'farm' }
  | { type: 'join-token'; token: JoinTokenId }
  | { type: 'credential'; worker: WorkerId };

/** An event as it arrives, before the database was asked what belongs to it. */
export type Inbound =
  | Exclude<
      FarmEvent,
      {
        type:
          | 'workers-read'
          | 'hello'
          | 'done'
          | 'preempted'
          | 'jobs-read'
          | 'limits-read'
          | 'farm-settings-read'
          | 'retry'
          | 'reject'
          | 'reloaded';
      }
    >
  | {
      type: 'hello';
      session: SessionId;
      reply: ReplyTo;
      address: string;
      pass: BroughtPass;
      hello: Omit<Hello, 'identity'>;
      identityHash: string;
    }
  | { type: 'done'; session: SessionId; reply: ReplyTo; done: Done }
  | { type: 'preempted'; session: SessionId; reply: ReplyTo; preempted: Preempted }
  | { type: 'jobs-hint'; jobs: JobId[] }
  | { type: 'workers-hint'; workers: WorkerId[] }
  | { type: 'sweep' }
  | { type: 'retry'; reply: ReplyTo; job: JobId }
  | { type: 'reject'; reply: ReplyTo; reject: RejectChunks };

/** Messages of one key are coalesced: the later one replaces the earlier one. Undefined where each one counts. */
export function coalescingKey(event: Inbound): string | undefined {
  switch (event.type) {
    case 'tick':
    case 'sweep':
    case 'load-forecast':
      return event.type;
    case 'done':
      return `done ${event.done.lease}`;
    case 'failed':
      return `failed ${event.failed.lease}`;
    case 'preempted':
      return `preempted ${event.preempted.lease}`;
    case 'started':
      return `started ${event.lease}`;
    case 'released':
      return `released ${event.released.leases.join()}`;
    case 'hello':
    case 'draining':
    case 'lent':
    case 'leaving':
    case 'disconnected':
    case 'assign-refused':
    case 'reclaim-answered':
    case 'unreadable':
    case 'jobs-hint':
    case 'workers-hint':
    case 'drain-worker':
    case 'retry':
    case 'reject':
      return undefined;
    default:
      return event satisfies never;
  }
}
