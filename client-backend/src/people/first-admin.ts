import { deleteOpenLinks } from '@parallel-pilot/shared/server/db/links.ts';
import { hasAdmin } from '@parallel-pilot/shared/server/db/people.ts';
import type { Parts } from '../parts.ts';
import { HOUR_MS, makeLink } from './links.ts';

/**
 * The link to the page where the farm's first admin makes their account, `/welcome#…`: a new one, good once and for an
 * hour, which ends those of earlier starts. Null once somebody looks after the farm.
 */
export async function firstAdminLink(parts: Pick<Parts, 'db' | 'clock' | 'random'>): Promise<string | null> {
  if (await hasAdmin(parts.db)) return null;
  await deleteOpenLinks(parts.db, 'first-admin');
  return (await makeLink(parts, { purpose: 'first-admin', ms: HOUR_MS })).path;
}
