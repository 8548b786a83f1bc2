import {
  ArtifactList,
  ChunkDetail,
  ChunkStates,
  JobLog,
  Timeline,
} from '@parallel-pilot/shared/api/chunks.ts';
import { jobPath } from './farm.ts';
import { request } from './request.ts';

/** What is asked about the parts of one job, on its page. */
type Signal = AbortSignal | undefined;

export const getChunkStates = (id: string, signal?: Signal) =>
  request(ChunkStates, `${jobPath(id)}/chunks/states`, { signal });
export const getChunk = (id: string, ordinal: number, signal?: Signal) =>
  request(ChunkDetail, `${jobPath(id)}/chunks/${ordinal}`, { signal });
export const getTimeline = (id: string, signal?: Signal) =>
  request(Timeline, `${jobPath(id)}/timeline?limit=2000`, { signal });
export const getJobLog = (id: string, signal?: Signal) => request(JobLog, `${jobPath(id)}/log`, { signal });
export const getArtifacts = (id: string, signal?: Signal) =>
  request(ArtifactList, `${jobPath(id)}/artifacts`, { signal });
