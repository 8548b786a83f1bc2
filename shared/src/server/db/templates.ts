import type { Insertable, Selectable } from 'kysely';
import type { BlobHash, TeamId, TemplateId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import type { TemplatesTable } from './schema/pipelines.ts';

export type TemplateRow = Selectable<TemplatesTable>;
/** Without the jobs and the file, which a list has no use for. */
export type TemplateHead = Omit<TemplateRow, 'jobs_json' | 'source_name' | 'source_text'>;
const TEMPLATE_HEAD = [
  'id',
  'team_id',
  'person_id',
  'name',
  'parameters_json',
  'fixed_json',
  'job_count',
  'saved_at',
] as const;

export const listTemplates = (db: Db, team: TeamId): Promise<TemplateHead[]> =>
  db.selectFrom('templates').select(TEMPLATE_HEAD).where('team_id', '=', team).orderBy('name').execute();

export const findTemplate = (db: Db, id: TemplateId, team: TeamId): Promise<TemplateRow | undefined> =>
  db.selectFrom('templates').selectAll().where('id', '=', id).where('team_id', '=', team).executeTakeFirst();

/** The one with that name as it is now; nobody else changes it before the transaction ends. */
export function lockTemplateNamed(db: Db, team: TeamId, name: string): Promise<TemplateHead | undefined> {
  const query = db
    .selectFrom('templates')
    .select(TEMPLATE_HEAD)
    .where('team_id', '=', team)
    .where('name', '=', name);
  const mysql = isMysql(db);
  return (mysql ? query.forUpdate() : query).executeTakeFirst();
}

/** Call it in a transaction. */
export async function insertTemplate(
  db: Db,
  template: Insertable<TemplatesTable>,
  hashes: readonly BlobHash[],
): Promise<void> {
  await db.insertInto('templates').values(template).execute();
  const held = [...new Set(hashes)].map((hash) => ({ holder: template.id, team_id: template.team_id, hash }));
  for (let at = 0; at < held.length; at += 1_000)
    await db
      .insertInto('held_blobs')
      .values(held.slice(at, at + 1_000))
      .execute();
}

/** Its files are left to the sweep. Call it in a transaction. */
export async function deleteTemplate(db: Db, id: TemplateId): Promise<void> {
  await db.deleteFrom('held_blobs').where('holder', '=', id).execute();
  await db.deleteFrom('templates').where('id', '=', id).execute();
}

/** All of a team that is no more. Call it in a transaction. */
export async function deleteTemplatesOf(db: Db, team: TeamId): Promise<void> {
  await db
    .deleteFrom('held_blobs')
    .where('holder', 'in', (eb) => eb.selectFrom('templates').select('id').where('team_id', '=', team))
    .execute();
  await db.deleteFrom('templates').where('team_id', '=', team).execute();
}
