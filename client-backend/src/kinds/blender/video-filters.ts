import type { DecodedFormat } from '@parallel-pilot/images/decode/decoder-child.ts';
import type { PictureSize } from '@parallel-pilot/images/picture.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';

type Look = Pick<RenderSettings, 'transparent' | 'pixelAspect'> & { format: DecodedFormat };

/** swscale forgets the matrix it was given where an image has a palette. */
const PLAIN_RGB = 'format=rgb24|rgba|rgb48le|rgba64le';

/**
 * The filters between the frames and the encoder. Blender's PNG and TIFF hold
 * straight colours, as a video with alpha wants them; one without shows the
 * picture over black.
 */
export function videoFilters({
  size,
  settings,
}: {
  size: PictureSize;
  settings: Look & { video: 'mp4' | 'webm' | 'mov' };
}): string[] {
  const withAlpha = keepsAlpha(settings);
  return [
    ...(settings.format === 'PNG' || settings.format === 'TIFF' ? [PLAIN_RGB] : []),
    ...alpha(settings, withAlpha),
    ...evenSides(size, withAlpha),
    // RGB is full range; video is limited range with the coefficients of BT.709 (swscale would take BT.601's).
    'scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int',
    `format=${pixelFormat(settings.video, withAlpha)}`,
    // A pixel that is wider than high: players stretch the picture, as Blender shows it.
    `setsar=${settings.pixelAspect}`,
    'setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709',
  ];
}

/** H.264 has no alpha, and neither has JPEG. */
export const keepsAlpha = ({ format, transparent, video }: Look & { video: string }): boolean =>
  video !== 'mp4' && transparent && format !== 'JPEG';

function alpha({ format, transparent }: Look, kept: boolean): string[] {
  if (!transparent || format === 'JPEG') return [];
  return kept ? [] : ['format=gbrap16le', 'premultiply=inplace=1'];
}

// The new row and column repeat their neighbours: black ones would show as a line.
function evenSides({ width, height }: PictureSize, withAlpha: boolean): string[] {
  const right = width % 2;
  const bottom = height % 2;
  if (right + bottom === 0) return [];
  return [
    withAlpha ? 'format=gbrap16le' : 'format=gbrp16le',
    `pad=${width + right}:${height + bottom}:0:0`,
    `fillborders=right=${right}:bottom=${bottom}:mode=smear`,
  ];
}

function pixelFormat(video: 'mp4' | 'webm' | 'mov', withAlpha: boolean): string {
  if (video === 'mov') return withAlpha ? 'yuva444p10le' : 'yuv422p10le';
  return withAlpha ? 'yuva420p' : 'yuv420p';
}
