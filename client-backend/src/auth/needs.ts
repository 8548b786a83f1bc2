import type { Action } from '@parallel-pilot/shared/access/permissions.ts';
import { PERMISSIONS } from '@parallel-pilot/shared/access/permissions.ts';

/** What an operation asks of whoever calls it: to be allowed that, nothing, or the signature of a lease, which it checks itself. */
export type Need = Action | 'open' | 'lease';

const NEED = 'x-needs';

/** A part of a route's definition, shown in the OpenAPI document. An operation without one is refused to everybody. */
export const needs = (need: Need) => ({ [NEED]: need });

const isNeed = (value: unknown): value is Need =>
  value === 'open' || value === 'lease' || (typeof value === 'string' && value in PERMISSIONS);

/** What a route's definition declares. */
export function needIn(route: object): Need | 'undeclared' {
  const need = (route as Record<string, unknown>)[NEED];
  return isNeed(need) ? need : 'undeclared';
}
