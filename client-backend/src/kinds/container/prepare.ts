import { filesOfSource, sizedSource, sourceProblem } from '@parallel-pilot/shared/kinds/container/image.ts';
import { fleetProblem, requirementsOf } from '@parallel-pilot/shared/kinds/container/needs.ts';
import { ContainerSpec, ContainerSubmission } from '@parallel-pilot/shared/kinds/container/spec.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { fleetOf } from '../../fleet.ts';
import { sentenceOf } from '../../http/problems.ts';
import { nameOf, prepareRuns } from '../command/prepare.ts';
import type { FarmKind } from '../kind.ts';

/** Turns what is sent into the stored spec; what is wrong without running anything is refused here. */
export const prepare: FarmKind['prepare'] = async (parts, given, by) => {
  const parsed = ContainerSubmission.safeParse(given);
  if (!parsed.success) return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  const { kind, image, network, entrypoint, ...sent } = parsed.data;
  const problem = sourceProblem(image);
  if (problem !== null) return { ok: false, code: 'invalid-image', message: problem };
  const needs = requirementsOf({ network });
  const lacking = fleetProblem((await fleetOf(parts.db))(by), needs);
  const before = entrypoint ?? [];
  const prepared = await prepareRuns(parts, sent, { by, lacking, more: filesOfSource(image), before });
  if (!prepared.ok) return prepared;
  const sizeOf = (hash: BlobHash): number => prepared.sizes.get(hash) ?? 0;
  return {
    ...prepared,
    spec: ContainerSpec.parse({
      ...prepared.spec,
      kind,
      network,
      entrypoint,
      image: sizedSource(image, sizeOf),
    }),
  };
};

export const outline: FarmKind['outline'] = (given) => {
  const { image, ...sent } = ContainerSubmission.parse(given);
  const files = sent.files.map((file) => ({ ...file, size: 0 }));
  return {
    spec: ContainerSpec.parse({ ...sent, files, image: sizedSource(image, () => 0) }),
    name: nameOf(sent),
  };
};
