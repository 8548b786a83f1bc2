import type { AuditEntry, AuditFilter } from '../../api/limits.ts';
import type { Db } from './connect.ts';

/** Entries of the audit before that one, newest first. */
export async function listAudit(
  db: Db,
  filter: AuditFilter,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<AuditEntry[]> {
  const { person, team, action, target, from, to } = filter;
  let query = db
    .selectFrom('audit as a')
    .leftJoin('people as p', 'p.id', 'a.person_id')
    .leftJoin('people as i', 'i.id', 'a.impersonator_id')
    .leftJoin('keys as k', 'k.id', 'a.key_id')
    .leftJoin('teams as t', 't.id', 'a.team_id')
    .selectAll('a')
    .select(['p.name as personName', 'i.name as impersonatorName', 'k.name as keyName', 't.name as teamName'])
    .orderBy('a.id', 'desc')
    .limit(limit);
  if (before !== undefined) query = query.where('a.id', '<', before);
  if (person !== undefined)
    query = query.where((eb) =>
      eb.or([eb('a.person_id', '=', person), eb('a.impersonator_id', '=', person)]),
    );
  if (team !== undefined) query = query.where('a.team_id', '=', team);
  if (action !== undefined) query = query.where('a.action', '=', action);
  if (target !== undefined) query = query.where('a.target', '=', target);
  if (from !== undefined) query = query.where('a.at', '>=', from);
  if (to !== undefined) query = query.where('a.at', '<', to);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    person: named(row.person_id, row.personName),
    impersonator: named(row.impersonator_id, row.impersonatorName),
    key: named(row.key_id, row.keyName),
    team: named(row.team_id, row.teamName),
    action: row.action as AuditEntry['action'],
    target: row.target,
    address: row.address,
    detail: row.detail_json === null ? null : JSON.parse(row.detail_json),
  }));
}

const named = <Id extends string>(id: Id | null, name: string | null) => (id === null ? null : { id, name });
