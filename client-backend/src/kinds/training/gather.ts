import type { Parts } from '../../parts.ts';
import type { Errand, Gathering } from '../kind.ts';
import { splitData } from './split/split.ts';

/** What the backend does between the stages of a training. */
export async function gather(parts: Parts, errand: Errand): Promise<Gathering> {
  switch (errand.stage.name) {
    case 'split':
      return splitData(parts, errand);
    default:
      throw new Error(`nothing is gathered of a stage "${errand.stage.name}"`);
  }
}
