import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { getJobSummary } from '../api/farm.ts';
import { jobQuery } from '../api/queries.ts';
import { isStatus } from '../api/request.ts';
import { forgetStarted, isBegunHere, startedJobs } from '../api/started-jobs.ts';
import type { JobPages } from '../live/job-list.ts';
import { type KnownJob, newsOfJob } from './job-news.ts';

/** Browsers let a page in the background ask once a minute after a while, whatever it wants. */
const ASK_MS = 10_000;

/** While nobody looks: tells when a job that was begun in this browser is over, or late. */
export function JobNotices() {
  const queries = useQueryClient();
  useEffect(() => {
    const known = new Map<string, KnownJob>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let away = 0;
    const look = async (since: number) => {
      for (const id of startedJobs()) await lookAt(id, known);
      if (since === away && document.hidden) timer = setTimeout(() => void look(since), ASK_MS);
    };
    const onChange = () => {
      clearTimeout(timer);
      away += 1;
      if (!document.hidden) return;
      for (const id of startedJobs()) if (isSeenOver(queries, id)) forgetStarted(id);
      void look(away);
    };
    // Also while somebody looks: what is under way now is news when it is over. This page may come late, when the one
    // who began a job in it has left long since.
    void look(away);
    document.addEventListener('visibilitychange', onChange);
    return () => {
      clearTimeout(timer);
      away += 1;
      document.removeEventListener('visibilitychange', onChange);
    };
  }, [queries]);
  return null;
}

/** Some page showed that it is over: that needs no telling. */
function isSeenOver(queries: QueryClient, id: string): boolean {
  const lists = queries.getQueriesData<JobPages>({ queryKey: ['jobs'] });
  const rows: (JobSummary | undefined)[] = lists.flatMap(
    ([, data]) => data?.pages.flatMap((page) => page.jobs.filter((job) => job.id === id)) ?? [],
  );
  rows.push(queries.getQueryData(jobQuery(id).queryKey));
  return rows.some((job) => job !== undefined && isOver(job.state));
}

async function lookAt(id: string, known: Map<string, KnownJob>): Promise<void> {
  try {
    const job = await getJobSummary(id);
    const before = known.get(id) ?? (isBegunHere(id) ? 'under-way' : undefined);
    const { over, known: now, news } = newsOfJob(before, job);
    known.set(id, now);
    if (over) {
      known.delete(id);
      forgetStarted(id);
    }
    if (news !== null && document.hidden) await show(id, news.title, news.body);
  } catch (error) {
    // A farm that is away is asked again; a job that is gone is not.
    if (isStatus(error, 404)) forgetStarted(id);
  }
}

async function show(id: string, title: string, body: string): Promise<void> {
  const url = `/jobs/${id}`;
  const options = { body, tag: id, icon: '/icon-192.png', data: { url } };
  const registration = await navigator.serviceWorker?.getRegistration();
  // One that is still being installed shows nothing.
  if (registration?.active) return registration.showNotification(title, options);
  const notice = new Notification(title, options);
  notice.onclick = () => {
    window.focus();
    window.location.assign(url);
  };
}
