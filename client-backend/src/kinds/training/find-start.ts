import type { FoundStart } from '@parallel-pilot/shared/kinds/training/found-start.ts';
import { START_FORMATS, type Start } from '@parallel-pilot/shared/kinds/training/start.ts';
import type { JobId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { findJobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { Parts, SubmissionRefusal } from '../../parts.ts';
import { safeName } from '../../text/safe-name.ts';
import { gone, sizeOf } from '../../uploads/uploaded.ts';
import { modelOfRound, numberOf } from './rounds/models.ts';

/** `modules`: what a worker has to have to read the file, beside what the script imports. */
type Found = { ok: true; start: FoundStart; modules: string[] };

/** The weights that a training is to start from, as far as their team has them. Nothing of the file is read here. */
export async function findStart(parts: Parts, team: TeamId, from: Start): Promise<Found | SubmissionRefusal> {
  if ('job' in from) return modelOf(parts, team, from);
  const { blob, fileName, fitting } = from;
  const format = START_FORMATS.find((one) => fileName.toLowerCase().endsWith(`.${one}`));
  if (format === undefined) {
    const message = `A training cannot start from "${fileName}": give weights as .npz, .safetensors, or a .pt with a state dict.`;
    return refused(message);
  }
  const size = await sizeOf(parts, team, blob);
  if (size === null) return gone(fileName);
  const modules = format === 'pt' || format === 'pth' ? ['torch'] : [];
  return { ok: true, start: { blob, size, fileName, fitting, of: null }, modules };
}

type FromJob = Extract<Start, { job: JobId }>;

async function modelOf(
  { db, blobs }: Parts,
  team: TeamId,
  { job, round: which, fitting }: FromJob,
): Promise<Found | SubmissionRefusal> {
  const head = await findJobHead(db, job, team);
  if (head?.kind !== 'training') return refused(`There is no training ${job} to start from.`);
  const number =
    (await numberOf(db, job, which)) ?? (which === 'best' ? await numberOf(db, job, 'last') : null);
  if (number === null)
    return refused(`The training ${job} has no model to start from yet: no round is merged.`);
  const file = await modelOfRound(db, job, number);
  const size = file === null ? null : await blobs.size(file.hash);
  if (file === null || size === null) {
    return refused(
      `The training ${job} has no model of round ${number}: the round is not merged yet, or its model was not kept.`,
    );
  }
  const fileName = `${safeName(head.name)}-round-${number}.npz`;
  const of = { job, round: number };
  return { ok: true, start: { blob: file.hash, size, fileName, fitting, of }, modules: [] };
}

const refused = (message: string): SubmissionRefusal => ({ ok: false, code: 'no-start', message });
