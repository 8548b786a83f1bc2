import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { isStatus } from '../../api/request.ts';
import { getAccount, getDevice, getKeys, lookAtLink } from './account.ts';
import { getSessions, getWays } from './auth.ts';
import {
  type AuditSearch,
  getAudit,
  getFarmInvitations,
  getFarmLimits,
  getPeople,
  getUsage,
} from './limits.ts';
import { getJoinTokens, getWorkerHistory, getWorkerLoad } from './machines.ts';
import { getInvitations, getTeam } from './teams.ts';

/** The questions about people and teams, beside those of ../api/queries.ts. */
export const accountQuery = () =>
  queryOptions({ queryKey: ['account'], queryFn: ({ signal }) => getAccount(signal) });
export const waysQuery = () =>
  queryOptions({
    queryKey: ['ways'],
    // Null for who came by a key: it opens no account.
    queryFn: ({ signal }) =>
      getWays(signal).catch((error: unknown) => {
        if (isStatus(error, 401)) return null;
        throw error;
      }),
    retry: false,
  });
export const sessionsQuery = () =>
  queryOptions({ queryKey: ['sessions'], queryFn: ({ signal }) => getSessions(signal) });
export const keysQuery = () => queryOptions({ queryKey: ['keys'], queryFn: ({ signal }) => getKeys(signal) });

export const linkQuery = (token: string) =>
  queryOptions({
    queryKey: ['link', token],
    queryFn: ({ signal }) => lookAtLink(token, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
export const deviceQuery = (userCode: string) =>
  queryOptions({ queryKey: ['device', userCode], queryFn: ({ signal }) => getDevice(userCode, signal) });

export const teamQuery = (id: string) =>
  queryOptions({ queryKey: ['team', id], queryFn: ({ signal }) => getTeam(id, signal) });
export const invitationsQuery = (id: string) =>
  queryOptions({
    queryKey: ['team', id, 'invitations'],
    queryFn: ({ signal }) => getInvitations(id, signal),
  });
export const usageQuery = (id: string) =>
  queryOptions({
    queryKey: ['team', id, 'usage'],
    queryFn: ({ signal }) => getUsage(id, signal),
    refetchInterval: 15_000,
  });

/** Of the whole farm, for its admins. */
export const peopleQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ['people', search],
    queryFn: ({ pageParam, signal }) => getPeople(search, pageParam, signal),
    placeholderData: keepPreviousData,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
export const farmInvitationsQuery = () =>
  queryOptions({ queryKey: ['farm-invitations'], queryFn: ({ signal }) => getFarmInvitations(signal) });
export const farmLimitsQuery = () =>
  infiniteQueryOptions({
    queryKey: ['farm-limits'],
    queryFn: ({ pageParam, signal }) => getFarmLimits(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
export const auditQuery = (filter: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter.toString()],
    queryFn: ({ pageParam, signal }) => getAudit(filter, pageParam, signal),
    placeholderData: keepPreviousData,
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
  });

export const joinTokensQuery = () =>
  queryOptions({ queryKey: ['join-tokens'], queryFn: ({ signal }) => getJoinTokens(signal) });
export const workerHistoryQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['worker', id, 'history'],
    queryFn: ({ pageParam, signal }) => getWorkerHistory(id, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 15_000,
  });
export const workerLoadQuery = (id: string) =>
  queryOptions({
    queryKey: ['worker', id, 'load'],
    queryFn: ({ signal }) => getWorkerLoad(id, signal),
    refetchInterval: 60_000,
  });
