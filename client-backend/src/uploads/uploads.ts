import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { UploadInfo } from '@parallel-pilot/shared/api/farm.ts';
import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { insertBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { Server, type Upload } from '@tus/server';
import { createInFlight } from '../in-flight.ts';
import { refuseUpload } from '../limits/keep-limits.ts';
import type { Parts } from '../parts.ts';
import { HashingStore } from './hashing-store.ts';
import { holdersOf } from './open-uploads.ts';

export const UPLOADS_PATH = '/api/v1/uploads';
const EXPIRE_MS = 7 * 24 * 60 * 60_000;

type By = Pick<Principal, 'team' | 'person'>;

export interface Uploads {
  /** Answers a tus request of somebody in that team; a complete upload's reply carries `Blob-Hash`. */
  handle(request: Request, by: By): Promise<Response>;
  /** Null for an upload that is unknown, another team's, or has expired. */
  info(id: string, team: TeamId): Promise<UploadInfo | null>;
  /** Removes uploads nobody has touched for 7 days. */
  sweep(): Promise<void>;
}

type UploadParts = Pick<Parts, 'config' | 'blobs' | 'db' | 'clock' | 'blobTurns' | 'first'>;

/** Resumable uploads (tus 1.0), kept in `<data>/uploads` until they are whole and become blobs. */
export async function createUploads(parts: UploadParts): Promise<Uploads> {
  const folder = join(parts.config.dataFolder, 'uploads');
  await mkdir(folder, { recursive: true });
  const store = new HashingStore(folder, EXPIRE_MS, {
    mostBytes: parts.config.maxOpenUploadBytes,
    freeBytes: () => parts.blobs.freeBytes(),
    mayHold: (upload, announced) => keepToLimits(parts, upload, announced),
  });
  await store.recover();
  // The PATCH that completes an upload and a HEAD that asks for it may come together.
  const asking = new AsyncLocalStorage<By>();
  // Uploads that were begun when a farm had one owner say nothing of a team.
  const teamOf = (upload: Upload): TeamId => (holdersOf(upload.metadata).team ?? parts.first.team) as TeamId;
  const find = async (id: string, team: TeamId): Promise<Upload | null> => {
    const upload = await store.getUpload(id).catch(() => null);
    return upload === null || teamOf(upload) !== team ? null : upload;
  };
  const settling = createInFlight<StoredBlob | null>();
  const settle = (id: string) => settling(id, () => become(parts, store, id, teamOf));
  const server = new Server({
    path: UPLOADS_PATH,
    datastore: store,
    relativeLocation: true,
    // By itself tus takes the last word of the address, also one of its query: not the upload that was looked up here.
    getFileIdFromRequest: (request) => idIn(request),
    allowedOrigins: [],
    exposedHeaders: ['Blob-Hash'],
    maxSize: parts.config.maxUploadBytes,
    // A client that asks for the offset has given its old connection up, though that may still look open from here.
    lockDrainTimeout: 200,
    // What the client says of a team is not asked.
    async onUploadCreate(_request, { metadata }) {
      const { team, person } = asking.getStore() ?? parts.first;
      return { metadata: { ...metadata, team, person } };
    },
    // tus would put the text of any error into its reply; what is not a refusal goes to the application.
    onResponseError(_request, error) {
      if ('status_code' in error) return undefined;
      throw error;
    },
    async onUploadFinish(_request, upload) {
      const blob = await settle(upload.id);
      if (blob === null) throw GONE;
      return { headers: { 'Blob-Hash': blob.hash } };
    },
  });
  return {
    async handle(request, by) {
      const id = idIn(request);
      if (id !== '' && (await find(id, by.team)) === null) return new Response(null, { status: 404 });
      const response = await asking.run(by, () => server.handleWeb(request));
      if (request.method !== 'HEAD' || response.status !== 200) return response;
      if (response.headers.get('upload-offset') !== response.headers.get('upload-length')) return response;
      // All bytes came, but the process was killed, or the database away, before they became a blob.
      const blob = await settle(id);
      if (blob === null) return new Response(null, { status: 404 });
      response.headers.set('Blob-Hash', blob.hash);
      return response;
    },
    async info(id, team) {
      const upload = await find(id, team);
      if (upload === null) return null;
      const size = upload.size ?? 0;
      if (upload.offset < size) return { offset: upload.offset, size, blob: null };
      const blob = await settle(id);
      return blob === null ? null : { offset: size, size, blob: blob.hash };
    },
    sweep: () => sweep(store, folder, parts.clock() - EXPIRE_MS),
  };
}

async function keepToLimits(
  parts: UploadParts,
  { size = 0, metadata }: Upload,
  announced: (holder: string) => number,
): Promise<void> {
  const { team = parts.first.team, person = parts.first.person } = holdersOf(metadata);
  const by = { team: team as TeamId, person: person as PersonId };
  const refused = await refuseUpload(parts, { ...by, size, announced });
  // The code goes before the sentence: tus knows a status and a text.
  if (refused !== null) throw { status_code: 403, body: `${refused.code} ${refused.message}` };
}

const idIn = ({ url }: Pick<Request, 'url'>): string => new URL(url).pathname.slice(UPLOADS_PATH.length + 1);

const GONE = { status_code: 404, body: 'The upload is gone.' };

/** Turns a complete upload into a blob. May be called again after a crash at any point. Null where the blob was removed since. */
async function become(
  { blobs, db, clock, blobTurns }: UploadParts,
  store: HashingStore,
  id: string,
  teamOf: (upload: Upload) => TeamId,
): Promise<StoredBlob | null> {
  const team = teamOf(await store.getUpload(id));
  const before = await store.blobOf(id);
  const blob = before ?? (await hashed(store, id));
  await store.finish(id, blob);
  return blobTurns(blob.hash, async () => {
    if ((await blobs.size(blob.hash)) !== null) await rm(store.fileOf(id), { force: true });
    else if (before !== null && !(await exists(store.fileOf(id)))) {
      await store.remove(id);
      return null;
    } else await blobs.adopt(store.fileOf(id), blob);
    await insertBlobs(db, [{ ...blob, media_type: 'application/octet-stream', created_at: clock() }]);
    await noteTeamBlob(db, team, blob.hash, clock());
    return blob;
  });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );

async function hashed(store: HashingStore, id: string): Promise<StoredBlob> {
  const { size } = await stat(store.fileOf(id));
  return { hash: await store.hashOf(id, size), size };
}

async function sweep(store: HashingStore, folder: string, before: number): Promise<void> {
  const newest = new Map<string, number>();
  for (const name of await readdir(folder)) {
    const id = name.split('.')[0] ?? name;
    const { mtimeMs } = await stat(join(folder, name));
    newest.set(id, Math.max(newest.get(id) ?? 0, mtimeMs));
  }
  for (const [id, touched] of newest) if (touched < before) await store.remove(id);
}
