import { filesOfSource, Image } from '@parallel-pilot/shared/kinds/container/image.ts';
import { firstNeeds, fleetProblem } from '@parallel-pilot/shared/kinds/function/needs.ts';
import { FunctionSpec, FunctionSubmission } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { BlobHash, FunctionId } from '@parallel-pilot/shared/model/ids.ts';
import {
  findVersion,
  functionById,
  setJobOfVersion,
  type VersionRow,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { fleetOf } from '../../fleet.ts';
import { sentenceOf } from '../../http/problems.ts';
import { environmentOf } from '../../packages/environments.ts';
import type { SubmissionRefusal } from '../../parts.ts';
import { blobsOfImage } from '../container/image-task.ts';
import type { FarmKind } from '../kind.ts';

/** Another process has submitted the same in the same moment: nothing is written. */
export class Raced extends Error {}

/** A job that keeps instances of a version that was deployed before. The version is given the job with it. */
export const prepare: FarmKind['prepare'] = async (parts, given, by) => {
  const { db } = parts;
  const parsed = FunctionSubmission.safeParse(given);
  if (!parsed.success) return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  const { function: id, version, instances } = parsed.data;
  const owner = await functionById(db, id);
  const row = owner?.team_id === by.team ? await findVersion(db, id, version) : undefined;
  if (row === undefined) return unknown(id);
  const deployed = FunctionSpec.parse(JSON.parse(row.spec_json));
  const fleet = (await fleetOf(db))(by);
  const problemWith = (environment: FunctionSpec['environment']) =>
    fleetProblem(fleet, firstNeeds({ ...deployed, taken, environment }));
  const taken = takenOf(row);
  const made = await environmentOf(parts, by.team, deployed);
  // One for a Python that no worker has any more is made anew.
  const environment = made === null || problemWith(made) !== null ? null : made;
  const spec: FunctionSpec = { ...deployed, taken, instances, environment };
  const lacking = problemWith(environment);
  if (lacking !== null) return { ok: false, ...lacking };
  const waits = (spec.image !== null && taken === null) || (spec.packages !== null && environment === null);
  return {
    ok: true,
    spec,
    name: `${spec.name} ${version}`,
    blobs: [...blobsOf(spec), ...(environment === null ? [] : [environment.input.hash])],
    several: {
      jobs: [{ spec, variant: '', paused: false }],
      async store(db, { jobs: [job] }) {
        const tries = waits ? row.tries + 1 : 0;
        if (job === undefined || !(await setJobOfVersion(db, row, { job, tries }))) throw new Raced();
      },
    },
  };
};

/** What an image of a version is made of, as long as that is not there. */
export const sourceOf = ({ image }: Pick<FunctionSpec, 'image'>): BlobHash[] =>
  image === null ? [] : filesOfSource(image).map(({ blob }) => blob);

/** All that a job of it needs. */
export const blobsOf = ({
  files,
  packages,
  image,
  taken,
}: Pick<FunctionSpec, 'files' | 'packages' | 'image' | 'taken'>): BlobHash[] => [
  ...files.map(({ blob }) => blob as BlobHash),
  ...(packages?.wheels ? [packages.wheels.blob as BlobHash] : []),
  ...(taken === null ? sourceOf({ image }) : []),
  ...(taken === null ? [] : blobsOfImage(taken)),
];

/** What the image of a version was found to be; null before, and without one. */
export const takenOf = ({ image_json }: Pick<VersionRow, 'image_json'>): Image | null =>
  image_json === null ? null : Image.parse(JSON.parse(image_json));

const unknown = (id: FunctionId): SubmissionRefusal => ({
  ok: false,
  code: 'function-unknown',
  message: `There is no such version of a function ${id}. Functions are deployed with "pilot function deploy", or POST /api/v1/functions.`,
});
