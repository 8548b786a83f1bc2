import { z } from 'zod';
import { blenderPublic } from './blender/public.ts';
import { commandPublic } from './command/public.ts';
import { containerPublic } from './container/public.ts';
import { functionPublic } from './function/public.ts';
import { trainingPublic } from './training/public.ts';

/**
 * What people see and are told of every kind; another line that a new kind adds. The site fetches this at a first visit,
 * and neither what people send nor how a kind plans its work.
 */
export const PUBLIC_KINDS = {
  blender: blenderPublic,
  training: trainingPublic,
  command: commandPublic,
  container: containerPublic,
  function: functionPublic,
} as const;

type AnyKind = (typeof PUBLIC_KINDS)[keyof typeof PUBLIC_KINDS];

/** What a user sees of any kind. */
export type JobView = z.output<AnyKind['view']>;
export const JobView = z.discriminatedUnion(
  'kind',
  Object.values(PUBLIC_KINDS).map(({ view }) => view) as never,
) as z.ZodType as z.ZodType<JobView>;
