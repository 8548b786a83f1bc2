import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useEffect } from 'react';
import { getJobSummary } from '../api/farm.ts';
import { isStatus } from '../api/request.ts';
import { forgetStarted, startedJobs } from '../api/started-jobs.ts';

/** Browsers let a page in the background ask once a minute after a while, whatever it wants. */
const ASK_MS = 10_000;

/** Of which it was told that their deadline is past, or which were late before. */
const late = new Set<string>();

/** While nobody looks: tells when a job that was begun in this browser is over, or late. */
export function JobNotices() {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let away = 0;
    const look = async (since: number, first: boolean) => {
      for (const id of startedJobs()) await lookAt(id, () => !first && document.hidden);
      if (since === away && document.hidden) timer = setTimeout(() => void look(since, false), ASK_MS);
    };
    const onChange = () => {
      clearTimeout(timer);
      away += 1;
      // What was over before the page was left needs no telling.
      if (document.hidden) void look(away, true);
    };
    onChange();
    document.addEventListener('visibilitychange', onChange);
    return () => {
      clearTimeout(timer);
      away += 1;
      document.removeEventListener('visibilitychange', onChange);
    };
  }, []);
  return null;
}

async function lookAt(id: string, tells: () => boolean): Promise<void> {
  try {
    const { name, state, problem, deadline } = await getJobSummary(id);
    if (!isOver(state)) {
      if (deadline?.code === 'past' && !late.has(id) && tells())
        await show(id, `${name} is late`, deadline.message);
      if (deadline?.code === 'past') late.add(id);
      return;
    }
    forgetStarted(id);
    if (state === 'canceled' || !tells()) return;
    const done = state === 'completed';
    await show(
      id,
      `${name} ${done ? 'is finished' : 'failed'}`,
      done ? 'The result is there.' : problem?.message,
    );
  } catch (error) {
    // A farm that is away is asked again; a job that is gone is not.
    if (isStatus(error, 404)) forgetStarted(id);
  }
}

async function show(id: string, title: string, body = ''): Promise<void> {
  const url = `/jobs/${id}`;
  const options = { body, tag: id, icon: '/icon-192.png', data: { url } };
  const registration = await navigator.serviceWorker?.getRegistration();
  if (registration !== undefined) return registration.showNotification(title, options);
  const notice = new Notification(title, options);
  notice.onclick = () => {
    window.focus();
    window.location.assign(url);
  };
}
