import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { getBlobInfo } from '../../api/farm.ts';
import { chosenPlacement } from '../../app/placement.ts';
import { submission } from '../../app/submission.ts';
import { editsOf, writeDraft } from '../../components/draft.ts';
import { firstValues, valuesOf } from './form-values.ts';
import { DRAFT } from './setup-draft.ts';

/** The form of a new training with the same files, which the farm has, and the settings of before. */
export async function again(before: CreateJob): Promise<string> {
  if (before.kind !== 'training') throw new Error('This job is not a training.');
  const files = await Promise.all(
    (['script', 'data'] as const).map(async (part) => {
      const { blob, fileName } = before[part];
      return { part, name: fileName, blob, size: (await getBlobInfo(blob)).size };
    }),
  );
  writeDraft(
    DRAFT,
    editsOf(
      { ...valuesOf(TrainingSettings.parse(before.settings ?? {})), name: before.name ?? '' },
      firstValues(),
    ),
  );
  chosenPlacement.set(Placement.parse(before.placement ?? {}));
  submission.startStored('training', files);
  return '/new';
}
