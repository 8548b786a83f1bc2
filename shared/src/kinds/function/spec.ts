import { z } from 'zod';
import { FunctionId } from '../../model/ids.ts';
import { RelativePath } from '../../model/path.ts';
import { SentBlob } from '../../model/result-of.ts';
import { strictObject } from '../../model/strict-object.ts';
import { Environment, Packages, PythonVersion, sentPackages } from '../../packages/packages.ts';
import { Reference } from '../container/image.ts';
import { FunctionName, runtimeOf } from './name.ts';
import { FunctionSettings, MOST_INSTANCES } from './settings.ts';

/** A file of a function, which lies beside its handler under its path. */
export const FunctionFile = strictObject({ path: RelativePath, blob: SentBlob });
export type FunctionFile = z.infer<typeof FunctionFile>;

/** What a user sends to have a version of a function: POST /api/v1/functions. */
export const DeployFunction = strictObject({
  name: FunctionName,
  /** Path of the file with the handler. */
  handler: RelativePath,
  files: z.array(FunctionFile).min(1).max(1_000),
  settings: FunctionSettings.prefault({}),
  ...sentPackages,
  /** Name of an image whose interpreter runs the handler; null for that of the worker. */
  image: Reference.nullable().default(null),
});
export type DeployFunction = z.infer<typeof DeployFunction>;

/** What a version is, as it is stored; the spec of each job that keeps its instances. */
export const FunctionSpec = z.object({
  function: FunctionId,
  name: FunctionName,
  version: z.int().positive(),
  handler: RelativePath,
  files: z
    .array(FunctionFile.extend({ size: z.int().nonnegative() }))
    .min(1)
    .max(1_000),
  settings: FunctionSettings,
  /** The image that brings its interpreter; null for that of the worker. */
  image: Reference.nullable().default(null),
  /** Packages beside what workers have; null takes what there is. */
  packages: Packages.nullable().default(null),
  python: PythonVersion.nullable().default(null),
  /** Of a job: where these packages were installed before it began. */
  environment: Environment.nullable().default(null),
  /** How many the job begins with. */
  instances: z.int().min(1).max(MOST_INSTANCES).default(1),
});
export type FunctionSpec = z.infer<typeof FunctionSpec>;

/** What the farm submits to itself when calls wait: a job that keeps instances of that version. */
export const FunctionSubmission = strictObject({
  kind: z.literal('function'),
  function: FunctionId,
  version: z.int().positive(),
  instances: z.int().min(1).max(MOST_INSTANCES),
  /** Those of the version hold. */
  settings: strictObject({}).prefault({}),
});
export type FunctionSubmission = z.infer<typeof FunctionSubmission>;

/** What of a deployment can be seen to be wrong by itself, as a sentence; null where nothing is. */
export function deployProblem({
  handler,
  files,
  requirements,
  python,
  image,
}: DeployFunction): string | null {
  const runtime = runtimeOf(handler);
  if (runtime === null)
    return `"${handler}" is no handler: it has to be Python (.py) or JavaScript (.js, .mjs).`;
  if (image !== null && (requirements !== null || python !== null))
    return `${requirements === null ? `Python ${python}` : `"${requirements.fileName}"`} was not taken: the image "${image}" brings its own Python and packages. Install them in the image.`;
  if (runtime !== 'python' && requirements !== null)
    return `"${requirements.fileName}" was not taken: packages are installed for handlers in Python. ${BUNDLE}`;
  if (runtime !== 'python' && python !== null)
    return `Python ${python} was asked for, and "${handler}" runs in Node.js.`;
  const installed = files.find(({ path }) =>
    /(^|\/)(package(-lock)?\.json|npm-shrinkwrap\.json)$/.test(path),
  );
  if (runtime === 'javascript' && installed !== undefined)
    return `"${installed.path}" was not taken: packages of npm are not installed on workers. ${BUNDLE}`;
  const paths = files.map(({ path }) => path);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) return `Two files are called ${twice}.`;
  return paths.includes(handler) ? null : `The handler "${handler}" is not among the files.`;
}

const BUNDLE =
  'Bundle what a handler in JavaScript imports into its file: npx esbuild handler.mjs --bundle --platform=node --format=esm --outfile=bundle.mjs, and deploy that.';
