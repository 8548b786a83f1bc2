import { has, listOf } from '../capabilities.ts';
import { command } from '../command/kind.ts';
import { fetchedPart } from '../fetched-part.ts';
import type { SiteKind } from '../kind.ts';
import { Thumbnail } from './Thumbnail.tsx';

// What an admin sets for commands holds for these, too, and is set once.
const { FarmSettings: _, ...asCommands } = command;

/** A command in a container: submitted where commands are, in a form that has both. */
export const container: SiteKind = {
  ...asCommands,
  name: 'container',
  files: [],
  needs: 'podman or docker',
  asks: 'a command and an image to run it in',
  offer: null,
  Setup: fetchedPart(async () => (await import('./Setup.tsx')).Setup),
  widens: 'command',
  Job: fetchedPart(async () => (await import('./ContainerJob.tsx')).ContainerJob),
  capabilities: {
    'container.engine': (engine) => [has(`Containers: ${String(engine)}`)],
    'container.platforms': (platforms) => [has(`Images for ${listOf(platforms).join(', ')}`)],
    'container.isolation': (kept) => [has(`Kept in by ${listOf(kept).join(', ')}`)],
    'container.network': () => [has('Containers may reach the network')],
  },
  words: { ...command.words, preparing: 'Getting the image ready' },
  Thumbnail,
};
