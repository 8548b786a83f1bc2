import { has, listOf } from '../capabilities.ts';
import { command } from '../command/kind.ts';
import { fetchedPart } from '../fetched-part.ts';
import type { SiteKind } from '../kind.ts';
import { Thumbnail } from './Thumbnail.tsx';

/** A command in a container: submitted where commands are. */
export const container: SiteKind = {
  ...command,
  name: 'container',
  files: [],
  needs: 'podman or docker',
  asks: 'a command and an image to run it in',
  offer: null,
  Setup: null,
  Job: fetchedPart(async () => (await import('./ContainerJob.tsx')).ContainerJob),
  capabilities: {
    'container.engine': (name) => [has(`containers by ${String(name)}`)],
    'container.version': (version) => [has(String(version))],
    'container.isolation': (kept) => [has(`kept in by ${listOf(kept).join(', ')}`)],
    'container.network': () => [has('containers may reach the network')],
  },
  words: { ...command.words, preparing: 'Getting the image ready' },
  Thumbnail,
};
