import { IconUpload } from '@tabler/icons-react';
import { Link, useLocation } from 'react-router';
import type { SubmissionState } from '../api/submission-state.ts';
import { formatPercent } from '../components/format.ts';
import classes from './Shell.module.css';
import { useSubmission } from './submission.ts';

/** The way back to a file that is being sent while the user looks at another page. */
export function SubmissionChip() {
  const state = useSubmission();
  const { pathname } = useLocation();
  const text = textOf(state);
  if (pathname === '/new' || text === null) return null;
  return (
    <Link to="/new" className={classes.chip}>
      <IconUpload size={15} aria-hidden />
      <span>{text}</span>
    </Link>
  );
}

function textOf(state: SubmissionState): string | null {
  switch (state.phase) {
    case 'idle':
      return null;
    case 'uploading':
      return `${state.fileName} · ${state.paused ? 'paused' : formatPercent(state.sent / state.size)}`;
    case 'checking':
    case 'creating':
      return `${state.fileName} · on its way`;
    case 'stored':
      return `${state.fileName} · waits for you`;
    case 'choosing':
      return `${state.fileName} · choose a file`;
    case 'refused':
      return `${state.fileName} · not taken`;
    case 'created':
      return `${state.fileName} · is there`;
    default:
      return state satisfies never;
  }
}
