import { type ImageSource, nameOfSource } from '@parallel-pilot/shared/kinds/container/image.ts';
import { fleetProblem, requirementsOf } from '@parallel-pilot/shared/kinds/container/needs.ts';
import { ContainerSpec, ContainerSubmission } from '@parallel-pilot/shared/kinds/container/spec.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { fleetOf } from '../../fleet.ts';
import { sentenceOf } from '../../http/problems.ts';
import type { SubmissionRefusal } from '../../parts.ts';
import { type Named, nameOf, prepareRuns } from '../command/prepare.ts';
import type { FarmKind } from '../kind.ts';

/** Turns what is sent into the stored spec; what is wrong without running anything is refused here. */
export const prepare: FarmKind['prepare'] = async (parts, given, by) => {
  const parsed = ContainerSubmission.safeParse(given);
  if (!parsed.success) return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  const { kind, image, network, entrypoint, ...sent } = parsed.data;
  const problem = imageProblem(image);
  if (problem !== null) return problem;
  const needs = requirementsOf({ network });
  const lacking = fleetProblem((await fleetOf(parts.db))(by), needs);
  const before = entrypoint ?? [];
  const prepared = await prepareRuns(parts, sent, { by, lacking, more: filesOf(image), before });
  if (!prepared.ok) return prepared;
  const sizeOf = (hash: BlobHash): number => prepared.sizes.get(hash) ?? 0;
  return {
    ...prepared,
    spec: ContainerSpec.parse({ ...prepared.spec, kind, network, entrypoint, image: sized(image, sizeOf) }),
  };
};

export const outline: FarmKind['outline'] = (given) => {
  const { image, ...sent } = ContainerSubmission.parse(given);
  const files = sent.files.map((file) => ({ ...file, size: 0 }));
  return { spec: ContainerSpec.parse({ ...sent, files, image: sized(image, () => 0) }), name: nameOf(sent) };
};

/** The files of which an image is made, where it is made of any. */
function filesOf(image: ImageSource): Named[] {
  switch (image.from) {
    case 'archive':
      return [{ path: nameOfSource(image), blob: image.blob }];
    case 'reference':
      return [];
    case 'build':
      return image.files;
    default:
      return image satisfies never;
  }
}

function imageProblem(image: ImageSource): SubmissionRefusal | null {
  if (image.from !== 'build' || image.files.some(({ path }) => path === image.dockerfile)) return null;
  const message = `There is no file ${image.dockerfile} among those that the image is built of.`;
  return { ok: false, code: 'invalid-image', message };
}

function sized(image: ImageSource, sizeOf: (hash: BlobHash) => number): unknown {
  switch (image.from) {
    case 'archive':
      return { ...image, size: sizeOf(image.blob) };
    case 'reference':
      return image;
    case 'build':
      return { ...image, files: image.files.map((file) => ({ ...file, size: sizeOf(file.blob) })) };
    default:
      return image satisfies never;
  }
}
