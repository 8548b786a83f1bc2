import { type Capabilities, meets, type Requirement } from '../../model/requirement.ts';

/*
 * What a worker says of itself: `container.engine` "podman 4.3.1", `container.platforms` that its
 * processor runs, `container.isolation` what keeps its containers in, `container.network` where its owner lets them
 * onto the network.
 */

const ANY: Requirement = { key: 'kinds', op: 'includes', value: 'container' };

/** Of the problem that no worker's processor is that of the image. */
export const OTHER_PROCESSOR = 'other-processor';

/** What a worker has to have: `platform` once the image is known. */
export const requirementsOf = (of: { platform?: string | undefined; network: boolean }): Requirement[] => [
  ANY,
  ...(of.platform === undefined
    ? []
    : [{ key: 'container.platforms', op: 'includes', value: of.platform } as const]),
  ...(of.network ? [{ key: 'container.network', op: 'equals', value: true } as const] : []),
];

/** What a worker lacks that does not meet it. */
export function needInWords({ key, value }: Requirement): string | null {
  if (key === 'kinds') return 'podman or docker, and a working sandbox';
  if (key === 'container.platforms') return `a processor for images of ${value}`;
  return key === 'container.network' ? 'leave of its owner to reach the network from containers' : null;
}

/** Why none of these workers can run the job, null where one can or none is connected. */
export function fleetProblem(
  fleet: readonly Capabilities[],
  needs: readonly Requirement[],
): { code: string; message: string } | null {
  if (fleet.length === 0 || fleet.some((worker) => needs.every((need) => meets(worker, need)))) return null;
  const able = fleet.filter((worker) => meets(worker, ANY));
  if (able.length === 0) {
    const message =
      'No worker of this farm runs containers: that takes podman or docker, and a working sandbox (Linux with bubblewrap). "pilot workers" shows which worker has what. Install podman on one, and start that worker again.';
    return { code: 'no-container-engine', message };
  }
  const platform = needs.find(({ key }) => key === 'container.platforms');
  if (platform !== undefined && !able.some((worker) => meets(worker, platform))) {
    const theirs = [...new Set(able.flatMap((worker) => worker['container.platforms'] ?? []))].join(', ');
    const message = `The image is for ${platform.value}, and no worker of this farm has such a processor: theirs run ${theirs}. Build or pull it for these, with --platform.`;
    return { code: OTHER_PROCESSOR, message };
  }
  if (needs.some(({ key }) => key === 'container.network'))
    return {
      code: 'no-network',
      message:
        'No worker of this farm lets containers onto the network. Its owner does so by starting it with PILOT_CONTAINER_NETWORK=1; or leave out --network.',
    };
  return null;
}
