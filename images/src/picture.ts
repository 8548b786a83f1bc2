/** The formats that frames come in, by Blender's own names. */
export type PictureFormat = 'PNG' | 'JPEG' | 'TIFF' | 'OPEN_EXR' | 'OPEN_EXR_MULTILAYER';

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
  OPEN_EXR_MULTILAYER: 'OpenEXR with layers',
};

/**
 * The most bytes that a file of such a picture can have: what the pixels take
 * uncompressed, and room for a header.
 */
export const mostBytes = ({ format, width, height }: Expected): number =>
  width * height * BYTES_OF_A_PIXEL[format] + 16 * 1024 ** 2;

/** OpenEXR holds floats, with layers some forty passes of four. */
const BYTES_OF_A_PIXEL: Record<PictureFormat, number> = {
  PNG: 16,
  JPEG: 16,
  TIFF: 16,
  OPEN_EXR: 64,
  OPEN_EXR_MULTILAYER: 640,
};
