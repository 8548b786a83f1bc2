import type { ContainerFailure } from '@parallel-pilot/shared/kinds/container/failures.ts';

type Why = { code: ContainerFailure; message: string };

const MOST_CHARACTERS = 1_900;

/** Why podman or docker did not pull an image, by what it printed. */
export function whyNotPulled(reference: string, lines: readonly string[]): Why {
  const isUnknown = UNKNOWN.test(lines.join('\n'));
  const why = isUnknown
    ? 'its registry has no such image, or shows it to whoever signs in'
    : 'its registry cannot be reached from there, or has no such image';
  return {
    code: isUnknown ? 'image-unknown' : 'no-image',
    message: `The image "${reference}" is not on this worker, and could not be pulled: ${why}. Save it where you have it ("podman save -o image.tar ${reference}") and give --image image.tar.`,
  };
}

/** Why it did not build one, likewise. `network`: the steps of the build could reach it. */
export function whyNotBuilt(dockerfile: string, network: boolean, lines: readonly string[]): Why {
  const text = lines.join('\n');
  const said = lines.findLast((line) => line.trim() !== '')?.replace(/^Error:\s*/, '') ?? '';
  const failed = (code: ContainerFailure, why: string): Why => ({
    code,
    message: `The image could not be built of ${dockerfile}${why} It said last: ${said}`.slice(
      0,
      MOST_CHARACTERS,
    ),
  });
  if (UNPULLED.test(text))
    return failed(
      UNKNOWN.test(text) ? 'build-failed' : 'out-of-reach',
      ': an image that it begins with (FROM) is not on this worker, and could not be pulled. Its registry cannot be reached from there, or has none of that name.',
    );
  if (!APART.test(text)) return failed('build-failed', '.');
  return network
    ? failed(
        'out-of-reach',
        '. It wanted something from the network that could not be reached from this worker.',
      )
    : failed(
        'build-failed',
        '. It wanted something from the network, which a build does not reach: give --network, where a worker’s owner lets containers onto it, or put the files beside the Dockerfile.',
      );
}

/** What registries answer, and docker says, of a name that they do not have or do not show. */
const UNKNOWN =
  /manifest unknown|name unknown|name invalid|repository does not exist|access to the resource is denied|unauthorized/i;
const UNPULLED = /initializing source docker|pinging container registry|unable to copy from source/i;
const APART =
  /resolve host|name resolution|failure resolving|network is unreachable|could not resolve|bad address|unable to connect/i;
