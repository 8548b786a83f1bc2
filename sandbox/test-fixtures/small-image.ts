import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

/** A program without libraries: Debian's busybox-static. */
const BUSYBOX = '/bin/busybox';
const APPLETS = [
  'sh',
  'base64',
  'basename',
  'cat',
  'echo',
  'env',
  'false',
  'find',
  'head',
  'id',
  'ls',
  'mkdir',
  'ps',
  'sed',
  'sleep',
  'sort',
  'touch',
  'tr',
  'unzip',
  'wget',
];

export type Entry = Partial<Header> & { name: string; content?: Buffer | string };

/** What an image is made of, and what may be wrong with it. */
export type SmallImage = {
  /** Instead of busybox and its applets. */
  entries?: Entry[];
  architecture?: string;
  compressed?: boolean;
  entrypoint?: string[];
  /** Instead of what the layer unpacks to. */
  diffId?: string;
};

export const busyboxEntries = (): Entry[] => [
  ...['bin', 'etc', 'tmp', 'usr', 'usr/bin'].map((name): Entry => ({ name, type: 'directory', mode: 0o755 })),
  { name: 'bin/busybox', mode: 0o755, content: readFileSync(BUSYBOX) },
  ...APPLETS.map((name): Entry => ({ name: `bin/${name}`, type: 'symlink', linkname: 'busybox' })),
  { name: 'etc/motto', content: 'inside\n' },
];

export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of entries) {
    if (content === undefined) tar.entry({ mtime: new Date(0), ...header }).end(Buffer.alloc(0));
    else tar.entry({ mtime: new Date(0), ...header }, Buffer.from(content as string));
  }
  tar.finalize();
  return buffer(tar as unknown as NodeJS.ReadableStream);
}

/** The layer and the configuration of a small image. */
export async function partsOfImage(
  image: SmallImage = {},
): Promise<{ layer: Buffer; config: Buffer; id: string }> {
  const { entries = busyboxEntries(), architecture = ARCHITECTURE, compressed = false } = image;
  const tar = await tarOf(entries);
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: {
        ...{ Env: ['PATH=/usr/bin:/bin', 'MOTTO=of the image'], Cmd: ['/bin/sh'] },
        ...(image.entrypoint === undefined ? {} : { Entrypoint: image.entrypoint }),
      },
      rootfs: { type: 'layers', diff_ids: [image.diffId ?? `sha256:${sha256(tar)}`] },
      history: [{ created_by: 'a test' }],
    }),
  );
  return { layer: compressed ? gzipSync(tar) : tar, config, id: sha256(config) };
}

/** What `podman save` writes of it. */
export async function dockerArchive(image: SmallImage = {}): Promise<Buffer> {
  const { layer, config, id } = await partsOfImage(image);
  const manifest = [{ Config: `${id}.json`, RepoTags: ['localhost/small:1'], Layers: ['layer.tar'] }];
  return tarOf([
    { name: 'layer.tar', content: layer },
    { name: `${id}.json`, content: config },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

/** What `podman save --format oci-archive` writes of it. */
export async function ociArchive(image: SmallImage = {}): Promise<Buffer> {
  const { layer, config } = await partsOfImage({ compressed: true, ...image });
  const of = (bytes: Buffer) => ({ digest: `sha256:${sha256(bytes)}`, size: bytes.length });
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: of(config), layers: [of(layer)] }));
  return tarOf([
    ...[layer, config, manifest].map(
      (content): Entry => ({ name: `blobs/sha256/${sha256(content)}`, content }),
    ),
    { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [of(manifest)] }) },
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
  ]);
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Of this machine, as images call it. */
const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
