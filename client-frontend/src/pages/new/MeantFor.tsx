import { Button } from '@mantine/core';
import type { SubmissionState } from '../../api/submission-state.ts';
import { submission } from '../../app/submission.ts';
import { kindsFor } from '../../kinds/gather-files.ts';
import { DROPPED_KINDS } from '../../kinds/registry.ts';
import { giveTo } from './give-files.ts';
import classes from './New.module.css';

/** Files may make a job of another kind: what else could be meant. Nothing once there is a job. */
export function MeantFor({ kind, phase }: { kind: string; phase: SubmissionState['phase'] }) {
  const files = submission.files().map(({ file }) => file);
  const others = kindsFor(DROPPED_KINDS, files).filter(({ name }) => name !== kind);
  if (others.length === 0 || phase === 'creating' || phase === 'created') return null;
  return (
    <div className={classes.meant}>
      <span>Meant for something else?</span>
      {others.map(({ name, offer }) => (
        <Button key={name} variant="subtle" size="compact-sm" onClick={() => giveTo(name)}>
          {offer.instead}
        </Button>
      ))}
    </div>
  );
}
