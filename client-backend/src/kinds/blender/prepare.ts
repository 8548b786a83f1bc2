import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import { fleetProblem } from '@parallel-pilot/shared/kinds/blender/resolve.ts';
import { BlenderSpec, BlenderSubmission } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import { hasBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { fleetOf } from '../../fleet.ts';
import { sentenceOf } from '../../http/problems.ts';
import type { FarmKind } from '../kind.ts';
import { GONE, openSource } from './open-source.ts';

/** Turns a Blender submission into the stored spec; what can be told to be wrong without Blender is refused here. */
export const prepare: FarmKind['prepare'] = async (parts, given, by) => {
  const { team } = by;
  const parsed = BlenderSubmission.safeParse(given);
  if (!parsed.success) return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  const { source, main, ...submission } = parsed.data;
  if (submission.settings.frames !== undefined) {
    const frames = parseFrames(submission.settings.frames);
    if (!frames.ok) return { ok: false, code: 'bad-frames', message: frames.message };
  }
  if (!(await hasBlob(parts.db, team, source.blob))) return GONE;
  const opened = await openSource(parts, { ...source, main });
  if (!opened.ok) return opened;
  const { fileVersion, files } = opened;
  if (fileVersion !== null && !submission.openNewer) {
    const needs = [{ key: 'blender.version', op: 'atLeast', value: fileVersion } as const];
    const problem = fleetProblem((await fleetOf(parts.db))(by), needs);
    if (problem !== null) return { ok: false, ...problem };
  }
  return {
    ok: true,
    spec: BlenderSpec.parse({ ...submission, source, main: opened.main, files, fileVersion }),
    name: nameOf(source.fileName),
    blobs: [...new Set([source.blob, ...files.map((file) => file.hash)])],
  };
};

const nameOf = (fileName: string): string => fileName.replace(/\.(blend|zip)$/i, '');

export const outline: FarmKind['outline'] = (given) => {
  const { source, main, ...submission } = BlenderSubmission.parse(given);
  const path = main ?? RelativePath.parse('scene.blend');
  const files = [{ path, hash: source.blob, size: 0 }];
  return {
    spec: BlenderSpec.parse({ ...submission, source, main: path, files, fileVersion: null }),
    name: nameOf(source.fileName),
  };
};
