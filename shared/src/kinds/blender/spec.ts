import { z } from 'zod';
import { BlobHash } from '../../model/ids.ts';
import { RelativePath } from '../../model/path.ts';
import { SentBlob } from '../../model/result-of.ts';
import { strictObject } from '../../model/strict-object.ts';
import { StageInput } from '../../protocol/stage-input.ts';
import { BeforeOpening } from './before-opening.ts';
import { RenderOverrides } from './settings.ts';

/** What a user sends to have a .blend, or a .zip with one, rendered. */
export const BlenderSubmission = strictObject({
  kind: z.literal('blender'),
  /** The uploaded file. */
  source: strictObject({ blob: SentBlob, fileName: z.string().min(1).max(255) }),
  /** Which .blend of an archive is the one to render, where it holds several. */
  main: RelativePath.optional(),
  settings: RenderOverrides.default({}),
  /** A script that raises an error fails the frame, even one that had its picture by then, unless this is `ignore`. */
  scriptErrors: z.enum(['fail', 'ignore']).default('fail'),
  /** Fails before anything is rendered where a file is missing. */
  strict: z.boolean().default(false),
  /** Has a file of a newer Blender opened by one that may leave out what it does not know. */
  openNewer: z.boolean().default(false),
  /** Stop after the probe and wait for the user's settings. */
  review: z.boolean().default(false),
  ...BeforeOpening,
});
export type BlenderSubmission = z.infer<typeof BlenderSubmission>;

/** The stored spec of a Blender job: the submission with its files laid open. */
export const BlenderSpec = BlenderSubmission.omit({ source: true })
  .strip()
  .extend({
    main: RelativePath,
    source: z.object({ blob: BlobHash, fileName: z.string() }),
    /** The .blend and all that came with it. */
    files: z.array(StageInput).min(1).max(10_000),
    /** Version in the file's header, "2.77"; null where the header does not tell. */
    fileVersion: z.string().nullable(),
  });
export type BlenderSpec = z.infer<typeof BlenderSpec>;
