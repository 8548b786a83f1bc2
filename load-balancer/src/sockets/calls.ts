import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import {
  type Call,
  type Callable,
  CallEnd,
  callFailed,
  type InstancesPatch,
  longestOf,
  type Retire,
} from '@parallel-pilot/shared/protocol/calls.ts';
import { parseMessage } from '@parallel-pilot/shared/protocol/parse.ts';
import type { Socket } from 'socket.io';
import type { Farm, Lease, SessionId } from '../farm/farm.ts';

/** A worker has answered by then, or ended what ran: it keeps to the time of each call itself. */
const PATIENCE_MS = 10_000;

export type CallsParts = {
  farm: () => Farm;
  sessions: ReadonlyMap<SessionId, Socket>;
  tell: (patch: InstancesPatch) => void;
};

/**
 * Passes calls on to the workers whose leases they name, and answers back. Nothing of the farm's state depends on them, and
 * nothing of them is stored: a worker that goes away ends all that it was at.
 */
export class Calls {
  readonly #parts: CallsParts;
  /** Under which leases each connection takes calls. */
  readonly #callable = new Map<SessionId, Callable['instances']>();
  /** What waits for an answer of each connection. */
  readonly #pending = new Map<SessionId, Set<(end: CallEnd) => void>>();

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** A worker says under which leases it takes calls now. */
  callable(session: SessionId, { instances }: Callable): void {
    this.#callable.set(session, instances);
    const worker = this.#parts.farm().sessions.get(session);
    if (worker !== undefined) this.#parts.tell(this.#patchOf(worker.id, session));
  }

  /** The connection is gone; to be told before the farm forgets whose it was. */
  gone(session: SessionId): void {
    const worker = this.#parts.farm().sessions.get(session);
    for (const end of [...(this.#pending.get(session) ?? [])]) end(WORKER_LOST);
    this.#pending.delete(session);
    if (this.#callable.delete(session) && worker !== undefined)
      this.#parts.tell({ worker: worker.id, instances: [] });
  }

  /** All that can be called now, for a backend that has just connected. */
  all(): InstancesPatch[] {
    const { sessions } = this.#parts.farm();
    return [...this.#callable.keys()].flatMap((session) => {
      const worker = sessions.get(session);
      return worker === undefined ? [] : [this.#patchOf(worker.id, session)];
    });
  }

  call(call: Call, answer: (end: CallEnd) => void): void {
    const session = this.#leaseOf(call.lease)?.worker.session ?? null;
    const socket = session === null ? undefined : this.#parts.sessions.get(session);
    if (session === null || socket === undefined) {
      answer(NO_INSTANCE);
      return;
    }
    const pending = this.#pending.get(session) ?? new Set();
    this.#pending.set(session, pending);
    const end = (how: CallEnd): void => {
      if (pending.delete(end)) answer(how);
    };
    pending.add(end);
    socket.timeout(longestOf(call) + PATIENCE_MS).emit('call', call, (error: Error | null, said: unknown) => {
      const parsed = error === null ? parseMessage(CallEnd, said) : null;
      end(parsed === null ? UNANSWERED : parsed.ok ? parsed.message : NONSENSE);
    });
  }

  retire({ lease }: Retire): void {
    const session = this.#leaseOf(lease)?.worker.session ?? null;
    if (session !== null)
      this.#parts.sessions.get(session)?.emit('retire', { lease } satisfies Retire, () => {});
  }

  #leaseOf(id: Lease['id']): Lease | undefined {
    return this.#parts.farm().leases.get(id);
  }

  /** Of what it says that which it holds: a lease of another worker opens nothing. */
  #patchOf(worker: WorkerId, session: SessionId): InstancesPatch {
    const instances = (this.#callable.get(session) ?? []).flatMap(({ lease: id, room }) => {
      const lease = this.#leaseOf(id);
      if (lease?.worker.id !== worker) return [];
      return [{ lease: id, job: lease.stage.job.id, ordinal: lease.ordinal, room }];
    });
    return { worker, instances };
  }
}

const WORKER_LOST = callFailed(
  'worker-lost',
  'The worker was lost while the call ran. It may have been done, or a part of it.',
);
const NO_INSTANCE = callFailed('no-instance', 'The instance has ended.');
const UNANSWERED = callFailed('worker-lost', 'The worker did not answer in time, though it is still there.');
const NONSENSE = callFailed('worker-lost', 'The worker gave an answer that makes no sense.');
