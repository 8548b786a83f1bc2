import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { plural } from '../../../components/format.ts';
import { Panel } from '../../../components/Panel.tsx';
import { SweepTrainings } from './SweepTrainings.tsx';
import { sweepQuery } from './sweep-query.ts';

/** On the page of a training: the others of its sweep. */
export function SweepPanel({ sweep, job }: { sweep: string; job: string }) {
  const view = useQuery(sweepQuery(sweep)).data;
  if (view === undefined) return null;
  const aside = (
    <>
      {plural(view.trainings.length, 'training')} · <Link to={`/sweeps/${sweep}`}>Open the sweep</Link>
    </>
  );
  return (
    <Panel title="Sweep" aside={aside}>
      <SweepTrainings view={view} present={job} />
    </Panel>
  );
}
