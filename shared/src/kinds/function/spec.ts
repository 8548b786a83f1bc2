import { z } from 'zod';
import { FunctionId } from '../../model/ids.ts';
import { isSafeRelativePath, RelativePath } from '../../model/path.ts';
import { SentBlob } from '../../model/result-of.ts';
import { strictObject } from '../../model/strict-object.ts';
import { Environment, Packages, PythonVersion, sentPackages } from '../../packages/packages.ts';
import {
  Image,
  ImageSource,
  nameOfSource,
  Reference,
  StoredSource,
  sourceProblem,
} from '../container/image.ts';
import { FunctionName, runtimeOf } from './name.ts';
import { FunctionSettings, MOST_INSTANCES } from './settings.ts';

/** A file of a function, which lies beside its handler under its path. */
export const FunctionFile = strictObject({ path: RelativePath, blob: SentBlob });
export type FunctionFile = z.infer<typeof FunctionFile>;

/** Of a handler that its image brings: where it lies in there. */
const PathInImage = z
  .string()
  .max(1_024)
  .refine((path) => path.startsWith('/') && isSafeRelativePath(path.slice(1)), 'expected a whole path');

const Handler = z.union([RelativePath, PathInImage]);

/** What a user sends to have a version of a function: POST /api/v1/functions. */
export const DeployFunction = strictObject({
  name: FunctionName,
  /** Path of the file with the handler; from the root of its image, where that brings it. */
  handler: Handler,
  files: z.array(FunctionFile).max(1_000).default([]),
  settings: FunctionSettings.prefault({}),
  ...sentPackages,
  /** An image whose interpreter runs the handler, or its name; null for that of the worker. */
  image: z.union([Reference, ImageSource]).nullable().default(null),
  /** Whether it reaches the network, in an image, on workers whose owners let it. */
  network: z.boolean().default(false),
});
export type DeployFunction = z.infer<typeof DeployFunction>;

/** What a version is, as it is stored; the spec of each job that keeps its instances. */
export const FunctionSpec = z.object({
  function: FunctionId,
  name: FunctionName,
  version: z.int().positive(),
  handler: Handler,
  files: z.array(FunctionFile.extend({ size: z.int().nonnegative() })).max(1_000),
  settings: FunctionSettings,
  /** The image that brings its interpreter; null for that of the worker. */
  image: z.preprocess(sourceOf, StoredSource.nullable().default(null)),
  network: z.boolean().default(false),
  /** Of a job: what that image was found to be before it began. */
  taken: Image.nullable().default(null),
  /** Packages beside what workers have; null takes what there is. */
  packages: Packages.nullable().default(null),
  python: PythonVersion.nullable().default(null),
  /** Of a job: where these packages were installed before it began. */
  environment: Environment.nullable().default(null),
  /** How many the job begins with. */
  instances: z.int().min(1).max(MOST_INSTANCES).default(1),
});
export type FunctionSpec = z.infer<typeof FunctionSpec>;

/** The image of that name, where it is given by its name. */
function sourceOf<T>(image: T | string): T | { from: 'reference'; reference: string } {
  return typeof image === 'string' ? { from: 'reference', reference: image } : image;
}

/** What a function is deployed with, as images of jobs are sent. */
export const sentImage = ({ image }: Pick<DeployFunction, 'image'>): ImageSource | null => sourceOf(image);

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
  image: sent,
  network,
}: DeployFunction): string | null {
  const image = sentImage({ image: sent });
  const runtime = runtimeOf(handler);
  if (runtime === null)
    return `"${handler}" is no handler: it has to be Python (.py) or JavaScript (.js, .mjs).`;
  if (image !== null && (requirements !== null || python !== null))
    return `${requirements === null ? `Python ${python}` : `"${requirements.fileName}"`} was not taken: the image "${nameOfSource(image)}" brings its own Python and packages. Install them in the image.`;
  if (image === null && network)
    return 'A function reaches the network in an image alone: give one (--image), or leave out --network.';
  if (image === null && handler.startsWith('/'))
    return `"${handler}" is the path of a handler in an image, and none is given.`;
  const problem = image === null ? null : sourceProblem(image);
  if (problem !== null) return problem;
  if (runtime !== 'python' && requirements !== null)
    return `"${requirements.fileName}" was not taken: packages are installed for handlers in Python. ${BUNDLE}`;
  if (runtime !== 'python' && python !== null)
    return `Python ${python} was asked for, and "${handler}" runs in Node.js.`;
  const installed = files.find(({ path }) =>
    /(^|\/)(package(-lock)?\.json|npm-shrinkwrap\.json)$/.test(path),
  );
  if (runtime === 'javascript' && installed !== undefined)
    return `"${installed.path}" was not taken: packages of npm are not installed on workers. ${BUNDLE}`;
  const paths: string[] = files.map(({ path }) => path);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) return `Two files are called ${twice}.`;
  return handler.startsWith('/') || paths.includes(handler)
    ? null
    : `The handler "${handler}" is not among the files.`;
}

const BUNDLE =
  'Bundle what a handler in JavaScript imports into its file: npx esbuild handler.mjs --bundle --platform=node --format=esm --outfile=bundle.mjs, and deploy that.';
