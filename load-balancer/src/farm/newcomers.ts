/** Tokens of a bucket that were left at that time. */
type Bucket = { left: number; at: number };

/** Who has come of late that was never seen before: all together, which one join token let in, and by address. */
export type Newcomers = { all: Bucket; byAddress: Map<string, Bucket> };

type Rate = { most: number; perSecond: number };
/** A cluster that starts for the first time may come at once. */
const BY_ADDRESS: Rate = { most: 1_000, perSecond: 5 };
const TOGETHER: Rate = { most: 2_000, perSecond: 20 };
/** Of all workers that are connected or expected back, however slowly they came. */
const MOST_PRESENT = 5_000;
const MOST_ADDRESSES = 1_000;

export const createNewcomers = (now: number): Newcomers => ({
  all: { left: TOGETHER.most, at: now },
  byAddress: new Map(),
});

/** Lets in a worker never seen before, by two buckets of tokens, or says that it has to wait. */
export function admitNewcomer(
  { workers, newcomers }: { workers: ReadonlyMap<unknown, unknown>; newcomers: Newcomers },
  address: string,
  now: number,
): boolean {
  const { all, byAddress } = newcomers;
  const network = networkOf(address);
  const own = byAddress.get(network) ?? { left: BY_ADDRESS.most, at: now };
  refill(all, TOGETHER, now);
  refill(own, BY_ADDRESS, now);
  if (workers.size >= MOST_PRESENT || all.left < 1 || own.left < 1) return false;
  all.left -= 1;
  own.left -= 1;
  byAddress.set(network, own);
  if (byAddress.size > MOST_ADDRESSES) dropFull(byAddress, now);
  return true;
}

function refill(bucket: Bucket, { most, perSecond }: Rate, now: number): void {
  bucket.left = Math.min(most, bucket.left + (Math.max(0, now - bucket.at) / 1_000) * perSecond);
  bucket.at = now;
}

// A full one says no more than none. Those that are not are as few as tokens of the other bucket were spent lately.
function dropFull(byAddress: Newcomers['byAddress'], now: number): void {
  for (const [network, bucket] of byAddress) {
    refill(bucket, BY_ADDRESS, now);
    if (bucket.left === BY_ADDRESS.most) byAddress.delete(network);
  }
}

/** The address itself; of IPv6 its first 64 bits, which one network has to itself. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [head = [], tail = []] = plain.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':').toLowerCase();
}
