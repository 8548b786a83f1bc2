import type { BlobHash, LeaseId } from '@parallel-pilot/shared/model/ids.ts';

/** No kind makes so many files of one chunk. */
const MOST_FILES = 1_000;
/** More are not open at a time; the oldest are forgotten. */
const MOST_LEASES = 20_000;

/** One file on its way. `end` is told its size once it is stored, or null when it is not. */
export type LeaseUpload = { maxBytes: number; end(size: number | null): void };

/**
 * What the files of each lease take together, those on their way with the size
 * that they announced, or all that is left. Kept in memory: a backend that
 * starts again counts anew. A file that comes twice counts once.
 */
export function createLeaseUploads(maxBytes: number) {
  const leases = new Map<LeaseId, Map<BlobHash, number>>();
  return {
    /** Null where the lease has no room for it. `announced`: its size as its sender says, null when that is unknown. */
    begin(lease: LeaseId, hash: BlobHash, announced: number | null): LeaseUpload | null {
      const files = leases.get(lease) ?? new Map<BlobHash, number>();
      const others = files.entries().reduce((sum, [it, bytes]) => sum + (it === hash ? 0 : bytes), 0);
      const room = maxBytes - others;
      if (room <= 0 || (announced ?? 0) > room || (files.size >= MOST_FILES && !files.has(hash))) return null;
      leases.set(lease, files);
      const oldest = leases.keys().next();
      if (leases.size > MOST_LEASES && !oldest.done) leases.delete(oldest.value);
      const stored = files.get(hash);
      const reserved = announced ?? room;
      files.set(hash, Math.max(reserved, stored ?? 0));
      return {
        maxBytes: reserved,
        end(size) {
          const is = size ?? stored;
          if (is === undefined) files.delete(hash);
          else files.set(hash, is);
        },
      };
    },
    /** A file was taken for what the lease goes on with: it counts for it no more. */
    taken(lease: LeaseId, hash: BlobHash): void {
      leases.get(lease)?.delete(hash);
    },
  };
}

export type LeaseUploads = ReturnType<typeof createLeaseUploads>;
