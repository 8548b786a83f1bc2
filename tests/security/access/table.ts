import type { Need } from '@parallel-pilot/client-backend/auth/needs.ts';

/**
 * Every operation of the API, and what it asks of whoever calls it. Written down once more, and by hand: a route that
 * changes its mind, or is not here, fails the test.
 */
export const OPERATIONS: Record<string, Need> = {
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /api/v1/session': 'open',
  'POST /api/v1/session': 'open',
  'DELETE /api/v1/session': 'open',

  'POST /api/v1/uploads': 'jobs.submit',
  'HEAD /api/v1/uploads/{id}': 'jobs.submit',
  'PATCH /api/v1/uploads/{id}': 'jobs.submit',
  'DELETE /api/v1/uploads/{id}': 'jobs.submit',
  'GET /api/v1/uploads/{id}/info': 'jobs.submit',
  'GET /api/v1/blobs/{hash}/info': 'jobs.submit',
  'GET /api/v1/blobs/{hash}': 'lease',
  'PUT /api/v1/blobs/{hash}': 'lease',

  'POST /api/v1/jobs': 'jobs.submit',
  'GET /api/v1/jobs': 'jobs.see',
  'GET /api/v1/jobs/{id}': 'jobs.see',
  'PATCH /api/v1/jobs/{id}': 'jobs.steer',
  'DELETE /api/v1/jobs/{id}': 'jobs.delete',
  'GET /api/v1/jobs/{id}/log': 'jobs.see',
  'GET /api/v1/jobs/{id}/submission': 'jobs.see',
  'GET /api/v1/jobs/{id}/timeline': 'jobs.see',
  'POST /api/v1/jobs/{id}/pause': 'jobs.steer',
  'POST /api/v1/jobs/{id}/resume': 'jobs.steer',
  'POST /api/v1/jobs/{id}/cancel': 'jobs.steer',
  'POST /api/v1/jobs/{id}/retry': 'jobs.steer',
  'PUT /api/v1/jobs/{id}/settings': 'jobs.steer',
  'GET /api/v1/jobs/{id}/chunks': 'jobs.see',
  'GET /api/v1/jobs/{id}/chunks/states': 'jobs.see',
  'GET /api/v1/jobs/{id}/chunks/{ordinal}': 'jobs.see',
  'POST /api/v1/jobs/{id}/chunks/{ordinal}/retry': 'jobs.steer',
  'GET /api/v1/jobs/{id}/artifacts': 'jobs.see',
  'GET /api/v1/jobs/{id}/artifacts/{name}': 'jobs.see',
  'GET /api/v1/jobs/{id}/frames/{frame}': 'jobs.see',
  'GET /api/v1/jobs/{id}/frames/{frame}/thumbnail': 'jobs.see',
  'GET /api/v1/jobs/{id}/rounds': 'jobs.see',
  'GET /api/v1/jobs/{id}/rounds/{round}/model': 'jobs.see',
  'GET /api/v1/jobs/{id}/curves': 'jobs.see',
  'GET /api/v1/storage': 'jobs.see',

  'GET /api/v1/teams/{id}/usage': 'team.see',
  'PATCH /api/v1/teams/{id}/limits': 'teams.manage',
  'GET /api/v1/limits': 'teams.manage',
  'GET /api/v1/people': 'people.manage',
  'PATCH /api/v1/people/{id}': 'people.manage',
  'DELETE /api/v1/people/{id}': 'people.manage',
  'POST /api/v1/impersonation': 'people.manage',
  'DELETE /api/v1/impersonation': 'account.see',
  'GET /api/v1/audit': 'audit.see',
  'GET /api/v1/audit.csv': 'audit.see',

  'GET /api/v1/workers': 'workers.see',
  'GET /api/v1/workers/join': 'workers.lend',

  'GET /api/v1/account': 'account.see',
  'PATCH /api/v1/account': 'account.change',
  'PUT /api/v1/account/team': 'account.see',
  'GET /api/v1/account/keys': 'account.see',
  'POST /api/v1/account/keys': 'account.change',
  'DELETE /api/v1/account/keys/{id}': 'account.change',

  'GET /api/v1/teams': 'account.see',
  'POST /api/v1/teams': 'teams.create',
  'GET /api/v1/teams/{id}': 'team.see',
  'PATCH /api/v1/teams/{id}': 'team.change',
  'DELETE /api/v1/teams/{id}': 'team.change',
  'POST /api/v1/teams/{id}/leave': 'team.leave',
  'POST /api/v1/teams/{id}/hand-over': 'team.change',
  'PATCH /api/v1/teams/{id}/members/{person}': 'team.members',
  'DELETE /api/v1/teams/{id}/members/{person}': 'team.members',
  'GET /api/v1/teams/{id}/invitations': 'team.invite',
  'POST /api/v1/teams/{id}/invitations': 'team.invite',
  'DELETE /api/v1/teams/{id}/invitations/{link}': 'team.invite',

  'POST /api/v1/links/look': 'open',
  'POST /api/v1/links/accept': 'open',
  'POST /api/v1/password-resets': 'open',
  'POST /api/v1/device-codes': 'open',
  'POST /api/v1/device-codes/poll': 'open',
  'GET /api/v1/device-codes/{userCode}': 'account.see',
  'POST /api/v1/device-codes/{userCode}/approve': 'account.change',
  'POST /api/v1/device-codes/{userCode}/refuse': 'account.change',

  'GET /api/v1/people/invitations': 'people.manage',
  'POST /api/v1/people/invitations': 'people.manage',
  'DELETE /api/v1/people/invitations/{link}': 'people.manage',
  'POST /api/v1/people/{id}/reset-link': 'people.manage',
};

/** Every room of the live connection. */
export const ROOMS: Record<string, Need> = {
  jobs: 'jobs.see',
  workers: 'workers.see',
  job: 'jobs.see',
};
