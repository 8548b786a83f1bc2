import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import {
  BlobInfo,
  Health,
  Session,
  Storage,
  UploadInfo,
  WorkerList,
} from '@parallel-pilot/shared/api/farm.ts';
import { JobDetail, JobList, type JobListQuery, JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { z } from 'zod';
import { command, request } from './request.ts';
import { noteStarted } from './started-jobs.ts';

const api = '/api/v1';
/** Where the API has a job; kinds have what is theirs below it. */
export const jobPath = (id: string) => `${api}/jobs/${encodeURIComponent(id)}`;
type Signal = AbortSignal | undefined;

export const getSession = (signal?: Signal) => request(Session, `${api}/session`, { signal });
export const signIn = (key: string) => command(`${api}/session`, { method: 'POST', body: { key } });
export const signOut = () => command(`${api}/session`, { method: 'DELETE' });

/** Which parts of the farm are not reached; the reply is the same document with either status. */
export async function getReadiness(signal?: Signal): Promise<Health> {
  const response = await fetch('/readyz', { signal: signal ?? null });
  return Health.parse(await response.json());
}

export const getWorkers = (signal?: Signal) => request(WorkerList, `${api}/workers`, { signal });

export const getBlobInfo = (hash: string) => request(BlobInfo, `${api}/blobs/${hash}/info`);
export const uploadsUrl = `${api}/uploads`;
/** What became of an upload whose last reply was missed. */
export const getUploadInfo = (uploadUrl: string) => request(UploadInfo, `${uploadUrl}/info`);

type Listing = z.output<typeof JobListQuery>;
export type JobFilter = Listing['state'];
export type JobOrder = Listing['sort'];
/** Which jobs a list shows, and in which order. `q` is empty for all. */
export type JobQuery = { state: JobFilter; q: string; sort: JobOrder };

export function getJobs({ state, q, sort }: JobQuery, cursor: string | null, signal?: Signal) {
  const query = new URLSearchParams({ limit: '100', sort });
  if (state !== undefined) query.set('state', state);
  if (q !== '') query.set('q', q);
  if (cursor !== null) query.set('cursor', cursor);
  return request(JobList, `${api}/jobs?${query}`, { signal });
}
/** The first few jobs with these words in their names, those under way on top; and how many there are in each state. */
export function findJobs(q: string, limit: number, signal?: Signal) {
  const query = new URLSearchParams({ limit: String(limit), sort: 'running' });
  if (q !== '') query.set('q', q);
  return request(JobList, `${api}/jobs?${query}`, { signal });
}
/** The newest jobs of a group, at most 200. */
export const jobsOfGroup = async (group: string) =>
  (await request(JobList, `${api}/jobs?${new URLSearchParams({ group, limit: '200' })}`)).jobs;
export const getStorage = (signal?: Signal) => request(Storage, `${api}/storage`, { signal });

/** A job's row alone, for the list. */
export const getJobSummary = (id: string) => request(JobSummary, jobPath(id));
export const getJob = (id: string, signal?: Signal) => request(JobDetail, jobPath(id), { signal });

const Created = z.object({ id: z.string() });
export async function createJob(job: CreateJob): Promise<string> {
  const { id } = await request(Created, `${api}/jobs`, { method: 'POST', body: job });
  noteStarted(id);
  return id;
}

export const giveSettings = (id: string, settings: Record<string, unknown>) =>
  command(`${jobPath(id)}/settings`, { method: 'PUT', body: settings });
export type JobCommand = 'pause' | 'resume' | 'cancel' | 'retry';
export const commandJob = (id: string, what: JobCommand) =>
  command(`${jobPath(id)}/${what}`, { method: 'POST' });
export const patchJob = (
  id: string,
  change: { name?: string; priority?: number; deadline?: number | null },
) => command(jobPath(id), { method: 'PATCH', body: change });
export const deleteJob = (id: string) => command(jobPath(id), { method: 'DELETE' });
/** Has a chunk that is done made once more, and the result anew. */
export const retryChunk = (id: string, ordinal: number) =>
  command(`${jobPath(id)}/chunks/${ordinal}/retry`, { method: 'POST' });
