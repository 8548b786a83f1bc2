import { SideBySide } from './SideBySide.tsx';

/** Trainings that somebody chose, side by side. */
export function Compare({ ids }: { ids: readonly string[] }) {
  return <SideBySide title="Side by side" aside="The merged models over their rounds" ids={ids} />;
}
