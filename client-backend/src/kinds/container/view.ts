import { isOfRuns } from '@parallel-pilot/shared/kinds/command/kind.ts';
import { nameOfSource } from '@parallel-pilot/shared/kinds/container/image.ts';
import { ContainerSpec } from '@parallel-pilot/shared/kinds/container/spec.ts';
import { ContainerStage } from '@parallel-pilot/shared/kinds/container/stages.ts';
import type { ContainerView } from '@parallel-pilot/shared/kinds/container/view.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../parts.ts';
import { viewRuns } from '../command/view.ts';

/** What the job page shows of a command in an image. */
export async function viewContainer(parts: Parts, job: JobRow, stage: StageRow): Promise<ContainerView> {
  const { image, network } = ContainerSpec.parse(JSON.parse(job.spec_json));
  return {
    kind: 'container',
    ...(await viewRuns(parts, job, stage)),
    image: { from: image.from, name: nameOfSource(image), taken: takenOf(stage) },
    network,
  };
}

function takenOf(stage: StageRow): ContainerView['image']['taken'] {
  if (!isOfRuns(stage.name)) return null;
  const { image, entrypoint } = ContainerStage.parse(JSON.parse(stage.spec_json));
  const { id, platform, layers } = image;
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  return { id, platform, layers: layers.length, bytes, entrypoint };
}
