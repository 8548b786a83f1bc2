import { MyTeam } from '@parallel-pilot/shared/api/farm.ts';
import {
  type AcceptLink,
  Account,
  DeviceView,
  KeyList,
  LinkAccepted,
  LinkView,
  MadeKey,
  type NewKey,
} from '@parallel-pilot/shared/api/people.ts';
import { signOut } from '../../api/farm.ts';
import { command, isStatus, request } from '../../api/request.ts';
import { notices } from '../../app/notices.ts';

/** What somebody asks about themselves. */
const api = '/api/v1';
type Signal = AbortSignal | undefined;

export const getAccount = (signal?: Signal) => request(Account, `${api}/account`, { signal });
export const renameMe = (name: string) => command(`${api}/account`, { method: 'PATCH', body: { name } });
export const actIn = (team: string) =>
  request(MyTeam, `${api}/account/team`, { method: 'PUT', body: { team } });

export const getKeys = (signal?: Signal) => request(KeyList, `${api}/account/keys`, { signal });
export const makeKey = (body: NewKey) => request(MadeKey, `${api}/account/keys`, { method: 'POST', body });
export const revokeKey = (id: string) => command(`${api}/account/keys/${id}`, { method: 'DELETE' });

export const lookAtLink = (token: string, signal?: Signal) =>
  request(LinkView, `${api}/links/look`, { method: 'POST', body: { token }, signal });
export const acceptLink = (body: AcceptLink) =>
  request(LinkAccepted, `${api}/links/accept`, { method: 'POST', body });
export const askForReset = (email: string) =>
  command(`${api}/password-resets`, { method: 'POST', body: { email } });

const devicePath = (userCode: string) => `${api}/device-codes/${encodeURIComponent(userCode)}`;
export const getDevice = (userCode: string, signal?: Signal) =>
  request(DeviceView, devicePath(userCode), { signal });
export const answerDevice = (userCode: string, answer: 'approve' | 'refuse') =>
  command(`${devicePath(userCode)}/${answer}`, { method: 'POST' });

/** Ends the session on the farm, whether it was opened with a key or by an account. */
export async function leave(): Promise<void> {
  // Whoever uses this browser next is not told of jobs of who leaves.
  if (notices.get() === 'push') await notices.turn('off').catch(() => undefined);
  await command('/api/auth/sign-out', { method: 'POST', body: {} }).catch((error) => {
    if (!isStatus(error, 401) && !isStatus(error, 404)) throw error;
  });
  await signOut();
  // Where Clerk vouches for people its script is in the page, and keeps them signed in there.
  await (window as { Clerk?: { signOut(): Promise<void> } }).Clerk?.signOut();
}
