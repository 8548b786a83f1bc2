import type { BlobHash, StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';

/** Of more stages at once none is remembered: then the cache's limit is what lets them go. */
const MOST_STAGES = 100;

/**
 * Which files of the cache were made here, by what they were made in: those of a stage are needed until the next one of
 * its name has made its own. The farm tells no worker of files that it did not send there.
 */
export class KeptResults {
  /** By job and name of the stage; least recently noted first. */
  readonly #stages = new Map<string, { stage: StageId; keys: BlobHash[] }>();

  /** Notes one more; gives those that are of no more use. */
  note({ job, stage, stageName }: Pick<Assign, 'job' | 'stage' | 'stageName'>, key: BlobHash): BlobHash[] {
    const place = `${job} ${stageName}`;
    const known = this.#stages.get(place);
    this.#stages.delete(place);
    const same = known?.stage === stage;
    this.#stages.set(place, { stage, keys: same ? [...known.keys, key] : [key] });
    const unneeded = same ? [] : (known?.keys ?? []);
    const [oldest] = this.#stages;
    if (this.#stages.size <= MOST_STAGES || oldest === undefined) return unneeded;
    this.#stages.delete(oldest[0]);
    return [...unneeded, ...oldest[1].keys];
  }
}
