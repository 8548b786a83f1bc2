import type { Gpu } from '@parallel-pilot/shared/model/resources.ts';

/** How each platform numbers cards for the programs that compute on them, and how it is told which they may see. */
const PLATFORMS = {
  // docs.nvidia.com, CUDA Programming Guide 5.2.1: whatever stands behind a number that there is not, is not visible.
  cuda: { variable: 'CUDA_VISIBLE_DEVICES', none: '-1', list: (numbers: string) => numbers },
  // rocm.docs.amd.com, GPU isolation. Beside it ROCR_VISIBLE_DEVICES would number them a second time.
  hip: { variable: 'HIP_VISIBLE_DEVICES', none: '-1', list: (numbers: string) => numbers },
  // intel.github.io/llvm, environment variables. Without a card what is left is the processor.
  oneapi: {
    variable: 'ONEAPI_DEVICE_SELECTOR',
    none: '*:cpu',
    list: (numbers: string) => `level_zero:${numbers}`,
  },
} as const;
type Platform = keyof typeof PLATFORMS;

/** The cards that a chunk may use, of those that the machine has. */
export type Cards = { given: readonly Gpu[]; all: readonly Gpu[] };

/** The numbers that a platform's programs know the given cards by. */
export const numbersOf = (gpus: readonly Gpu[], platform: string): number[] =>
  gpus.flatMap(({ device = '' }) => {
    const [name, number] = device.split(':');
    return name === platform ? [Number(number)] : [];
  });

/**
 * What a child's environment has to say, so that it sees the given cards alone; nothing for platforms of which this
 * machine has no card. Where the worker itself sees some of the machine's only, by `own`, they are numbers of those.
 */
export function visibleCards(
  { given, all }: Cards,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const entries = (Object.keys(PLATFORMS) as Platform[]).flatMap((platform) => {
    if (numbersOf(all, platform).length === 0) return [];
    const { variable, none, list } = PLATFORMS[platform];
    const seen = platform === 'oneapi' ? [] : (own[variable]?.split(',') ?? []);
    const numbers = numbersOf(given, platform).map((number) => seen[number]?.trim() ?? String(number));
    return [[variable, numbers.length === 0 ? none : list(numbers.join(','))]];
  });
  return Object.fromEntries(entries);
}
