import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import {
  filesOfSource,
  type StoredSource,
  sizedSource,
} from '@parallel-pilot/shared/kinds/container/image.ts';
import { processorProblem } from '@parallel-pilot/shared/kinds/container/image-stage.ts';
import { firstNeeds, fleetProblem } from '@parallel-pilot/shared/kinds/function/needs.ts';
import {
  type DeployFunction,
  deployProblem,
  FunctionSpec,
  sentImage,
} from '@parallel-pilot/shared/kinds/function/spec.ts';
import { type BlobHash, newId } from '@parallel-pilot/shared/model/ids.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { knownBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { lockFunction } from '@parallel-pilot/shared/server/db/function-images.ts';
import {
  addVersion,
  type FunctionRow,
  findFunction,
  findVersion,
  functionsOf,
  insertFunction,
  MOST_FUNCTIONS,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { blobsOfTeam } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { fleetOf } from '../../../fleet.ts';
import { preparePackages } from '../../../packages/prepare-packages.ts';
import type { Parts, SubmissionRefusal } from '../../../parts.ts';
import { blobsOfImage } from '../../container/image-task.ts';
import { servingBeside } from '../desk/readiness.ts';
import { releaseSources } from '../desk/sources.ts';
import { takenOf } from '../prepare.ts';

/** Makes the next version of a function, which is active from then on; a new function where there is none of that name. */
export async function deploy(
  parts: Parts,
  by: Pick<Principal, 'person' | 'team'>,
  sent: DeployFunction,
): Promise<{ ok: true; function: FunctionRow } | SubmissionRefusal> {
  const { db, random, clock } = parts;
  const problem = deployProblem(sent);
  if (problem !== null) return { ok: false, code: 'invalid-function', message: problem };
  const brought = await preparePackages(parts, sent, by.team, true);
  if (!brought.ok) return brought;
  const { packages } = brought.files;
  const { handler, python, network } = sent;
  const source = sentImage(sent);
  const asked = { handler, python, network, packages };
  const needs = firstNeeds({
    ...asked,
    image: source === null ? null : sizedSource(source, () => 0),
    ...{ environment: null, taken: null },
  });
  const fleet = (await fleetOf(db))(by);
  const lacking = fleetProblem(fleet, needs);
  if (lacking !== null) return { ok: false, ...lacking };
  const named = [...sent.files, ...(source === null ? [] : filesOfSource(source))];
  const sizes = await sizesOf(parts, by, named);
  if (!(sizes instanceof Map)) return sizes;
  const { name, settings } = sent;
  const sizeOf = (hash: BlobHash): number => sizes.get(hash) ?? 0;
  const files = sent.files.map((file) => ({ ...file, size: sizeOf(file.blob) }));
  const image = source === null ? null : sizedSource(source, sizeOf);
  const id = newId('fun', random);
  const now = clock();
  return inTransaction(db, async (db) => {
    const found = await findFunction(db, by.team, name);
    if (found === undefined && (await functionsOf(db, by.team)).length >= MOST_FUNCTIONS) return TOO_MANY;
    if (found === undefined)
      await insertFunction(db, {
        id,
        team_id: by.team,
        person_id: by.person,
        name,
        active_version: 0,
        public_token_hash: null,
        created_at: now,
        updated_at: now,
      });
    const of = found ?? (await findFunction(db, by.team, name));
    if (of === undefined) throw new Error('a function that was just made is not there');
    const image_json = await sameImage(db, found, image, fleet);
    const next = { packages, image, image_json, version: null };
    const serving = await servingBeside({ db, clock }, found, next);
    // Looked at again in here: a sweep may have taken a blob away meanwhile.
    const madeOf = image === null || image_json !== null ? [] : filesOfSource(image);
    const needed = [...sent.files, ...madeOf].map(({ blob }) => blob);
    const hashes = [...new Set([...needed, ...brought.blobs])];
    if ((await knownBlobs(db, hashes)).size < hashes.length) return DELETED;
    const spec = (version: number) =>
      FunctionSpec.parse({
        ...{ function: of.id, name, version, files, settings, image },
        ...asked,
      });
    const make = (version: number) => ({
      person_id: by.person,
      spec_json: JSON.stringify(spec(version)),
      image_json,
      holds_source: madeOf.length === 0 ? 0 : 1,
      job_id: null,
    });
    // Before what is of long ago goes, with what it holds.
    await lockFunction(db, of.id);
    await releaseSources(db, of.id);
    await addVersion(db, { function: of.id, team: by.team, now, serving }, make, hashes);
    const made = await findFunction(db, by.team, name);
    if (made === undefined) throw new Error('a function that was just made is not there');
    return { ok: true as const, function: made };
  });
}

/** What the active version has found of the same image: a new handler in it needs not have it got once more. A name may mean another by now. */
async function sameImage(
  db: Db,
  of: FunctionRow | undefined,
  image: StoredSource | null,
  fleet: readonly Capabilities[],
): Promise<string | null> {
  if (of === undefined || image === null || image.from === 'reference') return null;
  const active = await findVersion(db, of.id, of.active_version);
  if (active === undefined) return null;
  const before = FunctionSpec.parse(JSON.parse(active.spec_json)).image;
  const taken = takenOf(active);
  if (taken === null || JSON.stringify(before) !== JSON.stringify(image)) return null;
  // One that no worker can run any more, or that has lost a part, is made anew.
  const parts = blobsOfImage(taken);
  if (processorProblem(fleet, taken) !== null || (await knownBlobs(db, parts)).size < parts.length)
    return null;
  return active.image_json;
}

const TOO_MANY: SubmissionRefusal = {
  ok: false,
  code: 'too-many-functions',
  message: `A team has ${MOST_FUNCTIONS} functions at the most. Delete one first.`,
};
const DELETED: SubmissionRefusal = {
  ok: false,
  code: 'blob-missing',
  message: 'A file of this function was deleted while it was being deployed. Upload it again.',
};

/** Of every file, once it is sure that the team has it. */
async function sizesOf(
  { db, blobs }: Parts,
  { team }: Pick<Principal, 'team'>,
  files: readonly { path: string; blob: BlobHash }[],
): Promise<Map<BlobHash, number> | SubmissionRefusal> {
  const known = await blobsOfTeam(db, team, [...new Set(files.map(({ blob }) => blob))]);
  const sizes = new Map<BlobHash, number>();
  for (const { path, blob } of files) {
    const size = known.has(blob) ? await blobs.size(blob) : null;
    if (size === null) {
      const message = `The uploaded file "${path}" is not on the farm (any more). Upload it again.`;
      return { ok: false, code: 'blob-unknown', message };
    }
    sizes.set(blob, size);
  }
  return sizes;
}
