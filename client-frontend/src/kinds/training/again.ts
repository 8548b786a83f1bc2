import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { getBlobInfo } from '../../api/farm.ts';
import { chosenPlacement } from '../../app/placement.ts';
import { submission } from '../../app/submission.ts';
import { editsOf, writeDraft } from '../../components/draft.ts';
import { firstValues, valuesOf } from './form-values.ts';
import { DRAFT } from './setup-draft.ts';

/** The same, starting from the best model that the job has. */
export async function trainOn(before: CreateJob, job: JobId): Promise<string> {
  if (before.kind !== 'training') throw new Error('This job is not a training.');
  return again({ ...before, name: `${before.name ?? 'training'}, on`.slice(0, 200), from: { job } });
}

/** The form of a new training with the same files, which the farm has, and the settings of before. */
export async function again(before: CreateJob): Promise<string> {
  if (before.kind !== 'training') throw new Error('This job is not a training.');
  const { script, data, moreData = [], test = null, code = null, from, ...other } = before;
  const given = {
    script,
    ...(data == null ? {} : { data }),
    ...(from !== undefined && 'blob' in from ? { from } : {}),
  };
  const files = await Promise.all(
    Object.entries(given).map(async ([part, { blob, fileName }]) => {
      return { part, name: fileName, blob, size: (await getBlobInfo(blob)).size };
    }),
  );
  const start = {
    from: from !== undefined && 'job' in from ? `${from.job}@${from.round ?? 'best'}` : '',
    fitting: from?.fitting ? ('some' as const) : ('all' as const),
  };
  writeDraft(
    DRAFT,
    editsOf(
      {
        ...valuesOf(TrainingSettings.parse(before.settings ?? {})),
        name: before.name ?? '',
        ...start,
        others: {
          moreData,
          test,
          code,
          requirements: other.requirements ?? null,
          wheels: other.wheels ?? null,
        },
        python: other.python ?? '',
        localData: other.localData ?? '',
      },
      firstValues(),
    ),
  );
  chosenPlacement.set(Placement.parse(before.placement ?? {}));
  submission.startStored('training', files);
  return '/new';
}
