import { queryOptions } from '@tanstack/react-query';
import { getArtifacts, getChunk, getChunkStates, getJobLog, getTimeline } from './job-parts.ts';

/** What the page of a job asks beside the job itself. */
export const chunkStatesQuery = (id: string) =>
  queryOptions({
    queryKey: ['job', id, 'states'],
    queryFn: ({ signal }) => getChunkStates(id, signal),
    // Up to 100,000 numbers: comparing them with the last answer costs more than it saves.
    structuralSharing: false,
  });

export const chunkQuery = (id: string, ordinal: number) =>
  queryOptions({
    queryKey: ['job', id, 'chunk', ordinal],
    queryFn: ({ signal }) => getChunk(id, ordinal, signal),
  });

export const timelineQuery = (id: string) =>
  queryOptions({ queryKey: ['job', id, 'timeline'], queryFn: ({ signal }) => getTimeline(id, signal) });

export const artifactsQuery = (id: string) =>
  queryOptions({ queryKey: ['job', id, 'artifacts'], queryFn: ({ signal }) => getArtifacts(id, signal) });

export const jobLogQuery = (id: string) =>
  queryOptions({ queryKey: ['job', id, 'log'], queryFn: ({ signal }) => getJobLog(id, signal) });
