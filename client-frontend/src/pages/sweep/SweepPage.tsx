import { useParams } from 'react-router';
import { SITE_KINDS } from '../../kinds/registry.ts';

/** Jobs that search for parameters together: /sweeps/:id. The one kind that has such shows them. */
export function SweepPage() {
  const { id = '' } = useParams();
  const Sweep = SITE_KINDS.find((kind) => kind.Sweep !== undefined)?.Sweep;
  return Sweep === undefined ? null : <Sweep.Part key={id} id={id} />;
}
