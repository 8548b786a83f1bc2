import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readIfThere, writeOnce } from './once-file.ts';

/*
 * Files that a worker gets back from the farm, and that tell it nothing on the way: encrypted with a key that never leaves
 * the worker (AES-256-GCM). On the disk: 12 bytes of nonce, the file, 16 bytes of tag.
 */

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

async function ownKey(root: string): Promise<Buffer> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const path = join(root, 'own-key');
  return (await readIfThere(path)) ?? writeOnce(path, randomBytes(32));
}

export async function sealFile(root: string, from: string, to: string): Promise<void> {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', await ownKey(root), nonce);
  const target = createWriteStream(to, { mode: 0o600 });
  target.write(nonce);
  await pipeline(createReadStream(from), cipher, target, { end: false });
  await new Promise<void>((resolve, reject) => {
    target.on('error', reject);
    target.end(cipher.getAuthTag(), resolve);
  });
}

/** False where it was not sealed by this worker: nothing of `to` may be used then. */
export async function unsealFile(root: string, from: string, to: string): Promise<boolean> {
  const { size } = await stat(from);
  if (size <= NONCE_BYTES + TAG_BYTES) return false;
  const file = await open(from, 'r');
  const [nonce, tag] = [Buffer.alloc(NONCE_BYTES), Buffer.alloc(TAG_BYTES)];
  try {
    await file.read(nonce, 0, NONCE_BYTES, 0);
    await file.read(tag, 0, TAG_BYTES, size - TAG_BYTES);
  } finally {
    await file.close();
  }
  const decipher = createDecipheriv('aes-256-gcm', await ownKey(root), nonce).setAuthTag(tag);
  const sealed = createReadStream(from, { start: NONCE_BYTES, end: size - TAG_BYTES - 1 });
  try {
    await pipeline(sealed, decipher, createWriteStream(to, { mode: 0o600 }));
    return true;
  } catch (error) {
    // Of the file system; that the tag does not fit has no code.
    if (error instanceof Error && 'code' in error) throw error;
    return false;
  }
}
