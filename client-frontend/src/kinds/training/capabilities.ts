import { type CapabilityWords, has, listOf } from '../capabilities.ts';

export const capabilities: CapabilityWords = {
  'training.python': (value) => [has(`Python ${releaseOf(String(value))}`)],
  'training.numpy': (value) => [has(`numpy ${releaseOf(String(value))}`)],
  'training.torch': (value) => [has(`PyTorch ${releaseOf(String(value))}`)],
  // Hundreds of names. A job whose script lacks one says so.
  'training.modules': () => [],
  'training.pythons': () => [],
  'training.packages': (value) => [
    has(listOf(value).includes('index') ? 'Fetches Python packages' : 'Installs Python packages'),
  ],
};

/** "1.13.0" of "1.13.0a0+gitunknown": which build it is says nothing to who looks for a worker. */
const releaseOf = (version: string): string => /^\d+(?:\.\d+)*/.exec(version)?.[0] ?? version;
