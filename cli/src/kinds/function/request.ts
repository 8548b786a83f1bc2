import { z } from 'zod';
import type { Api } from '../../api/client.ts';
import { send } from '../../api/request.ts';

/** Where the farm has a function. */
export const pathOf = (name: string, rest = ''): string =>
  `/api/v1/functions/${encodeURIComponent(name)}${rest}`;

/** Asks for a change of a function and reads the answer. */
export async function ask<T>(
  api: Api,
  method: 'POST' | 'DELETE',
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
): Promise<T> {
  const reply = await send(api.connection, method, path, body);
  return schema.parse(reply.status === 204 ? null : await reply.json());
}

export const Nothing = z.null();
