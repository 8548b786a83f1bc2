import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { makeFilesPrivate } from '@parallel-pilot/shared/files/private-folder.ts';
import { oneLine, printable } from '@parallel-pilot/shared/model/printable.ts';
import type { ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { openDatabase } from '@parallel-pilot/shared/server/db/open-database.ts';
import { ensureFirstPerson, type PersonRow, setPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { z } from 'zod';
import { readConfig } from '../config.ts';
import { firstAdminLink } from './first-admin.ts';
import { DAY_MS, makeLink, makeResetLink } from './links.ts';

const Days = z.coerce.number().int().min(1).max(30);
const Email = z.email().max(254);
const Asked = z.object({
  act: z.enum(['list', 'first-link', 'invite', 'reset', 'ban', 'unban', 'make-admin']),
  who: z.string().default(''),
  email: z.string().optional(),
  days: z.string().default('7'),
  json: z.boolean().default(false),
});

/** A program of `pilot accounts`, for the farm's own shell: does one thing to its people, and prints what came of it. */
async function main(asked: unknown): Promise<void> {
  const { act, who, email, days, json } = Asked.parse(asked);
  const shell = await openShell(readConfig());
  try {
    switch (act) {
      case 'list':
        return console.log(json ? JSON.stringify(await shell.list()) : linesOf(await shell.list()));
      case 'first-link':
        return console.log(await shell.firstLink());
      case 'invite':
        return console.log(await shell.invite(email ?? null, days));
      case 'reset':
        return console.log(await shell.reset(who));
      case 'ban':
      case 'unban':
        return console.log(printable(await shell.ban(who, act === 'ban')));
      case 'make-admin':
        return console.log(printable(await shell.makeAdmin(who)));
      default:
        return act satisfies never;
    }
  } finally {
    await shell.close();
  }
}

type Listed = { id: string; name: string; email: string | null; role: string; banned: boolean };

const linesOf = (people: Listed[]): string =>
  people
    .map(({ id, name, email, role, banned }) =>
      [id, banned ? 'banned' : role, oneLine(name), email ?? ''].join('  '),
    )
    .join('\n');

/** People of the farm whose database the environment names, without its servers. */
async function openShell(config: ServerConfig) {
  const path = config.databaseUrl.replace(/^sqlite:/, '');
  if (path !== config.databaseUrl && !existsSync(path))
    throw new Error(`There is no farm in ${config.dataFolder}. Give its folder with --data.`);
  const db = await openDatabase(config.databaseUrl, { log: createLog('pilot', 'silent'), patient: false });
  await ensureFirstPerson(db, Date.now());
  const parts = { db, clock: Date.now, random: (count: number) => randomBytes(count) };
  const origin = new URL(config.publicUrl ?? `http://localhost:${config.port}`).origin;
  return {
    close: () => db.destroy(),
    async list() {
      const rows = await db.selectFrom('people').selectAll().orderBy('name').orderBy('id').execute();
      return rows.map(({ id, name, email, role, banned_at }) => ({
        ...{ id, name, email, role },
        banned: banned_at !== null,
      }));
    },
    async firstLink() {
      const link = await firstAdminLink(parts);
      if (link !== null) return `Good once, for an hour: ${origin}${link}`;
      throw new Error(
        'The farm has an admin already. "pilot accounts list" shows who; "pilot accounts reset" makes a link to a new password.',
      );
    },
    async invite(email: string | null, days: string) {
      const many = Days.safeParse(days);
      if (!many.success) throw new Error('--days takes a whole number from 1 to 30.');
      const address = email === null ? null : email.trim().toLowerCase();
      if (address !== null && !Email.safeParse(address).success)
        throw new Error(`"${address}" is no e-mail address.`);
      const plan = { purpose: 'invitation', email: address, ms: many.data * DAY_MS } as const;
      const { path } = await makeLink(parts, plan);
      return `Good once, for ${many.data === 1 ? 'a day' : `${many.data} days`}: ${origin}${path}`;
    },
    async reset(who: string) {
      const person = await personOf(db, who);
      if (!person.subject.startsWith('auth:'))
        throw new Error(`${person.name} does not sign in with a password of this farm.`);
      const { path } = await makeResetLink(parts, person.id, null);
      return `Good once, for an hour, for ${person.name}: ${origin}${path}`;
    },
    async ban(who: string, banned: boolean) {
      const person = await personOf(db, who);
      if (banned && person.subject === 'local')
        throw new Error('This is whoever sits at the machine, who is not banned from it.');
      await setPerson(db, person.id, { banned_at: banned ? Date.now() : null });
      return banned
        ? `${person.name} is not let in any more; what is open of theirs ends within half a minute.`
        : `${person.name} is let in again.`;
    },
    async makeAdmin(who: string) {
      const person = await personOf(db, who);
      await setPerson(db, person.id, { role: 'admin' });
      return `${person.name} is an admin of the farm.`;
    },
  };
}

async function personOf(db: Db, who: string): Promise<PersonRow> {
  const rows = await db
    .selectFrom('people')
    .selectAll()
    .where((eb) => eb.or([eb('id', '=', who as PersonRow['id']), eb('email', '=', who.trim().toLowerCase())]))
    .limit(2)
    .execute();
  const [person, second] = rows;
  if (person === undefined)
    throw new Error(`Nobody here is "${who}". "pilot accounts list" shows everybody.`);
  if (second !== undefined)
    throw new Error(`Several people have the e-mail "${who}". Give the id that "pilot accounts list" shows.`);
  return person;
}

// At the end: what stands above has its values by now.
makeFilesPrivate();
try {
  await main(JSON.parse(process.argv[2] ?? ''));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
