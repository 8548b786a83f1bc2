/** The formats that frames come in, by Blender's own names. */
export type PictureFormat = 'PNG' | 'JPEG' | 'TIFF' | 'OPEN_EXR';

/** In pixels. */
export type PictureSize = { width: number; height: number };

/** What a picture is to be, by what its job says and never by what the picture says. */
export type Expected = PictureSize & { format: PictureFormat };

/** `message` is a clause without a full stop: "the image is cut short". */
export type Refused = { ok: false; wrong: 'format' | 'size' | 'damaged'; message: string };
export type PictureCheck = { ok: true } | Refused;

export const damaged = (why: string): Refused => ({
  ok: false,
  wrong: 'damaged',
  message: `the image ${why}`,
});
export const CUT_SHORT = damaged('is cut short');

/** As a person calls them. */
export const FORMAT_NAMES: Record<PictureFormat, string> = {
  PNG: 'PNG',
  JPEG: 'JPEG',
  TIFF: 'TIFF',
  OPEN_EXR: 'OpenEXR',
};

/**
 * The most bytes that a file of such a picture can have: what the pixels take
 * uncompressed (OpenEXR with many passes of floats), and room for a header.
 */
export const mostBytes = ({ format, width, height }: Expected): number =>
  width * height * (format === 'OPEN_EXR' ? 64 : 16) + 16 * 1024 ** 2;
