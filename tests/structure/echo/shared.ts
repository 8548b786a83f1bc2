import type { Kind } from '@parallel-pilot/shared/kinds/kind.ts';
import { z } from 'zod';
import { echoPublic, echoSubmission, type Words } from './public.ts';

const needs = [{ key: 'kinds', op: 'includes', value: 'echo' } as const];

/** A kind whose chunks give back a word each: all that a kind must say of itself, and nothing else. */
export const echo: Kind<Words> = {
  ...echoPublic,
  endings: [],
  spec: echoSubmission,
  settings: null,
  submission: (spec) => spec,
  first: ({ words }) => ({
    name: 'say',
    spec: {},
    chunks: words,
    inputs: [],
    requirements: needs,
    affinity: '',
  }),
  next: ({ last }) =>
    last.failedCount === 0
      ? { step: 'assemble' }
      : { step: 'fail', code: last.failed[0]?.code ?? '', message: '' },
  redoes: [],
  parseResult: (_, result) => z.string().parse(result),
  resultProblem: (_, word, result) => (word === result ? null : 'That is another word.'),
  chunkInputs: () => [],
  label: (_, word) => `The word ${word}`,
  numbers: () => null,
};
