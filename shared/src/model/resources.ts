import { z } from 'zod';
import { strictObject } from './strict-object.ts';

/** Bytes, up to a petabyte: sums of what a worker holds stay whole numbers. */
const Bytes = z.int().nonnegative().max(1e15);

/** What is counted and has no meaning here: a licence, a capture card, a seat. */
export const CountName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'expected letters, digits, . _ and -');
const MOST_COUNTS = 32;
export const Counts = z
  .record(CountName, z.int().min(1).max(1_000_000))
  .refine((counts) => Object.keys(counts).length <= MOST_COUNTS, {
    error: `At most ${MOST_COUNTS} resources can be counted.`,
  });

/** Of what can be shown on one line. */
const GpuName = z
  .string()
  .max(256)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'expected what can be shown on one line');

/** One card of a machine, as programs number them: "cuda:0", "hip:1". */
export const GpuDevice = z.string().regex(/^[a-z]{1,16}:\d{1,3}$/);

/** `memoryBytes` is null where nobody has said how much it has. Two of one name differ by `device`. */
export const Gpu = z.object({
  name: GpuName,
  memoryBytes: Bytes.nullable(),
  device: GpuDevice.optional(),
});
export type Gpu = z.infer<typeof Gpu>;

/** What all chunks of a worker together may use up. */
export const Offer = z.object({
  threads: z.int().min(1).max(65_536),
  memoryBytes: Bytes,
  diskBytes: Bytes,
  gpus: z.array(Gpu).max(64),
  counts: Counts,
});
export type Offer = z.infer<typeof Offer>;

/** A GPU for one chunk alone, of that name where one is named, with at least so much memory. */
export const GpuAsked = strictObject({
  name: GpuName.nullable().default(null),
  memoryBytes: Bytes.default(0),
});
export type GpuAsked = z.infer<typeof GpuAsked>;

/**
 * What one chunk asks for. Threads and memory that are left out are those of a slot: an equal part of what the worker
 * offers, whichever it is given to.
 */
export const Asked = strictObject({
  threads: z.int().min(1).max(65_536).optional(),
  memoryBytes: Bytes.min(1).optional(),
  diskBytes: Bytes.min(1).optional(),
  gpus: z.array(GpuAsked).max(16).optional(),
  counts: Counts.optional(),
});
export type Asked = z.infer<typeof Asked>;

/** After a chunk was ended for want of memory, it is tried where it gets so many times more. */
export const MORE_MEMORY = 1.5;

/** What chunks use up of one worker. Threads of a slot may be a part of one. */
export const Used = z.object({
  threads: z.number().nonnegative().max(65_536),
  memoryBytes: Bytes,
  diskBytes: Bytes,
  gpus: z.array(GpuAsked).max(64),
  counts: Counts,
});
export type Used = z.infer<typeof Used>;

export const NOTHING_USED: Used = { threads: 0, memoryBytes: 0, diskBytes: 0, gpus: [], counts: {} };

/** What a chunk that asks for this uses up of a worker with so many slots. */
export function usedBy(asked: Asked, { offer, slots }: { offer: Offer; slots: number }): Used {
  return {
    threads: asked.threads ?? offer.threads / slots,
    memoryBytes: asked.memoryBytes ?? Math.floor(offer.memoryBytes / slots),
    diskBytes: asked.diskBytes ?? 0,
    gpus: asked.gpus ?? NOTHING_USED.gpus,
    counts: asked.counts ?? NOTHING_USED.counts,
  };
}

/** Thirds of threads do not add up to a whole in floating point. */
const HARDLY = 1e-6;

/** Whether a worker that has `used` in use has room for `more` beside it. */
export function fits(offer: Offer, used: Used, more: Used): boolean {
  return (
    used.threads + more.threads <= offer.threads + HARDLY &&
    used.memoryBytes + more.memoryBytes <= offer.memoryBytes &&
    used.diskBytes + more.diskBytes <= offer.diskBytes &&
    countsFit(offer, used, more) &&
    (more.gpus.length === 0 || unplaced(offer.gpus, [...used.gpus, ...more.gpus]).length === 0)
  );
}

function countsFit(offer: Offer, used: Used, { counts }: Used): boolean {
  for (const name in counts) {
    if ((used.counts[name] ?? 0) + (counts[name] ?? 0) > (offer.counts[name] ?? 0)) return false;
  }
  return true;
}

export function add(a: Used, b: Used): Used {
  return {
    threads: a.threads + b.threads,
    memoryBytes: a.memoryBytes + b.memoryBytes,
    diskBytes: a.diskBytes + b.diskBytes,
    gpus: b.gpus.length === 0 ? a.gpus : [...a.gpus, ...b.gpus],
    counts: b.counts === NOTHING_USED.counts ? a.counts : summed(a.counts, b.counts, 1),
  };
}

/** `a` without `b`, which must be a part of it. */
export function subtract(a: Used, b: Used): Used {
  const gpus = [...a.gpus];
  for (const one of b.gpus) {
    const at = gpus.findIndex((it) => it.name === one.name && it.memoryBytes === one.memoryBytes);
    if (at >= 0) gpus.splice(at, 1);
  }
  return {
    threads: Math.max(0, a.threads - b.threads),
    memoryBytes: a.memoryBytes - b.memoryBytes,
    diskBytes: a.diskBytes - b.diskBytes,
    gpus,
    counts: summed(a.counts, b.counts, -1),
  };
}

function summed(a: Used['counts'], b: Used['counts'], sign: 1 | -1): Used['counts'] {
  const sums = { ...a };
  for (const [name, count] of Object.entries(b)) {
    const sum = (sums[name] ?? 0) + sign * count;
    if (sum === 0) delete sums[name];
    else sums[name] = sum;
  }
  return sums;
}

/**
 * Those of the asked GPUs that get none where each gets one of its own. Kuhn's algorithm for bipartite matching: the
 * most that can be placed are, whatever the order.
 */
export const unplaced = (gpus: readonly Gpu[], asked: readonly GpuAsked[]): GpuAsked[] =>
  placed(gpus, asked).without;

/** The cards that those get which are asked for, in no order, as many of them as can be placed. */
export const gpusFor = (gpus: readonly Gpu[], asked: readonly GpuAsked[]): Gpu[] => [
  ...placed(gpus, asked).holder.keys(),
];

function placed(gpus: readonly Gpu[], asked: readonly GpuAsked[]) {
  const holder = new Map<Gpu, GpuAsked>();
  const place = (one: GpuAsked, seen: Set<Gpu>): boolean =>
    gpus.some((gpu) => {
      if (seen.has(gpu) || !isEnough(gpu, one)) return false;
      seen.add(gpu);
      const other = holder.get(gpu);
      if (other !== undefined && !place(other, seen)) return false;
      holder.set(gpu, one);
      return true;
    });
  return { holder, without: asked.filter((one) => !place(one, new Set())) };
}

const isEnough = (gpu: Gpu, { name, memoryBytes }: GpuAsked): boolean =>
  (name === null || gpu.name === name) && (gpu.memoryBytes ?? 0) >= memoryBytes;

/** What keeps a worker from ever holding a chunk that asks for this, in words: "64 GB of memory". Empty where nothing does. */
export function lacking(asked: Asked, { offer, slots }: { offer: Offer; slots: number }): string[] {
  const used = usedBy(asked, { offer, slots });
  return [
    ...(used.threads > offer.threads + HARDLY ? [`${used.threads} threads`] : []),
    ...(used.memoryBytes > offer.memoryBytes ? [`${bytesInWords(used.memoryBytes)} of memory`] : []),
    ...(used.diskBytes > offer.diskBytes ? [`${bytesInWords(used.diskBytes)} of disk`] : []),
    ...unplaced(offer.gpus, used.gpus).map(gpuInWords),
    ...Object.entries(used.counts).flatMap(([name, count]) =>
      count > (offer.counts[name] ?? 0) ? [`${count} of "${name}"`] : [],
    ),
  ];
}

function gpuInWords({ name, memoryBytes }: GpuAsked): string {
  const which = name === null ? 'a GPU' : `a GPU "${name}"`;
  return memoryBytes === 0 ? which : `${which} with ${bytesInWords(memoryBytes)}`;
}

/** "6 GB", "1.5 GB", "300 MB": of a thousand bytes each, as people type them. */
export const bytesInWords = (bytes: number): string =>
  bytes >= 1e9 ? `${Math.round(bytes / 1e8) / 10} GB` : `${Math.ceil(bytes / 1e6)} MB`;

/**
 * Why none of these workers could ever hold a chunk that asks for this, as a sentence; null where one can, or where
 * there is none.
 */
export function offersProblem(
  asked: Asked,
  workers: readonly { offer: Offer; slots: number }[],
): string | null {
  const lacks = workers.map((worker) => lacking(asked, worker));
  const [first] = lacks;
  if (first === undefined || lacks.some((it) => it.length === 0)) return null;
  const nowhere = first.filter((what) => lacks.every((it) => it.includes(what)));
  return nowhere.length === 0
    ? 'Each part asks for more than any worker that is here offers by itself.'
    : `Each part asks for ${listed(nowhere)}, which no worker that is here offers${mostOffered(asked, workers)}.`;
}

function mostOffered(asked: Asked, workers: readonly { offer: Offer }[]): string {
  const most = (of: (offer: Offer) => number): number => Math.max(...workers.map(({ offer }) => of(offer)));
  const memory = most((offer) => offer.memoryBytes);
  const threads = most((offer) => offer.threads);
  const disk = most((offer) => offer.diskBytes);
  const said = [
    ...((asked.threads ?? 0) > threads ? [threads === 1 ? '1 thread' : `${threads} threads`] : []),
    ...((asked.memoryBytes ?? 0) > memory ? [`${bytesInWords(memory)} of memory`] : []),
    ...((asked.diskBytes ?? 0) > disk ? [`${bytesInWords(disk)} of disk`] : []),
  ];
  return said.length === 0 ? '' : `; the most that one offers is ${listed(said)}`;
}

const listed = (all: readonly string[]): string =>
  all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
