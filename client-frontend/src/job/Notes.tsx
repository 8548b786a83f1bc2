import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconAlertTriangle, IconInfoCircle, IconX } from '@tabler/icons-react';
import { formatClock } from '../components/format.ts';
import { Panel } from '../components/Panel.tsx';
import { isShown } from '../components/waiting.ts';
import classes from './Job.module.css';

const FOR_WORKERS = /^waiting-(worker|placement)$/;
const ICONS = { info: IconInfoCircle, warning: IconAlertTriangle, error: IconX } as const;

/** What the farm noted about the job, newest first. */
export function Notes({
  job: { notes: all, state, waiting, problem },
}: {
  job: Pick<JobDetail, 'notes' | 'state' | 'waiting' | 'problem'>;
}) {
  // Which worker it waits for, or why it ended, is told at the top, as it is at this moment.
  const notes = all.filter(
    ({ code, message }) => (!FOR_WORKERS.test(code) || !isShown({ waiting })) && message !== problem?.message,
  );
  const newestFirst = notes.toSorted((a, b) => b.at - a.at);
  return (
    <Panel title="Notes">
      {notes.length === 0 && <p className={classes.quiet}>{nothing(state, problem)}</p>}
      <ul className={classes.notes}>
        {newestFirst.map((note) => {
          const Icon = ICONS[note.level];
          return (
            <li key={`${note.at} ${note.code} ${note.message}`} data-level={note.level}>
              <Icon size={18} aria-label={note.level} />
              <span>{note.message}</span>
              <time dateTime={new Date(note.at).toISOString()}>{formatClock(note.at)}</time>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function nothing(state: JobDetail['state'], problem: JobDetail['problem']): string {
  if (state === 'failed') return 'Nothing beside the reason above.';
  if (state === 'canceled' && problem !== null) return 'Nothing beside the reason above.';
  return state === 'canceled' ? 'It was canceled. Nothing else was noted.' : 'Nothing out of the ordinary.';
}
