import { mulberry32 } from '../../../load-balancer/tests/support/seeded-random.ts';
import type { Scenario } from './scenario.ts';

export const FRAMES = ['even', 'smooth', 'heavy tail'] as const;
export type Frames = (typeof FRAMES)[number];

type Bound = { median: number; worst: number };
/** Ratios that the farm means to keep to. */
export const BOUNDS: Record<Frames | 'secretlySlow', Bound> = {
  even: { median: 1.05, worst: 1.1 },
  smooth: { median: 1.05, worst: 1.1 },
  'heavy tail': { median: 1.1, worst: 1.3 },
  secretlySlow: { median: 1.2, worst: 1.45 },
};

const [WORKERS, CHUNKS] = [16, 240];
const SLOWER = 6;

/** 240 frames on 16 workers of speed 1 to 8, of which two or three are secretly six times slower where that is asked for. */
export function scenarioOf(frames: Frames, secretlySlow: boolean, seed: number): Scenario {
  const random = mulberry32(seed);
  const speeds = Array.from({ length: WORKERS }, () => 1 + 7 * random());
  const slow = new Set<number>();
  const many = secretlySlow ? 2 + Math.floor(random() * 2) : 0;
  while (slow.size < many) slow.add(Math.floor(random() * WORKERS));
  return {
    workers: speeds.map((speed, at) => ({
      speed,
      from: 0,
      slowFrom: slow.has(at) ? 0 : null,
      slowBy: slow.has(at) ? SLOWER : 1,
      diesAt: null,
    })),
    jobs: [{ at: 0, priority: 0, deadline: null, chunksMs: chunksOf(frames, random), openMs: 0 }],
  };
}

function chunksOf(frames: Frames, random: () => number): number[] {
  const ordinals = Array.from({ length: CHUNKS }, (_, at) => at);
  switch (frames) {
    case 'even':
      return ordinals.map(() => 16_000 + 8_000 * random());
    case 'smooth': {
      const [phase, turns] = [random() * 2 * Math.PI, 0.5 + 1.5 * random()];
      return ordinals.map((at) => 20_000 + 16_000 * Math.sin(phase + (turns * 2 * Math.PI * at) / CHUNKS));
    }
    // Pareto with an exponent of 1.5: one in thirty takes ten times as long as the shortest.
    case 'heavy tail':
      return ordinals.map(() => 7_000 * (1 - random()) ** (-1 / 1.5));
    default:
      return frames satisfies never;
  }
}
