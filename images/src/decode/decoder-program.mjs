// Decodes pictures of one format that come in on standard input: a line of JSON, then as many bytes as it says.
// Runs in a sandbox, since a picture is a stranger's bytes. What this process says is not believed any further than
// a picture's own words: it may have been taken over by the last one.
import { devNull } from 'node:os';
import sharp from 'sharp';

/** @type {{ loader: string, pixels: number }} */
const { loader, pixels } = JSON.parse(process.argv[2] ?? '');
sharp.cache(false);
sharp.concurrency(1);
// An SVG would open further files, and other formats have decoders that no frame needs.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: [loader] });

/** Below, all pixels at once are quicker than a file that is written to nowhere. */
const FEW_PIXELS = 1 << 20;
/** The longest side that WebP can have. */
const LONGEST = 16_383;

/** @typedef {{ id: number, bytes: number, make: 'nothing' | 'thumbnail' | 'preview' | 'copy', output: string }} Request */
/** @type {Request | null} */
let request = null;
let picture = Buffer.alloc(0);
let filled = 0;
let line = '';

process.stdin.on('data', (/** @type {Buffer} */ chunk) => {
  for (let rest = chunk; rest.length > 0; )
    rest = request === null ? takeLine(rest) : takeBytes(request, rest);
});
process.stdin.on('end', () => process.exit(0));
say({ ready: true });

/** @param {Buffer} bytes */
function takeLine(bytes) {
  const end = bytes.indexOf(0x0a);
  line += bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
  if (end < 0) return Buffer.alloc(0);
  /** @type {Request} */
  const next = JSON.parse(line);
  request = next;
  line = '';
  filled = 0;
  picture = Buffer.allocUnsafe(next.bytes);
  return bytes.subarray(end + 1);
}

/** @param {Request} current @param {Buffer} bytes */
function takeBytes(current, bytes) {
  const part = bytes.subarray(0, current.bytes - filled);
  picture.set(part, filled);
  filled += part.length;
  if (filled === current.bytes) {
    request = null;
    void answer(current, picture);
    picture = Buffer.alloc(0);
  }
  return bytes.subarray(part.length);
}

/** @param {Request} request @param {Buffer} bytes */
async function answer({ id, make, output }, bytes) {
  try {
    const image = sharp(bytes, { failOn: 'warning', limitInputPixels: pixels });
    const { width, height } = await (make === 'nothing' ? decode(image) : derive(image, make, output));
    say({ id, ok: true, width, height });
  } catch (error) {
    say({ id, ok: false, message: String(error).split('\n')[0]?.slice(0, 200) });
  }
}

/** Every pixel once, and but a few lines of many at a time. @param {sharp.Sharp} image */
async function decode(image) {
  if (pixels > FEW_PIXELS) return image.png({ compressionLevel: 0 }).toFile(devNull);
  return (await image.raw().toBuffer({ resolveWithObject: true })).info;
}

/** @param {sharp.Sharp} image @param {'thumbnail' | 'preview' | 'copy'} make @param {string} output */
async function derive(image, make, output) {
  const side = make === 'thumbnail' ? 256 : LONGEST;
  return image
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp(make === 'copy' ? { lossless: true } : { quality: make === 'thumbnail' ? 80 : 90 })
    .toFile(output);
}

/** @param {object} message */
function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
