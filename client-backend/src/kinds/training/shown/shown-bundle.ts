import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { Parts } from '../../../parts.ts';
import { safeName } from '../../../text/safe-name.ts';
import type { Bundle, BundledFile } from '../../kind.ts';
import { type FoundShown, shownOf, shownRounds } from './find-shown.ts';

/** All pictures and tables that are kept, as the script's Python wrote them, in a folder for each round. */
export const shownBundle: Bundle = {
  name: 'shown',
  none: 'The script of this job shows no pictures and no tables.',
  async files(parts, { id }) {
    const rounds = await roundsOf(parts, id);
    if (rounds.length === 0) return null;
    return { most: Number.POSITIVE_INFINITY, files: filesOf(parts, id, rounds) };
  },
};

async function roundsOf({ db }: Parts, job: JobId): Promise<number[]> {
  const row = await findJob(db, job);
  if (row === undefined) return [];
  return shownRounds(db, job, TrainingSpec.parse(JSON.parse(row.spec_json)).settings);
}

async function* filesOf({ db }: Parts, job: JobId, rounds: readonly number[]): AsyncGenerator<BundledFile> {
  for (const round of rounds)
    for (const found of await shownOf(db, job, round)) {
      const { hash, start, what } = found;
      yield {
        name: `${String(round).padStart(4, '0')}/${fileName(found)}`,
        hash,
        part: { start, size: what.size },
      };
    }
}

/** Two names may be the same without the characters that no file can have: the place tells them apart. */
export const fileName = ({ shard, place, what }: Pick<FoundShown, 'shard' | 'place' | 'what'>): string =>
  `${shard === null ? 'merged' : `shard-${shard + 1}`}-${place + 1}-${safeName(what.name)}.${what.kind === 'table' ? 'json' : 'png'}`;
