import type { RenderSettings } from './settings.ts';

export type FrameSize = { width: number; height: number };

/** Pixels of a frame. Blender cuts off what is left of a percentage: 101 pixels at 50 % are 50. */
export function frameSize(
  settings: Pick<RenderSettings, 'resolutionX' | 'resolutionY' | 'percentage'>,
): FrameSize {
  const scaled = (pixels: number): number => Math.max(1, Math.floor((pixels * settings.percentage) / 100));
  return { width: scaled(settings.resolutionX), height: scaled(settings.resolutionY) };
}
