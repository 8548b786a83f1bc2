import { strictObject } from '@parallel-pilot/shared/model/strict-object.ts';
import { z } from 'zod';

/** What a job template says, by https://github.com/OpenJobDescription/openjd-specifications (2023-09). */
export const VERSION = 'jobtemplate-2023-09';

const Identifier = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'expected a name: letters, digits and _, the first no digit');
const Name = z.string().min(1).max(64);
const Description = z.string().max(2_048).nullish();
const NumberOrText = z.union([z.number(), z.string()]);

const common = {
  name: Identifier,
  description: Description,
  // How a form shows it.
  userInterface: z.unknown().optional(),
};
const texts = {
  default: z.string().max(1_024).optional(),
  allowedValues: z.array(z.string().max(1_024)).min(1).optional(),
  minLength: z.int().optional(),
  maxLength: z.int().optional(),
};
const numbers = {
  default: NumberOrText.optional(),
  allowedValues: z.array(NumberOrText).min(1).optional(),
  minValue: NumberOrText.optional(),
  maxValue: NumberOrText.optional(),
};
export const JobParameter = z.discriminatedUnion(
  'type',
  [
    strictObject({ ...common, ...texts, type: z.literal('STRING') }),
    strictObject({
      ...common,
      ...texts,
      type: z.literal('PATH'),
      objectType: z.enum(['FILE', 'DIRECTORY']).default('DIRECTORY'),
      dataFlow: z.enum(['NONE', 'IN', 'OUT', 'INOUT']).default('NONE'),
    }),
    strictObject({ ...common, ...numbers, type: z.literal('INT') }),
    strictObject({ ...common, ...numbers, type: z.literal('FLOAT') }),
  ],
  { error: 'this type of parameter is not supported; STRING, PATH, INT and FLOAT are' },
);
export type JobParameter = z.infer<typeof JobParameter>;

const Range = z.array(NumberOrText).min(1).max(1_024);
/** A number from so many on, or a text in which places are filled in. */
const CountOrText = (from: number) => z.union([z.int().min(from), z.string().min(1)]);

/** What a template may ask for beside the base of the format. */
export const TASK_CHUNKING = 'TASK_CHUNKING';
const Extension = z.literal(TASK_CHUNKING, {
  error: ({ input }) => `the extension ${String(input)} is not supported; ${TASK_CHUNKING} is`,
});
export const TaskParameter = z.discriminatedUnion(
  'type',
  [
    strictObject({ name: Identifier, type: z.literal('INT'), range: z.union([z.string(), Range]) }),
    strictObject({
      name: Identifier,
      type: z.literal('CHUNK[INT]'),
      range: z.union([z.string(), Range]),
      chunks: strictObject({
        defaultTaskCount: CountOrText(1),
        // What a chunk should take. The farm bundles runs by what they take anyway.
        targetRuntimeSeconds: CountOrText(0).optional(),
        rangeConstraint: z.enum(['CONTIGUOUS', 'NONCONTIGUOUS']),
      }),
    }),
    ...(['FLOAT', 'STRING', 'PATH'] as const).map((type) =>
      strictObject({ name: Identifier, type: z.literal(type), range: Range }),
    ),
  ],
  { error: 'this type of task parameter is not supported; INT, FLOAT, STRING, PATH and CHUNK[INT] are' },
);
export type TaskParameter = z.infer<typeof TaskParameter>;

const Action = strictObject({
  command: z.string().min(1),
  args: z.array(z.string()).optional(),
  timeout: z.int().positive().optional(),
  cancelation: strictObject({
    mode: z.literal('TERMINATE', {
      error: 'only TERMINATE is supported: what is canceled is ended at once',
    }),
  }).optional(),
});
export type Action = z.infer<typeof Action>;

const EmbeddedFile = strictObject({
  name: Identifier,
  type: z.literal('TEXT'),
  filename: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[^/\\]+$/, 'expected the name of a file, without folders')
    .optional(),
  runnable: z.boolean().optional(),
  data: z.string().min(1),
});

const Environment = strictObject({
  name: Name,
  description: Description,
  script: strictObject({
    actions: strictObject({ onEnter: Action.optional(), onExit: Action.optional() }),
    embeddedFiles: z.array(EmbeddedFile).min(1).optional(),
  }).optional(),
  variables: z.record(z.string().regex(/^[A-Za-z_]\w{0,255}$/), z.string().max(2_048)).optional(),
});
export type Environment = z.infer<typeof Environment>;

const HostRequirements = strictObject({
  amounts: z
    .array(
      strictObject({
        name: z.string(),
        min: z.number().nonnegative().optional(),
        max: z.number().positive().optional(),
      }),
    )
    .optional(),
  attributes: z
    .array(
      strictObject({
        name: z.string(),
        anyOf: z.array(z.string()).min(1).optional(),
        allOf: z.array(z.string()).min(1).optional(),
      }),
    )
    .optional(),
});
export type HostRequirements = z.infer<typeof HostRequirements>;

const Step = strictObject({
  name: Name,
  description: Description,
  dependencies: z
    .array(strictObject({ dependsOn: Name }))
    .min(1)
    .optional(),
  stepEnvironments: z.array(Environment).min(1).optional(),
  hostRequirements: HostRequirements.optional(),
  parameterSpace: strictObject({
    taskParameterDefinitions: z.array(TaskParameter).min(1).max(16),
    combination: z.string().min(1).max(1_280).optional(),
  }).optional(),
  script: strictObject({
    actions: strictObject({ onRun: Action }),
    embeddedFiles: z.array(EmbeddedFile).min(1).optional(),
  }),
});
export type Step = z.infer<typeof Step>;

export const JobTemplate = strictObject({
  specificationVersion: z.literal(VERSION),
  $schema: z.string().optional(),
  extensions: z.array(Extension).min(1).optional(),
  name: z.string().min(1),
  description: Description,
  parameterDefinitions: z.array(JobParameter).min(1).max(50).optional(),
  jobEnvironments: z.array(Environment).min(1).optional(),
  steps: z.array(Step).min(1),
});
export type JobTemplate = z.infer<typeof JobTemplate>;
