import type { Context, TypedResponse } from 'hono';
import type { z } from 'zod';
import { problem } from '../http/problems.ts';
import type { Refusal } from '../people/refusal.ts';

/** A refusal as the answer of a route that may give any. */
export const answer = (c: Context, { status, code, message, choices }: Refusal) =>
  problem(c, status, code, message, choices) as Response & TypedResponse<never, never, never>;

/** A JSON body of this schema, for definitions of routes. */
export const json = <S extends z.ZodType>(schema: S, description = '') => ({
  description,
  content: { 'application/json': { schema } },
});
