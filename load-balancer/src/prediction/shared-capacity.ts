/** What is still wanted of the farm: the time that all workers together would need for it, and the most of them that it can use at once, 0 to 1. */
export type Demand = { work: number; width: number };
/** Those of one rank share evenly; each rank has what the ones before it leave. */
export type Ranks = readonly (readonly Demand[])[];

/** Ends that are so close to each other, as a part of the time until then, are taken together. */
const CLOSE = 0.002;

/**
 * When each demand is met, in the unit of their work from now on, if the queues share the workers evenly, whatever each
 * of them leaves going to the others. Work flows as if it could be cut at will (generalised processor sharing, Parekh and
 * Gallager 1993). Infinity for a demand of no width.
 */
export function endsOf(queues: readonly Ranks[]): Map<Demand, number> {
  const ends = new Map<Demand, number>();
  let open: Running[][][] = queues.map((ranks) =>
    ranks.map((rank) => rank.map((demand) => ({ demand, left: demand.work, rate: 0 }))),
  );
  for (let now = 0; ; ) {
    open = open.map((ranks) => ranks.map((rank) => rank.filter(isOpen)).filter((rank) => rank.length > 0));
    shareOut(open);
    const running = open.flat(2).filter(({ rate }) => rate > 0);
    if (running.length === 0) break;
    const step = running.reduce(
      (least, { left, rate }) => Math.min(least, left / rate),
      Number.POSITIVE_INFINITY,
    );
    now += step;
    for (const one of running) {
      one.left -= one.rate * step;
      if (one.left > one.rate * CLOSE * now) continue;
      one.left = 0;
      ends.set(one.demand, now);
    }
  }
  for (const { demand } of open.flat(2)) ends.set(demand, Number.POSITIVE_INFINITY);
  for (const demand of queues.flat(2)) if (!ends.has(demand)) ends.set(demand, 0);
  return ends;
}

type Running = { demand: Demand; left: number; rate: number };

const isOpen = ({ left }: Running): boolean => left > 0;

function shareOut(queues: readonly Running[][][]): void {
  const wanted = queues.map((ranks) => ranks.flat().reduce((sum, { demand }) => sum + demand.width, 0));
  for (const [at, part] of evenly(wanted, 1).entries()) {
    let left = part;
    for (const rank of queues[at] ?? []) {
      const rates = evenly(
        rank.map(({ demand }) => demand.width),
        left,
      );
      for (const [index, one] of rank.entries()) one.rate = rates[index] ?? 0;
      left = Math.max(0, left - rates.reduce((sum, rate) => sum + rate, 0));
    }
  }
}

/** `total` in even parts, of which nobody gets more than they want. */
function evenly(wanted: readonly number[], total: number): number[] {
  const given = wanted.map(() => 0);
  const order = wanted.map((_, at) => at).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  let left = total;
  for (const [place, at] of order.entries()) {
    const part = Math.min(wanted[at] ?? 0, left / (order.length - place));
    given[at] = part;
    left -= part;
  }
  return given;
}
