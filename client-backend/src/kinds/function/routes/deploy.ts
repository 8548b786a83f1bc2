import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import { firstNeeds, fleetProblem } from '@parallel-pilot/shared/kinds/function/needs.ts';
import {
  type DeployFunction,
  deployProblem,
  FunctionSpec,
} from '@parallel-pilot/shared/kinds/function/spec.ts';
import { type BlobHash, newId } from '@parallel-pilot/shared/model/ids.ts';
import { knownBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import {
  addVersion,
  type FunctionRow,
  findFunction,
  functionsOf,
  insertFunction,
  MOST_FUNCTIONS,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { blobsOfTeam } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { fleetOf } from '../../../fleet.ts';
import { preparePackages } from '../../../packages/prepare-packages.ts';
import type { Parts, SubmissionRefusal } from '../../../parts.ts';
import { servingBeside } from '../desk/readiness.ts';

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
  const { handler, python, image } = sent;
  const needs = firstNeeds({ handler, python, image, packages, environment: null });
  const lacking = fleetProblem((await fleetOf(db))(by), needs);
  if (lacking !== null) return { ok: false, ...lacking };
  const sizes = await sizesOf(parts, by, sent.files);
  if (!(sizes instanceof Map)) return sizes;
  const { name, settings } = sent;
  const files = sent.files.map((file) => ({ ...file, size: sizes.get(file.blob) ?? 0 }));
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
    const serving = await servingBeside({ db, clock }, found, { packages, version: null });
    // Looked at again in here: a sweep may have taken a blob away meanwhile.
    const hashes = [...new Set([...sizes.keys(), ...brought.blobs])];
    if ((await knownBlobs(db, hashes)).size < hashes.length) return DELETED;
    const spec = (version: number) =>
      FunctionSpec.parse({
        ...{ function: of.id, name, version, handler, files, settings },
        ...{ packages, python, image },
      });
    const make = (version: number) => ({
      person_id: by.person,
      spec_json: JSON.stringify(spec(version)),
      job_id: null,
    });
    await addVersion(db, { function: of.id, team: by.team, now, serving }, make, hashes);
    const made = await findFunction(db, by.team, name);
    if (made === undefined) throw new Error('a function that was just made is not there');
    return { ok: true as const, function: made };
  });
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
  files: DeployFunction['files'],
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
