import { engineName } from '@parallel-pilot/shared/kinds/blender/engine-name.ts';
import { type CapabilityWords, has, lacks, listOf } from '../capabilities.ts';

export const capabilities: CapabilityWords = {
  'blender.version': (value) => [has(`Blender ${value}`)],
  'blender.engines': (value) => [...new Set(listOf(value).map(engineName))].map(has),
  'blender.denoiser': (value) => [value === true ? has('Denoiser') : lacks('No denoiser')],
  'blender.devices': (value) => [...new Set(listOf(value))].map(has),
};
