import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { JobState } from '@parallel-pilot/shared/model/job.ts';
import type { NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';

export type Told = { event: NoticeEvent; message: string };

/** What a job's owner is told when it comes to that state; null for most. A cancel is somebody's doing, or follows from what was told. */
export function toldOf(state: JobState, kind: string): Told | null {
  const tells = (end: 'completed' | 'failed', code: string | null) => kindOf(kind).tells?.(end, code) ?? true;
  switch (state.status) {
    case 'completed':
      return tells('completed', null) ? { event: 'done', message: 'The result is there.' } : null;
    case 'failed':
      return tells('failed', state.code) ? { event: 'failed', message: state.message } : null;
    case 'ready':
      return { event: 'waiting', message: 'It is ready to begin: look over its settings and start it.' };
    case 'blocked':
    case 'preparing':
    case 'queued':
    case 'running':
    case 'paused':
    case 'assembling':
    case 'canceled':
      return null;
    default:
      return state satisfies never;
  }
}
