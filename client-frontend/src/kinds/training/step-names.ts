import type { ChunkNames } from '../../job/chunk-names.ts';

/** What the chunks of a training's stage are called, and the stage itself as a title. */
export function stepNames(stage: string, round: number): ChunkNames & { title: string } {
  const numberOf = (ordinal: number) => ordinal + 1;
  switch (stage) {
    case 'train':
      return {
        title: `Shards of round ${round}`,
        one: 'shard',
        doing: 'training',
        nameOf: (ordinal) => `Round ${round}, shard ${ordinal + 1}`,
        numberOf,
      };
    case 'shares':
    case 'masked':
    case 'unmask':
      // Shards that dropped out are not among them, so their place is not their number.
      return {
        title: `${SECURE[stage]} of round ${round}`,
        one: 'shard',
        doing: 'merging',
        nameOf: (ordinal) => `${SECURE[stage]} of round ${round}, part ${ordinal + 1}`,
        numberOf,
      };
    case 'merge':
      return {
        title: `Merge of round ${round}`,
        one: 'step',
        doing: 'merging',
        nameOf: () => `Round ${round}, merge`,
        numberOf,
      };
    case 'measure':
      return {
        title: 'Evaluation on the data of each shard',
        one: 'shard',
        doing: 'measuring',
        nameOf: (ordinal) => `Evaluation, shard ${ordinal + 1}`,
        numberOf,
      };
    case 'evaluate':
      return {
        title: 'Evaluation of the model',
        one: 'step',
        doing: 'measuring',
        nameOf: () => 'Evaluation',
        numberOf,
      };
    case 'environment':
      return {
        title: 'Packages of the script',
        one: 'step',
        doing: 'installing',
        nameOf: () => 'Installing packages',
        numberOf,
      };
    default:
      return {
        title: 'First weights',
        one: 'step',
        doing: 'running',
        nameOf: () => 'First weights',
        numberOf,
      };
  }
}

const SECURE = { shares: 'Keys for the masks', masked: 'Masked updates', unmask: 'Unmasking' };
