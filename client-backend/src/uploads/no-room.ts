import { DISK_FULL } from '@parallel-pilot/shared/server/blobs/folder-store.ts';

/** What tus answers with when thrown: a status and the sentence for the user. */
export const NO_ROOM = { status_code: 507, body: DISK_FULL.message };

/** Kept free for the database and the farm itself. */
export const SPARE_BYTES = 64 * 1024 ** 2;
