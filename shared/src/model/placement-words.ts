/** A choice with the names of the workers that it names. */
export type NamedPlacement = {
  pools: readonly string[];
  tags: readonly string[];
  workers: readonly { name: string }[];
  memoryBytes: number | null;
};

/** "in the pool film or shop, with the tag fast": what such a worker is. Empty for any. */
export const placementInWords = ({ pools, tags, workers, memoryBytes }: NamedPlacement): string =>
  [
    ...(pools.length === 0 ? [] : [`in the pool ${pools.join(' or ')}`]),
    ...(tags.length === 0 ? [] : [`with the tag ${tags.join(' and ')}`]),
    ...(workers.length === 0 ? [] : [`called ${workers.map(({ name }) => name).join(' or ')}`]),
    ...(memoryBytes === null ? [] : [`with ${memoryBytes / 1e9} GB of memory`]),
  ].join(', ');
