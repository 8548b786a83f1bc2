import type { Readable } from 'node:stream';
import { type BlobHash, type LeaseId, newId } from '@parallel-pilot/shared/model/ids.ts';
import type { CallFile, DeliveredCallFile } from '@parallel-pilot/shared/protocol/calls.ts';
import { insertBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { holdEvent, openEvent, releaseEvent } from '@parallel-pilot/shared/server/db/call-files.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { verifyReceipt } from '@parallel-pilot/shared/server/signature.ts';
import { refuseUpload } from '../../../limits/keep-limits.ts';
import type { Parts } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';
import type { JobDesk } from '../../kind.ts';
import type { Owner } from './call-quota.ts';
import type { EventFile } from './invocation.ts';

/** Longer than any call takes that somebody waits for, milliseconds. */
const HELD_MS = 2 * 3_600_000;

export type Refused = { ok: false; status: 403 | 413 | 507; code: string; message: string };

/** Events and answers of calls that do not fit into a message. */
export class CallFiles {
  readonly #parts: Parts;
  readonly #jobs: Pick<JobDesk, 'taken' | 'letGo'>;

  constructor(parts: Parts, jobs: Pick<JobDesk, 'taken' | 'letGo'>) {
    this.#parts = parts;
    this.#jobs = jobs;
  }

  get mostBytes(): number {
    return this.#parts.config.maxCallBytes;
  }

  /** Why an event of so many bytes is not taken. */
  tooLarge(bytes: number | null): Refused {
    const has = bytes === null ? 'has more' : `has ${bytes.toLocaleString('en')}`;
    const message = `An event may have ${this.mostBytes.toLocaleString('en')} bytes on this farm, and this one ${has}. Upload what is larger, and name it in the event, or have PILOT_MAX_CALL_BYTES raised.`;
    return { ok: false, status: 413, code: 'function/event-too-large', message };
  }

  /** Streams an event to the disk. It counts for the owner of the function, and is held for some time. */
  async store(bytes: Readable, owner: Owner): Promise<{ ok: true; event: EventFile } | Refused> {
    const { blobs, blobTurns, db, clock, random } = this.#parts;
    const received = await blobs.receive(bytes, { maxBytes: this.mostBytes, keepFree: SPARE_BYTES });
    if (!received.ok)
      return received.code === 'too-large'
        ? this.tooLarge(null)
        : { ok: false, status: 507, code: received.code, message: received.message };
    const { hash, size, keep, drop } = received;
    try {
      const refused = await refuseUpload(this.#parts, { ...owner, size, announced: () => size });
      if (refused !== null) return { ...refused, status: 403 };
      const holder = newId('cal', random);
      const now = clock();
      await blobTurns(hash, async () => {
        await keep();
        await inTransaction(db, async (db) => {
          await insertBlobs(db, [{ hash, size, media_type: 'application/json', created_at: now }]);
          await noteTeamBlob(db, owner.team, hash, now);
          await holdEvent(db, { call: holder, team: owner.team, hash, until: now + HELD_MS });
        });
      });
      return { ok: true, event: { hash, size, holder } };
    } finally {
      await drop();
    }
  }

  /** Lets the instance read it that gets the call; false where it is not there any more. Rejects while the database is away. */
  open({ holder, hash }: EventFile, lease: LeaseId): Promise<boolean> {
    return openEvent(this.#parts.db, holder, hash, lease);
  }

  /** An answer that was delivered under that lease; null where it was not, or is larger than it may be. */
  taken(lease: LeaseId, { receipt, ...file }: DeliveredCallFile): CallFile | null {
    if (!verifyReceipt({ lease, ...file }, receipt, this.#parts.secrets.signingKey)) return null;
    this.#jobs.taken(lease, file.hash);
    if (file.size <= this.mostBytes) return file;
    void this.letGo(file.hash);
    return null;
  }

  /** Its call is over, or never was one. Never rejects: what is left is let go of after some time. */
  async release({ holder, hash }: EventFile): Promise<void> {
    try {
      await releaseEvent(this.#parts.db, holder);
    } catch (err) {
      this.#parts.log.warn({ event: 'calls.event-not-released', call: holder, err });
      return;
    }
    await this.letGo(hash);
  }

  letGo(hash: BlobHash): Promise<void> {
    return this.#jobs.letGo([hash]);
  }
}
