import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Parts } from '../../../parts.ts';
import type { DealPlan } from './deal.ts';

/** A data set that is read twice from its start: once for its labels, once to be split. Throws BadData. */
export interface RowSource {
  /**
   * Labels of the rows in their order, batch by batch: null for a row without
   * one. The numbers among them are of one of three forms; see `classes`.
   */
  labels(watch: Watch): AsyncIterable<(string | null)[]>;
  /** Labels that were merely guessed to be labels count only where there are few. */
  readonly guessed: boolean;
  /** The distinct labels as they are called in a script, in sorted order; null where they are no classes. */
  classes(labels: string[]): string[] | null;
  /** Writes the shards and the held-out part, which is last and there only if it has rows. */
  write(deal: DealPlan, watch: Watch): Promise<StoredBlob[]>;
  /** Bytes that the parts take together, about. */
  readonly bytes: number;
  close(): void;
}

/** `onBytes` is told how far into `RowSource.bytes` the reading is. */
export type Watch = { signal: AbortSignal; onBytes(done: number): void };

export type SourceParts = Pick<Parts, 'blobs' | 'config'>;

/** Writes all parts or none: with one of them broken off, the others are too. */
export async function writeAll<W extends { finish(): Promise<StoredBlob>; abort(): Promise<void> }>(
  deal: DealPlan,
  create: () => W,
  fill: (writers: W[]) => Promise<void>,
): Promise<StoredBlob[]> {
  const count = deal.shardRows.length + (deal.holdoutRows > 0 ? 1 : 0);
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

/** Numbers by value, and all else by its characters; null for numbers that are not whole, which are measured, not classes. */
export function sortLabels(labels: readonly string[]): string[] | null {
  const numbers = labels.every((label) =>
    /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^[-+]?(nan|inf(inity)?)$/i.test(label),
  );
  if (!numbers) return labels.toSorted((a, b) => (a < b ? -1 : 1));
  if (!labels.every((label) => Number.isInteger(Number(label)))) return null;
  return labels.toSorted((a, b) => Number(a) - Number(b));
}
