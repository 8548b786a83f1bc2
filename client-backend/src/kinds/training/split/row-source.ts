import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Parts } from '../../../parts.ts';
import type { LabelType } from './labels.ts';
import type { RowSplit } from './row-split.ts';

/** A data set that is read twice from its start: once for its labels, once to be split. Throws BadData. */
export interface RowSource {
  readonly fileName: string;
  /** Labels of the rows in their order, batch by batch: null for a row without one. */
  labels(watch: Watch): AsyncIterable<(string | null)[]>;
  /** Labels that were merely guessed to be labels count only where there are few. */
  readonly guessed: boolean;
  /** The part of the data that came to be measured on, which is none of its rows; null where some rows are held out. */
  readonly test: TestRows | null;
  /** Groups of the rows in their order, which are kept together; null where rows go by themselves. */
  readonly groups: ((watch: Watch) => AsyncIterable<string[]>) | null;
  /** What the labels are; known once all of them were read. */
  labelType(): LabelType;
  /** Writes the shards and the held-out part, which is last and there only if it has rows. */
  write(rowSplit: RowSplit, classes: string[] | null, watch: Watch): Promise<StoredBlob[]>;
  /** The ending of the parts' names. */
  readonly ending: string;
  /** How the data is understood, where that is no matter of course. */
  readonly reading: string | null;
  /** Bytes that the parts take together, about. */
  readonly bytes: number;
  close(): void;
}

/** `rows`: known once their labels were read. `fileName`: where they came as a file of their own. */
export type TestRows = {
  readonly rows: number;
  readonly fileName: string | null;
  labels(watch: Watch): AsyncIterable<(string | null)[]>;
};

/** `onBytes` is told how far into `RowSource.bytes` the reading is. */
export type Watch = { signal: AbortSignal; onBytes(done: number): void };

export type SourceParts = Pick<Parts, 'blobs' | 'config'>;

/** Writes all parts or none: with one of them broken off, the others are too. */
export async function writeAll<W extends { finish(): Promise<StoredBlob>; abort(): Promise<void> }>(
  rowSplit: RowSplit,
  create: () => W,
  fill: (writers: W[]) => Promise<void>,
): Promise<StoredBlob[]> {
  const count = rowSplit.shardRows.length + (rowSplit.holdoutRows > 0 ? 1 : 0);
  const writers = Array.from({ length: count }, create);
  try {
    await fill(writers);
    const stored: StoredBlob[] = [];
    for (const writer of writers) stored.push(await writer.finish());
    return stored;
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.abort()));
    throw error;
  }
}

/** The writer of a part: shards by their number, the held-out part last. */
export const partOf = <W>(writers: readonly W[], shard: number): W => writers.at(shard) as W;
