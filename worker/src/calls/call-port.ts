import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { type Call, type Callable, type CallEnd, callFailed } from '@parallel-pilot/shared/protocol/calls.ts';
import type { BlobAccess, BlobAddress } from '../assets/blob-address.ts';
import type { CallDoor } from '../kinds/kind.ts';
import type { Log } from '../log.ts';
import { callBlobs } from './call-blobs.ts';

type Door = {
  retiring: AbortController;
  open: { room: number; take(call: Call): Promise<CallEnd> } | null;
  under: number;
};

/** Calls for what runs on this worker, by the lease that each names. Whoever asked is answered over the connection that it came by. */
export class CallPort {
  readonly #doors = new Map<LeaseId, Door>();
  readonly #onChange: () => void;
  readonly #address: BlobAddress;
  readonly #log: Log;

  /** `onChange`: other calls can be taken than before. */
  constructor(onChange: () => void, address: BlobAddress, log: Log) {
    this.#onChange = onChange;
    this.#address = address;
    this.#log = log;
  }

  /** For a chunk that begins; it closes the door at its end. */
  doorOf({ lease, signature }: BlobAccess): CallDoor {
    const door: Door = { retiring: new AbortController(), open: null, under: 0 };
    this.#doors.set(lease, door);
    return {
      retired: door.retiring.signal,
      blobs: callBlobs(this.#address, { lease, signature }, this.#log),
      open: (room, take) => {
        door.open = { room, take };
        this.#onChange();
      },
      close: () => {
        if (!this.#doors.delete(lease) || door.open === null) return;
        door.open = null;
        this.#onChange();
      },
    };
  }

  /** Never rejects. */
  async take(call: Call): Promise<CallEnd> {
    const door = this.#doors.get(call.lease);
    if (door?.open == null || door.retiring.signal.aborted) return ENDED;
    if (door.under >= door.open.room) return BUSY;
    door.under += 1;
    try {
      return await door.open.take(call);
    } catch (error) {
      return callFailed('died', `The worker met a bug: ${String(error)}`.slice(0, 2_000));
    } finally {
      door.under -= 1;
    }
  }

  retire(lease: LeaseId): void {
    const door = this.#doors.get(lease);
    if (door === undefined || door.retiring.signal.aborted) return;
    door.retiring.abort();
    this.#onChange();
  }

  /** The worker is to come to an end of what runs. */
  retireAll(): void {
    for (const lease of [...this.#doors.keys()]) this.retire(lease);
  }

  /** What can be called now. */
  list(): Callable {
    const instances = [...this.#doors].flatMap(([lease, { open, retiring }]) =>
      open === null || retiring.signal.aborted ? [] : [{ lease, room: open.room }],
    );
    return { instances: instances.slice(0, 256) };
  }
}

const ENDED = callFailed('no-instance', 'The instance has ended, or takes no more calls.');
const BUSY = callFailed('busy', 'The instance has as many calls as it takes at once.');
