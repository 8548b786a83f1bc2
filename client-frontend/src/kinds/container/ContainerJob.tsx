import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { asTyped } from '@parallel-pilot/shared/kinds/command/words.ts';
import { formatBytes, plural } from '../../components/format.ts';
import { CommandJob } from '../command/CommandJob.tsx';

/** The page of a command that runs in containers: that of a command, and which image it is. */
export const ContainerJob = ({ job }: { job: JobDetail }) => <CommandJob job={job} facts={factsOf(job)} />;

function factsOf({ id, view }: JobDetail): [string, string][] {
  if (view.kind !== 'container') throw new Error(`Job ${id} runs no container.`);
  const { image, network } = view;
  const { taken } = image;
  const made = image.from === 'build' ? `built of ${image.name}` : image.name;
  return [
    ['Image', made],
    ...(taken === null
      ? []
      : ([
          ...(taken.entrypoint.length === 0 ? [] : [['Entrypoint', asTyped(taken.entrypoint)]]),
          ['Id', taken.id.slice(0, 12)],
          ['For', taken.platform],
          ['Size', `${formatBytes(taken.bytes)} in ${plural(taken.layers, 'layer')}`],
        ] as [string, string][])),
    ...(network ? ([['Network', 'reached']] as [string, string][]) : []),
  ];
}
