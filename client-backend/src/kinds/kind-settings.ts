import { KINDS, kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { farmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import type { z } from 'zod';

type Stored = Record<string, unknown>;

/** What admins may set for all jobs of a kind: its schema, where it has such. */
export const settingsSchema = (kind: string): z.ZodType | null =>
  Object.hasOwn(KINDS, kind) ? (kindOf(kind).farmSettings ?? null) : null;

export const storedSettings = (json: string | null): Stored => (json === null ? {} : JSON.parse(json));

/** As it is set, by the names of the kinds that have something to set; what was never set is as the kind has it. */
export const settingsOfKinds = (json: string | null): Stored => {
  const stored = storedSettings(json);
  return Object.fromEntries(
    Object.keys(KINDS).flatMap((kind) => {
      const schema = settingsSchema(kind);
      if (schema === null) return [];
      // What an older or newer version stored is left, and not gone by.
      const { data = schema.parse({}) } = schema.safeParse(stored[kind] ?? {});
      return [[kind, data]];
    }),
  );
};

/** What holds for a kind's jobs now, as its own schema has it. */
export const kindSettings = async (db: Db, kind: string): Promise<unknown> =>
  settingsOfKinds((await farmSettings(db)).kinds_json)[kind];
