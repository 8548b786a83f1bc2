import type { Parts } from '../../parts.ts';
import type { Errand, Gathering } from '../kind.ts';
import { checkResults } from './check/check-results.ts';
import { splitData } from './split/split.ts';

/** What the backend does between the stages of a training: it splits the data, and checks what comes in. */
export const gather = (parts: Parts, errand: Errand): Promise<Gathering> =>
  errand.stage.name === 'split' ? splitData(parts, errand) : checkResults(parts, errand);
