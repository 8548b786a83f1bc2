import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { plural } from '../../../components/format.ts';
import { Panel } from '../../../components/Panel.tsx';
import { SweepTrainings } from './SweepTrainings.tsx';
import { sweepQuery } from './sweep-query.ts';

/** On the page of a training: the others of its sweep. Nothing for one that is of none. */
export function SweepPanel({ group, job }: { group: string; job: string }) {
  const view = useQuery({ ...sweepQuery(group), retry: false }).data;
  if (view === undefined) return null;
  const aside = (
    <>
      {plural(view.trainings.length, 'training')} · <Link to={`/sweeps/${group}`}>Open the sweep</Link>
    </>
  );
  return (
    <Panel title="Sweep" aside={aside}>
      <SweepTrainings view={view} present={job} />
    </Panel>
  );
}
