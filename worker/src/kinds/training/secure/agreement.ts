import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync, type KeyObject } from 'node:crypto';

/** Keys of X25519 (RFC 7748), as the 32 bytes that they are, in hexadecimal digits. */
export type KeyPair = { secret: string; open: string };

/** What stands before the bytes of a key in its usual forms, PKCS #8 and SPKI (RFC 8410). */
const SECRET_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');
const OPEN_HEAD = Buffer.from('302a300506032b656e032100', 'hex');

export function keyPairOf(secret: Uint8Array): KeyPair {
  const open = createPublicKey(secretKey(secret)).export({ format: 'der', type: 'spki' });
  return {
    secret: Buffer.from(secret).toString('hex'),
    open: open.subarray(OPEN_HEAD.length).toString('hex'),
  };
}

/**
 * The 32 bytes that both have who hold the secret of one key and the open part of the other, for one use of it: X25519,
 * then HKDF of SHA-256 (RFC 5869). Throws for an open key that is none.
 */
export function agreedKey(secret: string, open: string, use: 'share' | 'mask'): Buffer {
  const privateKey = secretKey(Buffer.from(secret, 'hex'));
  const publicKey = createPublicKey({
    key: Buffer.concat([OPEN_HEAD, Buffer.from(open, 'hex')]),
    format: 'der',
    type: 'spki',
  });
  const agreed = diffieHellman({ privateKey, publicKey });
  return Buffer.from(hkdfSync('sha256', agreed, '', `parallel-pilot secure aggregation: ${use}`, 32));
}

const secretKey = (secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([SECRET_HEAD, secret]), format: 'der', type: 'pkcs8' });
