import type { PictureSize } from '@parallel-pilot/images/picture.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';

type Look = Pick<RenderSettings, 'format' | 'transparent'>;

/**
 * From a scene-linear OpenEXR image to what a screen shows. Values up to 0.6
 * stay as they are; what is brighter, up to 10 times white, is bent to fit
 * (mobius), so that a lamp or the sky keeps its shape where clipping would
 * leave a white hole. Then the sRGB curve.
 */
export const TONE_MAP = [
  'zscale=tin=linear:t=linear:pin=bt709:p=bt709:rin=full:r=full',
  'tonemap=mobius:param=0.6:desat=0:peak=10',
  'zscale=tin=linear:t=iec61966-2-1:pin=bt709:p=bt709:rin=full:r=full',
];

/** swscale forgets the matrix it was given where an image has a palette. */
const PLAIN_RGB = 'format=rgb24|rgba|rgb48le|rgba64le';

/**
 * The filters between the frames and the encoder. Blender's PNG and TIFF hold
 * straight colours, its OpenEXR colours already multiplied with alpha: a video
 * with alpha wants the former, one without shows the picture over black.
 */
export function videoFilters({
  size,
  settings,
}: {
  size: PictureSize;
  settings: Look & { video: 'mp4' | 'webm' | 'mov' };
}): string[] {
  const keepsAlpha = settings.video === 'mov' && settings.transparent;
  return [
    // ffmpeg 5.1 aborts (imgutils.c) where it reads a small OpenEXR frame straight into zscale.
    ...(settings.format === 'OPEN_EXR' ? ['copy'] : []),
    ...(settings.format === 'PNG' || settings.format === 'TIFF' ? [PLAIN_RGB] : []),
    ...alpha(settings, keepsAlpha),
    ...(settings.format === 'OPEN_EXR'
      ? [...TONE_MAP, keepsAlpha ? 'format=gbrap16le' : 'format=gbrp16le']
      : []),
    ...evenSides(size, keepsAlpha),
    // RGB is full range; video is limited range with the coefficients of BT.709 (swscale would take BT.601's).
    'scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int',
    `format=${pixelFormat(settings.video, keepsAlpha)}`,
    'setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709',
  ];
}

function alpha({ format, transparent }: Look, keepsAlpha: boolean): string[] {
  if (!transparent || format === 'JPEG') return [];
  if (format === 'OPEN_EXR') return keepsAlpha ? ['format=gbrapf32le', 'unpremultiply=inplace=1'] : [];
  return keepsAlpha ? [] : ['format=gbrap16le', 'premultiply=inplace=1'];
}

// The new row and column repeat their neighbours: black ones would show as a line.
function evenSides({ width, height }: PictureSize, keepsAlpha: boolean): string[] {
  const right = width % 2;
  const bottom = height % 2;
  if (right + bottom === 0) return [];
  return [
    keepsAlpha ? 'format=gbrap16le' : 'format=gbrp16le',
    `pad=${width + right}:${height + bottom}:0:0`,
    `fillborders=right=${right}:bottom=${bottom}:mode=smear`,
  ];
}

function pixelFormat(video: 'mp4' | 'webm' | 'mov', keepsAlpha: boolean): string {
  if (video === 'mov') return keepsAlpha ? 'yuva444p10le' : 'yuv422p10le';
  return 'yuv420p';
}
