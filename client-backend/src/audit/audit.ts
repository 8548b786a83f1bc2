import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { AuditAction } from '@parallel-pilot/shared/api/limits.ts';
import type { TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Context } from 'hono';
import { accessRequestOf } from '../auth/guard.ts';
import { addressOf } from '../auth/request.ts';
import type { Parts } from '../parts.ts';

/** Who does something, and from where; nobody is known before they signed in, and the farm itself is nobody. */
export type Doer = {
  principal: (Pick<Principal, 'person' | 'impersonator' | 'proof'> & { team: TeamId | null }) | null;
  address: string;
  /** Whose it was, where nobody did it. */
  team?: TeamId;
};

/** The farm by itself, such as its hourly sweep. */
export const THE_FARM: Doer = { principal: null, address: 'farm' };

/** What is said of an action beside who, what and where: no other words, so that no secret slips in. */
export type AuditDetails = {
  'session.open': { way: string };
  'session.close': { operation: string };
  'account.change': { operation: string } | { told: string; events: string };
  'session.refused': { code: string };
  'access.refused': { code: string; operation: string };
  'key.create': { name: string; scopes: string };
  'link.accept': { purpose: string };
  'team.create': { name: string };
  'team.hand-over': { to: string };
  'team.limits': { limits: string };
  'member.change': { person: string; role: string };
  'member.remove': { person: string };
  'invitation.create': { role: string | null; email: string | null };
  'job.submit': { kind: string; name: string };
  'job.change': { name?: string; priority?: number };
  'job.expire': { days: number };
  'pipeline.submit': { name: string; jobs: number };
  'join-token.create': { name: string; worksFor: string };
  'worker.change': { changed: string };
  'farm.change': { changed: string };
  'person.change': { role?: string; banned?: boolean; limits?: string };
  'person.delete': { name: string; jobs: string };
  other: { operation: string };
};
type DetailOf<A extends AuditAction> = A extends keyof AuditDetails ? AuditDetails[A] : never;

/**
 * Adds an entry to the audit. In the transaction of what it tells, pass that as `db`: then neither is there without the
 * other. Of requests that went well the `auditTrail` writes by itself, see `auditAs`.
 */
export async function audit<A extends AuditAction>(
  { db, clock }: Pick<Parts, 'db' | 'clock'>,
  { principal, address, team }: Doer,
  action: A,
  target: string | null = null,
  detail: DetailOf<A> | null = null,
): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      at: clock(),
      person_id: principal?.person ?? null,
      impersonator_id: principal?.impersonator ?? null,
      key_id: principal?.proof.type === 'key' ? principal.proof.id : null,
      team_id: principal?.team ?? team ?? null,
      action,
      target: target?.slice(0, 200) ?? null,
      address: address.slice(0, 64),
      detail_json: detail === null ? null : JSON.stringify(detail),
    })
    .execute();
}

/** Who asks, and from where, behind the proxies that are trusted. */
export const doerOf = (c: Context, { config }: Pick<Parts, 'config'>): Doer => ({
  principal: c.get('principal') ?? null,
  address: addressOf(accessRequestOf(c), config),
});

/** What a request is in the audit when it went well, where its method and path do not say all; `null` when its route wrote that itself. */
export type Remark = {
  action: AuditAction;
  target: string | null;
  detail: object | null;
  by: Principal | null;
} | null;

/** Says what the entry of this request is: more than its path does, such as the id of what was made. */
export function auditAs<A extends AuditAction>(
  c: Context,
  action: A,
  target: string | null = null,
  detail: DetailOf<A> | null = null,
  by: Principal | null = null,
): void {
  c.set(REMARK, { action, target, detail, by } satisfies Remark);
}

/** The route has written its entry itself, in its transaction. */
export const auditDone = (c: Context): void => c.set(REMARK, null);

export const remarkOf = (c: Context): Remark | undefined => c.get(REMARK);

const REMARK = 'audit';
