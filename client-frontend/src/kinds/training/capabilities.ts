import { type CapabilityWords, has } from '../capabilities.ts';

export const capabilities: CapabilityWords = {
  'training.python': (value) => [has(`Python ${value}`)],
  'training.numpy': (value) => [has(`numpy ${value}`)],
  'training.torch': (value) => [has(`PyTorch ${value}`)],
  // Hundreds of names. A job whose script lacks one says so.
  'training.modules': () => [],
};
