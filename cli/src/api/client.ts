import {
  ArtifactList,
  ChunkDetail,
  ChunkList,
  ChunkStates,
  JobLog,
} from '@parallel-pilot/shared/api/chunks.ts';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { BlobInfo, UploadInfo, WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import { JobDetail, JobList } from '@parallel-pilot/shared/api/jobs.ts';
import {
  type FitQuestion,
  JoinLine,
  JoinTokenList,
  MadeJoinToken,
  type NewJoinToken,
  type WorkerChange,
  WorkerFit,
  WorkerHistory,
} from '@parallel-pilot/shared/api/machines.ts';
import { NoticeList, type ReadNotices, UnreadNotices } from '@parallel-pilot/shared/api/notices.ts';
import {
  ChannelLog,
  ChannelView,
  MadeChannel,
  type NewChannel,
  Notifications,
} from '@parallel-pilot/shared/api/notifications.ts';
import { type CreatePipeline, PipelineDetail, PipelineList } from '@parallel-pilot/shared/api/pipelines.ts';
import {
  type RunTemplate,
  type SaveTemplate,
  TemplateList,
  TemplateView,
} from '@parallel-pilot/shared/api/templates.ts';
import type { BlobHash, PipelineId, TemplateId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';
import { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { z } from 'zod';
import { ApiError, type Connection, send, UnreachableError } from './request.ts';

export type JobAction = 'pause' | 'resume' | 'cancel' | 'retry';
export type ListQuery = {
  state?: JobStatus | 'active' | 'over';
  limit?: number;
  cursor?: string;
  group?: string;
};

/** The farm's HTTP API as far as the command line needs it. Every reply is parsed; refusals are ApiErrors. */
export type Api = ReturnType<typeof createApi>;

const Created = z.object({ id: JobId });
const NOTICES = '/api/v1/account/notices';
const NOTIFICATIONS = '/api/v1/account/notifications';

export function createApi(connection: Connection) {
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    send(connection, 'GET', path).then((reply) => parsed(reply, schema));
  const job = (id: JobId) => `/api/v1/jobs/${id}`;
  return {
    connection,
    /** What only one kind of job has is asked for by the kind itself. */
    get,
    async post(path: string): Promise<void> {
      const reply = await send(connection, 'POST', path);
      await reply.body?.cancel();
    },
    jobs: (query: ListQuery = {}) => get(`/api/v1/jobs${search(query)}`, JobList),
    job: (id: JobId) => get(job(id), JobDetail),
    chunks: (id: JobId, query: { state?: string; offset?: number; limit?: number } = {}) =>
      get(`${job(id)}/chunks${search(query)}`, ChunkList),
    chunk: (id: JobId, ordinal: number) => get(`${job(id)}/chunks/${ordinal}`, ChunkDetail),
    states: (id: JobId) => get(`${job(id)}/chunks/states`, ChunkStates),
    /** `after`: of what was printed only that which came since, in pages. */
    log: (id: JobId, after?: string) => get(`${job(id)}/log${search({ after })}`, JobLog),
    artifacts: (id: JobId) => get(`${job(id)}/artifacts`, ArtifactList),
    workers: () => get('/api/v1/workers', WorkerList),
    async changeWorker(id: WorkerId, change: WorkerChange): Promise<WorkerView> {
      return parsed(await send(connection, 'PATCH', `/api/v1/workers/${id}`, change), WorkerView);
    },
    async fit(question: FitQuestion): Promise<WorkerFit> {
      return parsed(await send(connection, 'POST', '/api/v1/workers/fit', question), WorkerFit);
    },
    async removeWorker(id: WorkerId): Promise<void> {
      await send(connection, 'DELETE', `/api/v1/workers/${id}`);
    },
    workerHistory: (id: WorkerId, before?: string) =>
      get(`/api/v1/workers/${id}/history${search({ before })}`, WorkerHistory),
    joinTokens: () => get('/api/v1/join-tokens', JoinTokenList),
    async makeJoinToken(asked: NewJoinToken): Promise<MadeJoinToken> {
      return parsed(await send(connection, 'POST', '/api/v1/join-tokens', asked), MadeJoinToken);
    },
    async revokeJoinToken(id: string): Promise<void> {
      await send(connection, 'DELETE', `/api/v1/join-tokens/${encodeURIComponent(id)}`);
    },
    joinLine: () => get('/api/v1/workers/join', JoinLine),
    upload: (id: string) => get(`/api/v1/uploads/${id}/info`, UploadInfo),
    async createJob(request: CreateJob): Promise<JobId> {
      const reply = await send(connection, 'POST', '/api/v1/jobs', request);
      return (await parsed(reply, Created)).id;
    },
    async act(id: JobId, action: JobAction): Promise<void> {
      const reply = await send(connection, 'POST', `${job(id)}/${action}`);
      await reply.body?.cancel();
    },
    pipelines: (query: { limit?: number; cursor?: string } = {}) =>
      get(`/api/v1/pipelines${search(query)}`, PipelineList),
    pipeline: (id: PipelineId) => get(`/api/v1/pipelines/${id}`, PipelineDetail),
    /** Sent again under the same `request` it makes no second one. */
    async createPipeline(request: CreatePipeline): Promise<PipelineDetail> {
      return parsed(await send(connection, 'POST', '/api/v1/pipelines', request), PipelineDetail);
    },
    async actOnPipeline(id: PipelineId, action: 'cancel' | 'retry'): Promise<PipelineDetail> {
      return parsed(await send(connection, 'POST', `/api/v1/pipelines/${id}/${action}`), PipelineDetail);
    },
    async deletePipeline(id: PipelineId): Promise<void> {
      await send(connection, 'DELETE', `/api/v1/pipelines/${id}`);
    },
    templates: () => get('/api/v1/templates', TemplateList),
    async saveTemplate(template: SaveTemplate): Promise<TemplateView> {
      return parsed(await send(connection, 'PUT', '/api/v1/templates', template), TemplateView);
    },
    /** Sent again under the same `request` it makes no second pipeline. */
    async runTemplate(id: TemplateId, asked: RunTemplate): Promise<PipelineDetail> {
      return parsed(await send(connection, 'POST', `/api/v1/templates/${id}/run`, asked), PipelineDetail);
    },
    async deleteTemplate(id: TemplateId): Promise<void> {
      await send(connection, 'DELETE', `/api/v1/templates/${id}`);
    },
    notifications: () => get(NOTIFICATIONS, Notifications),
    notices: () => get(`${NOTICES}?limit=200`, NoticeList),
    async readNotices(which: ReadNotices): Promise<number> {
      const sent = await send(connection, 'POST', `${NOTICES}/read`, which);
      return (await parsed(sent, UnreadNotices)).unread;
    },
    channelLog: (id: string) => get(`${NOTIFICATIONS}/${encodeURIComponent(id)}/log`, ChannelLog),
    async makeChannel(asked: z.input<typeof NewChannel>): Promise<MadeChannel> {
      return parsed(await send(connection, 'POST', NOTIFICATIONS, asked), MadeChannel);
    },
    async changeChannel(id: string, events: readonly NoticeEvent[]): Promise<ChannelView> {
      const path = `${NOTIFICATIONS}/${encodeURIComponent(id)}`;
      return parsed(await send(connection, 'PATCH', path, { events }), ChannelView);
    },
    async removeChannel(id: string): Promise<void> {
      await send(connection, 'DELETE', `${NOTIFICATIONS}/${encodeURIComponent(id)}`);
    },
    /** Has one chunk that is done made once more. */
    async redo(id: JobId, ordinal: number): Promise<void> {
      const reply = await send(connection, 'POST', `${job(id)}/chunks/${ordinal}/retry`);
      await reply.body?.cancel();
    },
    /** Null for no matter when. */
    async setDeadline(id: JobId, deadline: number | null): Promise<void> {
      const reply = await send(connection, 'PATCH', job(id), { deadline });
      await reply.body?.cancel();
    },
    async prioritize(id: JobId, priority: number): Promise<void> {
      const reply = await send(connection, 'PATCH', job(id), { priority });
      await reply.body?.cancel();
    },
    async delete(id: JobId): Promise<void> {
      await send(connection, 'DELETE', job(id));
    },
    /** What the farm knows of a file with this hash, null when it has none. */
    async blob(hash: BlobHash): Promise<BlobInfo | null> {
      try {
        return await get(`/api/v1/blobs/${hash}/info`, BlobInfo);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    /** The bytes at a path of this farm; the body is the caller's to read. */
    bytes: (path: string, signal: AbortSignal): Promise<Response> =>
      send(connection, 'GET', path, undefined, signal),
  };
}

/** @throws UnreachableError where the farm dies in the middle of its answer, as where it gives none. */
async function parsed<T>(reply: Response, schema: z.ZodType<T>): Promise<T> {
  const text = await reply.text().catch((error: unknown) => {
    throw new UnreachableError(new URL(reply.url).origin, error);
  });
  const result = schema.safeParse(jsonOf(text));
  if (result.success) return result.data;
  throw new ApiError({
    status: reply.status,
    code: 'unreadable-reply',
    message: `The farm's answer to ${new URL(reply.url).pathname} was not understood. Its version and this program's may differ.`,
    cause: result.error,
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function search(query: Record<string, string | number | undefined>): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? '' : `?${given}`;
}
