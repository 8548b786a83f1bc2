import type { OpenAPIHono } from '@hono/zod-openapi';
import { hostOfKey } from '@parallel-pilot/shared/server/clerk-config.ts';
import { compress } from 'hono/compress';
import { auditTrail } from './audit/audit-trail.ts';
import type { Access } from './auth/access.ts';
import { guard } from './auth/guard.ts';
import { createOperations } from './auth/operations.ts';
import { newRoutes, problem, unknownOperation } from './http/problems.ts';
import type { PartsWithEngine } from './jobs/engine.ts';
import { createJobDesk } from './jobs/job-desk.ts';
import { BACKEND_KINDS } from './kinds/registry.ts';
import type { Mail } from './mail/mail.ts';
import type { Accounts } from './people/accounts.ts';
import { accessLog } from './routes/access-log.ts';
import { accountRoutes } from './routes/account.ts';
import { administrationRoutes } from './routes/administration.ts';
import { artifactRoutes } from './routes/artifacts.ts';
import { auditRoutes } from './routes/audit.ts';
import { blobRoutes } from './routes/blobs.ts';
import { limitBodies } from './routes/body-limits.ts';
import { chunkRoutes } from './routes/chunks.ts';
import { deviceCodeRoutes } from './routes/device-codes.ts';
import { mountDocs } from './routes/docs.ts';
import { farmSettingsRoutes } from './routes/farm-settings.ts';
import { healthRoutes } from './routes/health.ts';
import { identityRoutes } from './routes/identities.ts';
import { impersonationRoutes } from './routes/impersonation.ts';
import { invitationRoutes } from './routes/invitations.ts';
import { jobRoutes } from './routes/jobs.ts';
import { joinTokenRoutes } from './routes/join-tokens.ts';
import { limitRoutes } from './routes/limits.ts';
import { linkRoutes } from './routes/links.ts';
import { loadRoutes } from './routes/load.ts';
import { noticeRoutes } from './routes/notices.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { onError } from './routes/on-error.ts';
import { pipelineRoutes } from './routes/pipelines.ts';
import { securityHeaders } from './routes/security-headers.ts';
import { sessionRoutes } from './routes/session.ts';
import { siteRoutes } from './routes/site.ts';
import { storageRoutes } from './routes/storage.ts';
import { teamRoutes } from './routes/teams.ts';
import { templateRoutes } from './routes/templates.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { workerRoutes } from './routes/workers.ts';
import { createLeaseUploads } from './uploads/lease-uploads.ts';
import type { Uploads } from './uploads/uploads.ts';

/** Beside the parts: who may come in, whom to tell of a sign-out, the uploads under way, and where the built site is. */
export type AppParts = {
  access: Access;
  /** Of the farm's own, where people sign in with such. */
  accounts?: Accounts | null;
  /** Where a server for e-mail was set. */
  mail?: Mail | null;
  onSignOut?: () => void;
  uploads: Uploads;
  siteFolder?: string;
};

const LONG_ANSWERS = [
  '/api/v1/jobs',
  '/api/v1/jobs/:id',
  '/api/v1/pipelines/:id',
  '/api/v1/jobs/:id/chunks/states',
  '/api/v1/jobs/:id/timeline',
  '/api/v1/workers',
  '/api/v1/load',
  '/api/v1/load/history.csv',
];

/** The whole HTTP application: what every request passes, the API, and the site for all that is left. */
export function createApp(
  parts: PartsWithEngine,
  { access, accounts = null, mail = null, onSignOut, uploads, siteFolder }: AppParts,
): OpenAPIHono {
  const app = newRoutes();
  const clerk = access.identities?.ways.clerk ?? null;
  app.onError(onError(parts.log));
  app.notFound((c) => problem(c, 404, 'not-found', `There is nothing at ${c.req.path}.`));
  app.use(
    accessLog(parts.log),
    securityHeaders(clerk === null ? null : hostOfKey(clerk.publishableKey)),
    auditTrail(parts, (method, path) => operationOf(method, path)),
    guard(access, (method, path) => operationOf(method, path)),
    limitBodies(Object.values(BACKEND_KINDS).flatMap((kind) => kind.longBodies ?? [])),
  );

  // Long lists; never what is made of a stranger's bytes.
  const ofKinds = Object.values(BACKEND_KINDS).flatMap((kind) => kind.longAnswers ?? []);
  for (const path of [...LONG_ANSWERS, ...ofKinds]) app.use(path, compress());

  app.route('/', healthRoutes(parts));
  app.route('/', sessionRoutes(parts, access, onSignOut));
  const people = { ...parts, accounts, mail };
  app.route('/', accountRoutes(people));
  app.route('/', notificationRoutes(people));
  app.route('/', noticeRoutes(people));
  app.route('/', teamRoutes(people));
  app.route('/', invitationRoutes(people));
  app.route('/', linkRoutes(people, access));
  app.route('/', deviceCodeRoutes(people));
  const handle = access.identities?.handle;
  if (handle !== undefined) app.route('/', identityRoutes(handle));
  app.route('/', impersonationRoutes(parts, access));
  app.route('/', administrationRoutes(people));
  app.route('/', limitRoutes(parts));
  app.route('/', auditRoutes(parts));
  app.route('/', uploadRoutes(parts, uploads));
  // All that a lease delivers is no more than one file may be.
  const leaseUploads = createLeaseUploads(parts.config.maxUploadBytes);
  app.route('/', blobRoutes(parts, leaseUploads));
  app.route('/', workerRoutes(parts));
  app.route('/', joinTokenRoutes(parts));
  app.route('/', storageRoutes(parts));
  app.route('/', loadRoutes(parts));
  app.route('/', farmSettingsRoutes(parts));
  app.route('/', jobRoutes(parts));
  app.route('/', pipelineRoutes(parts));
  app.route('/', templateRoutes(parts));
  app.route('/', chunkRoutes(parts));
  app.route('/', artifactRoutes(parts));
  const desk = createJobDesk(parts, leaseUploads);
  for (const kind of Object.values(BACKEND_KINDS)) {
    if (kind.routes !== undefined) app.route('/', kind.routes(parts, desk));
  }
  mountDocs(app);
  const operationOf = createOperations(app);

  app.all('/api/*', unknownOperation);
  app.route('/', siteRoutes(siteFolder));
  return app;
}
