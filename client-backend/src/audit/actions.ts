import type { AuditAction } from '@parallel-pilot/shared/api/limits.ts';

/**
 * What an operation is called in the audit; `null` for one that changes nothing worth a word, such as a part of an
 * upload. One that is not here is recorded as `other`, with its name.
 */
export const actionOf = (operation: string): AuditAction | null => {
  const known = ACTIONS[operation.replace(' /api/v1/', ' ')];
  return known === undefined ? 'other' : known;
};

const ACTIONS: Record<string, AuditAction | null> = {
  'POST session': 'session.open',
  'DELETE session': 'session.close',
  'PATCH account': 'account.change',
  'PUT account/team': null,
  'POST account/notifications': 'account.change',
  'PATCH account/notifications/{channel}': 'account.change',
  'DELETE account/notifications/{channel}': 'account.change',
  'POST account/notifications/{channel}/test': null,
  'POST account/keys': 'key.create',
  'DELETE account/keys/{id}': 'key.revoke',
  'POST device-codes': null,
  'POST device-codes/poll': null,
  'POST device-codes/{userCode}/approve': 'device.approve',
  'POST device-codes/{userCode}/refuse': 'device.refuse',
  'POST links/look': null,
  'POST links/accept': 'link.accept',
  'POST password-resets': 'password.forgotten',
  'POST teams': 'team.create',
  'PATCH teams/{id}': 'team.change',
  'DELETE teams/{id}': 'team.delete',
  'POST teams/{id}/leave': 'member.remove',
  'POST teams/{id}/hand-over': 'team.hand-over',
  'PATCH teams/{id}/limits': 'team.limits',
  'PATCH teams/{id}/members/{person}': 'member.change',
  'DELETE teams/{id}/members/{person}': 'member.remove',
  'POST teams/{id}/invitations': 'invitation.create',
  'DELETE teams/{id}/invitations/{link}': 'invitation.revoke',
  'POST jobs': 'job.submit',
  'PATCH jobs/{id}': 'job.change',
  'DELETE jobs/{id}': 'job.delete',
  'POST jobs/{id}/pause': 'job.pause',
  'POST jobs/{id}/resume': 'job.resume',
  'POST jobs/{id}/cancel': 'job.cancel',
  'POST jobs/{id}/retry': 'job.retry',
  'POST sweeps/{id}/cancel': 'job.cancel',
  'PUT jobs/{id}/settings': 'job.settings',
  'POST jobs/{id}/chunks/{ordinal}/retry': 'job.retry',
  'POST uploads': 'upload.create',
  'PATCH uploads/{id}': null,
  'DELETE uploads/{id}': 'upload.delete',
  'POST join-tokens': 'join-token.create',
  'DELETE join-tokens/{id}': 'join-token.revoke',
  'POST workers/fit': null,
  'POST jobs/outlook': null,
  'PATCH workers/{id}': 'worker.change',
  'DELETE workers/{id}': 'worker.revoke',
  'PUT load/network': 'load.network',
  'PATCH settings': 'farm.change',
  'POST people/invitations': 'person.invite',
  'DELETE people/invitations/{link}': 'invitation.revoke',
  'PATCH people/{id}': 'person.change',
  'DELETE people/{id}': 'person.delete',
  'POST people/{id}/reset-link': 'person.reset-link',
  'POST impersonation': 'impersonation.begin',
  'DELETE impersonation': 'impersonation.end',
};
