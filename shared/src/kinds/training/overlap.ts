import type { TrainingSettings } from './settings.ts';

type Asked = Pick<TrainingSettings, 'mode' | 'innerSteps' | 'overlap' | 'secure' | 'sparsify'>;

/** Why updates cannot be sent while the last steps of a round are made, as these settings ask; null where they can. */
export function overlapProblem({ mode, innerSteps, overlap, secure, sparsify }: Asked): string | null {
  if (overlap === 0) return null;
  if (mode === 'ddp')
    return 'Overlap is for the updates of rounds; in mode ddp there are none. Leave overlap out.';
  if (mode === 'rounds')
    return 'Overlap counts steps, and a round of mode rounds is epochs. Take mode diloco, or leave overlap out.';
  if (overlap >= innerSteps)
    return `Overlap (${overlap}) has to be less than the steps of a round (${innerSteps}): these are made before the update is sent.`;
  if (sparsify !== null)
    return 'With sparsify an update is smaller than what is sent at the end of a round in any case, so nothing would be saved. Leave sparsify or overlap out.';
  if (secure)
    return 'With secure aggregation updates are sent when all shards have made theirs, not beside the steps of one. Leave overlap out.';
  return null;
}

/** A script that says nothing of the weights that it has in the middle of a round. Where files beside it may, running it tells. */
export const namesWeights = (script: string): boolean =>
  /\bpilot\.model\b|\bfrom\s+pilot\s+import\b[^\n]*\bmodel\b/.test(script) ||
  /\bsteps\s*\([\s\S]*?\bweights\s*=/.test(script);
