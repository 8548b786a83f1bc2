import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import classes from './Workers.module.css';

const WORDS = {
  online: 'Connected',
  disabled: 'Disabled',
  hours: 'Not lent now',
  'in-use': 'In use by others',
  draining: 'Leaving',
  offline: 'Away',
} as const;

/** What people call a machine, or what it calls itself. */
export const nameOf = ({ label, name }: Pick<WorkerView, 'label' | 'name'>): string => label ?? name;

/** Whether a machine is there and given work. */
export function Standing({ worker: { status, disabled, lent } }: { worker: WorkerView }) {
  const resting = lent === null || lent.open ? null : lent.because;
  const standing = status !== 'online' ? status : disabled ? 'disabled' : (resting ?? status);
  return (
    <span className={classes.status} data-status={standing}>
      {WORDS[standing]}
      {disabled && status === 'offline' && ', disabled'}
    </span>
  );
}
