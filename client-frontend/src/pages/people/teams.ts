import type { TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import { MyTeam } from '@parallel-pilot/shared/api/farm.ts';
import {
  InvitationList,
  MadeLink,
  type NewInvitation,
  TeamDetail,
} from '@parallel-pilot/shared/api/people.ts';
import { command, request } from '../../api/request.ts';

const api = '/api/v1';
type Signal = AbortSignal | undefined;
const teamPath = (id: string) => `${api}/teams/${id}`;

export const createTeam = (name: string) =>
  request(MyTeam, `${api}/teams`, { method: 'POST', body: { name } });
export const getTeam = (id: string, signal?: Signal) => request(TeamDetail, teamPath(id), { signal });
export const renameTeam = (id: string, name: string) =>
  command(teamPath(id), { method: 'PATCH', body: { name } });
/** `jobs`: what becomes of its finished jobs, which the farm asks for where there are some. */
export const deleteTeam = (id: string, jobs: string | null) =>
  command(`${teamPath(id)}${jobs === null ? '' : `?jobs=${encodeURIComponent(jobs)}`}`, { method: 'DELETE' });
export const changeRole = (id: string, person: string, role: TeamRole) =>
  command(`${teamPath(id)}/members/${person}`, { method: 'PATCH', body: { role } });
/** Also to leave a team. */
export const removeMember = (id: string, person: string) =>
  command(`${teamPath(id)}/members/${person}`, { method: 'DELETE' });
export const handOver = (id: string, person: string) =>
  command(`${teamPath(id)}/hand-over`, { method: 'POST', body: { person } });

export const getInvitations = (id: string, signal?: Signal) =>
  request(InvitationList, `${teamPath(id)}/invitations`, { signal });
export const invite = (id: string, body: NewInvitation) =>
  request(MadeLink, `${teamPath(id)}/invitations`, { method: 'POST', body });
export const withdrawInvitation = (id: string, link: string) =>
  command(`${teamPath(id)}/invitations/${link}`, { method: 'DELETE' });
