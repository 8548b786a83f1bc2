import {
  AuditPage,
  FarmLimits,
  type PatchPerson,
  type PatchTeamLimits,
  PeoplePage,
  Usage,
} from '@parallel-pilot/shared/api/limits.ts';
import { InvitationList, MadeLink } from '@parallel-pilot/shared/api/people.ts';
import { command, request } from '../../api/request.ts';

/** What a team uses, and what admins of the farm ask. */
const api = '/api/v1';
type Signal = AbortSignal | undefined;

export const getUsage = (team: string, signal?: Signal) =>
  request(Usage, `${api}/teams/${team}/usage`, { signal });

export function getPeople(search: string, after: string | null, signal?: Signal) {
  const query = new URLSearchParams();
  if (search !== '') query.set('search', search);
  if (after !== null) query.set('after', after);
  return request(PeoplePage, `${api}/people?${query}`, { signal });
}
export const patchPerson = (id: string, body: PatchPerson) =>
  command(`${api}/people/${id}`, { method: 'PATCH', body });
/** `jobs`: what becomes of those that are not over, which the farm asks for where there are some. */
export const deletePerson = (id: string, jobs: string | null) =>
  command(`${api}/people/${id}${jobs === null ? '' : `?${new URLSearchParams({ jobs })}`}`, {
    method: 'DELETE',
  });
export const makeResetLink = (id: string) =>
  request(MadeLink, `${api}/people/${id}/reset-link`, { method: 'POST', body: {} });
export const actAs = (person: string) =>
  command(`${api}/impersonation`, { method: 'POST', body: { person } });

export const getFarmInvitations = (signal?: Signal) =>
  request(InvitationList, `${api}/people/invitations`, { signal });
export const inviteToFarm = (email: string | null) =>
  request(MadeLink, `${api}/people/invitations`, { method: 'POST', body: { email } });
export const withdrawFarmInvitation = (link: string) =>
  command(`${api}/people/invitations/${link}`, { method: 'DELETE' });

export function getFarmLimits(after: string | null, signal?: Signal) {
  const query = new URLSearchParams(after === null ? {} : { after });
  return request(FarmLimits, `${api}/limits?${query}`, { signal });
}
export const patchTeamLimits = (id: string, body: PatchTeamLimits) =>
  command(`${api}/teams/${id}/limits`, { method: 'PATCH', body });

/** The filter of the audit, as the address has it. */
export type AuditSearch = URLSearchParams;
export function getAudit(filter: AuditSearch, before: number | null, signal?: Signal) {
  const query = new URLSearchParams(filter);
  if (before !== null) query.set('before', String(before));
  return request(AuditPage, `${api}/audit?${query}`, { signal });
}
export const auditCsvUrl = (filter: AuditSearch): string => `${api}/audit.csv?${filter}`;
