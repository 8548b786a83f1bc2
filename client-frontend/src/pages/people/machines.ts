import {
  ChangedWorker,
  JoinTokenList,
  MadeJoinToken,
  type NewJoinToken,
  type WorkerChange,
  WorkerHistory,
  WorkerLoad,
} from '@parallel-pilot/shared/api/machines.ts';
import type { z } from 'zod';
import { command, request } from '../../api/request.ts';

/** What is asked of machines, and of what they join with. */
const api = '/api/v1';
type Signal = AbortSignal | undefined;

export const getJoinTokens = (signal?: Signal) => request(JoinTokenList, `${api}/join-tokens`, { signal });
export const makeJoinToken = (body: z.input<typeof NewJoinToken>) =>
  request(MadeJoinToken, `${api}/join-tokens`, { method: 'POST', body });
export const revokeJoinToken = (id: string) => command(`${api}/join-tokens/${id}`, { method: 'DELETE' });

const workerPath = (id: string) => `${api}/workers/${encodeURIComponent(id)}`;
export const changeWorker = (id: string, body: WorkerChange) =>
  request(ChangedWorker, workerPath(id), { method: 'PATCH', body });
export const removeWorker = (id: string) => command(workerPath(id), { method: 'DELETE' });
export const getWorkerHistory = (id: string, before: string | null, signal?: Signal) =>
  request(
    WorkerHistory,
    `${workerPath(id)}/history${before === null ? '' : `?${new URLSearchParams({ before })}`}`,
    { signal },
  );
export const getWorkerLoad = (id: string, signal?: Signal) =>
  request(WorkerLoad, `${workerPath(id)}/load`, { signal });
