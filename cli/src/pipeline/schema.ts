import { RUNS_ON } from '@parallel-pilot/shared/model/dependencies.ts';
import { Parameter, type Parameters } from '@parallel-pilot/shared/model/parameters.ts';
import { strictObject } from '@parallel-pilot/shared/model/strict-object.ts';
import { z } from 'zod';
import { COMMAND_KINDS } from '../kinds/registry.ts';

/** Of jobs, parameters and what a matrix varies. */
const Name = z
  .string()
  .regex(/^[A-Za-z_][\w-]{0,63}$/, 'expected a name: letters, digits, - and _, the first a letter');

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
export type Scalar = z.infer<typeof Scalar>;

const Needs = z.union([Name, z.array(Name).min(1).max(100), z.record(Name, z.enum(RUNS_ON))], {
  error: 'expected the name of a job, a list of names, or names with success, failure or always',
});

/** What stands after the name of the command: one line that is taken apart at its spaces, or a list of words. */
const Words = z.union([z.string().min(1), z.array(z.union([z.string(), z.number()])).min(1)], {
  error:
    'expected a line, or a list of words; one that YAML reads as something else, as true or null, in quotes',
});

const VERBS = COMMAND_KINDS.flatMap(({ verb }) => verb ?? []);

const Job = strictObject({
  name: z.string().min(1).max(150).describe('what people see; the key where it is left out').optional(),
  needs: Needs.describe(
    'jobs that have to end before: those named succeed, unless it says failure or always',
  ).optional(),
  matrix: z
    .record(Name, z.array(Scalar).min(1))
    .describe('a job for every combination of these values, which {matrix.name} stands for')
    .optional(),
  with: z
    .record(z.string(), z.union([Scalar, z.array(Scalar)]))
    .describe(
      'options of the command, by their names without --; true for one without a value, a list for one that may be repeated',
    )
    .optional(),
  ...(Object.fromEntries(
    VERBS.map((verb) => [verb, Words.describe(`what stands behind "pilot ${verb}"`).optional()]),
  ) as Record<string, z.ZodOptional<typeof Words>>),
});
export type PipelineJob = z.infer<typeof Job> & Record<string, unknown>;

/** A file for `pilot submit`. */
export const Pipeline = strictObject({
  name: z
    .string()
    .min(1)
    .max(150)
    .describe('what it is called; the name of the file where it is left out')
    .optional(),
  parameters: z
    .record(Name, z.union([Scalar, Parameter]))
    .describe(
      'values that {parameters.name} stands for, or these with what others may be; others are given with -p name=value',
    )
    .optional(),
  jobs: z
    .record(Name, Job)
    .refine((jobs) => Object.keys(jobs).length > 0, { error: 'a pipeline needs a job' }),
});
export type Pipeline = z.infer<typeof Pipeline>;

/** What a job is: the command whose name stands in it, and what stands behind that. */
export function commandsIn(job: PipelineJob): { verb: string; words: z.infer<typeof Words> }[] {
  return VERBS.flatMap((verb) =>
    job[verb] === undefined ? [] : [{ verb, words: job[verb] as z.infer<typeof Words> }],
  );
}

/** The parameters of a pipeline, each with what other values it may have. */
export const declared = ({ parameters = {} }: Pipeline): Parameters =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, said]) => [
      name,
      typeof said === 'object' ? said : { default: said },
    ]),
  );

/** The same as JSON Schema, for editors. */
export const pipelineSchema = () => z.toJSONSchema(Pipeline, { io: 'input' });
