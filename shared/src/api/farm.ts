import { z } from 'zod';
import { FarmRole, Scope, TeamRole } from '../access/principal.ts';
import { BlobHash, PersonId, TeamId } from '../model/ids.ts';
import { strictObject } from '../model/strict-object.ts';
import { WorkerView } from '../model/worker.ts';

/** GET /api/v1/workers */
export const WorkerList = z.object({ workers: z.array(WorkerView) });
export type WorkerList = z.infer<typeof WorkerList>;

/**
 * GET /api/v1/storage: bytes of what the team's jobs store, and of the room left on the farm's disk. That is null for
 * whoever does not look after the farm: it would tell what others store, and whether an upload was here before.
 */
export const Storage = z.object({ stored: z.number(), free: z.number().nullable() });
export type Storage = z.infer<typeof Storage>;

/** GET /api/v1/blobs/:hash/info: is this file here already? 404 when not. */
export const BlobInfo = z.object({ hash: BlobHash, size: z.number(), mediaType: z.string() });
export type BlobInfo = z.infer<typeof BlobInfo>;

/**
 * Uploads are tus 1.0 at /api/v1/uploads with metadata `filename`. When the
 * last byte is in, the reply (PATCH, or HEAD later) carries `Blob-Hash`; a
 * resumed page reads the same from GET /api/v1/uploads/:id/info.
 */
export const UploadInfo = z.object({
  offset: z.number(),
  size: z.number(),
  /** Null until complete. */
  blob: BlobHash.nullable(),
});
export type UploadInfo = z.infer<typeof UploadInfo>;

/** A team as those in it see it; `role` is what the asking person is in it. */
export const MyTeam = z.object({ id: TeamId, name: z.string(), role: TeamRole, personal: z.boolean() });
export type MyTeam = z.infer<typeof MyTeam>;

/** GET, POST {key} and DELETE /api/v1/session. In mode `local`, on loopback, everybody is the farm's first person. */
export const SignIn = strictObject({ key: z.string().min(1).max(200) });
export const Session = z.object({
  mode: z.enum(['local', 'accounts', 'clerk']),
  /** Null while nobody is signed in. What they may follows from the roles and `scopes`: see `may`. */
  person: z
    .object({ id: PersonId, name: z.string(), email: z.string().nullable(), role: FarmRole })
    .nullable(),
  /** The one of `teams` that they act in. */
  team: MyTeam.nullable(),
  teams: z.array(MyTeam),
  scopes: z.array(Scope),
  /** The admin who acts as `person`. */
  impersonator: z.object({ id: PersonId, name: z.string() }).nullable(),
  /** How people can sign in here. */
  ways: z.object({
    password: z.boolean(),
    /** Issuers that vouch for people, such as Google. */
    oidc: z.array(z.object({ id: z.string(), name: z.string() })),
    clerk: z.object({ publishableKey: z.string() }).nullable(),
  }),
});
export type Session = z.infer<typeof Session>;

/** GET /healthz answers while the process lives; GET /readyz when the database and the load balancer are reached. */
export const Health = z.object({
  ok: z.boolean(),
  version: z.string(),
  /** Closed list: `database`, `load-balancer`, `disk`. */
  problems: z.array(z.string()),
});
export type Health = z.infer<typeof Health>;
