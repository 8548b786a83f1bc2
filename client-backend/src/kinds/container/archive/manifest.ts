import { Entrypoint, MOST_LAYERS } from '@parallel-pilot/shared/kinds/container/image.ts';
import { z } from 'zod';
import { BadImage } from './bad-image.ts';

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Path = z.string().min(1).max(1_000);

/** manifest.json of `docker save` and of `podman save` as it is. */
const DockerManifest = z.array(z.object({ Config: Path, Layers: z.array(Path).max(MOST_LAYERS) })).min(1);

/** index.json of an OCI layout, see opencontainers/image-spec, image-layout.md. */
const OciIndex = z.object({
  manifests: z
    .array(
      z.object({
        digest: Digest,
        mediaType: z.string().optional(),
        platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
      }),
    )
    .max(1_000),
});
const OciManifest = z.object({
  config: z.object({ digest: Digest }),
  layers: z.array(z.object({ digest: Digest })).max(MOST_LAYERS),
});

/** The configuration of an image, as far as it is looked at. */
export const ImageConfig = z.object({
  os: z.string().min(1).max(40),
  architecture: z.string().min(1).max(40),
  config: z.object({ Entrypoint: Entrypoint.nullish() }).nullish(),
  rootfs: z.object({ diff_ids: z.array(Digest).max(MOST_LAYERS) }),
});

/** Paths within the archive. */
export type Manifest = { config: string; layers: string[] };

/** Reads a small JSON file of the archive; null where there is none of that name. */
export type ReadJson = (path: string) => Promise<unknown>;

/** Which files of an archive the image consists of. Throws a BadImage. */
export async function findManifest(read: ReadJson): Promise<Manifest> {
  const docker = await read('manifest.json');
  if (docker !== null) {
    const [image, ...others] = parsed(DockerManifest, docker, 'manifest.json');
    if (image === undefined || others.length > 0) throw several(others.length + 1);
    return { config: image.Config, layers: image.Layers };
  }
  const index = await read('index.json');
  if (index === null)
    throw new BadImage(
      'The archive holds no image: neither manifest.json nor index.json is in it. "podman save IMAGE" and "docker save IMAGE" write what is expected; "export" writes something else.',
    );
  return ociManifest(read, index, 2);
}

/** `depth`: an index may name others. */
async function ociManifest(read: ReadJson, json: unknown, depth: number): Promise<Manifest> {
  const { manifests } = parsed(OciIndex, json, 'index.json');
  // What builders attest of an image stands beside it, as one of no platform.
  const images = manifests.filter(({ platform }) => platform?.os !== 'unknown');
  const [image, ...others] = images;
  if (image === undefined || others.length > 0) throw several(images.length);
  const found = await read(blobOf(image.digest));
  if (depth > 0 && OciIndex.safeParse(found).success) return ociManifest(read, found, depth - 1);
  const { config, layers } = parsed(OciManifest, found, 'manifest');
  return { config: blobOf(config.digest), layers: layers.map(({ digest }) => blobOf(digest)) };
}

const blobOf = (digest: string): string => `blobs/sha256/${digest.slice('sha256:'.length)}`;

const several = (count: number): BadImage =>
  new BadImage(
    count === 0
      ? 'The archive names no image.'
      : `The archive holds ${count} images. Save the one that is to run by itself.`,
  );

/** Throws a BadImage that names the file. */
export function parsed<S extends z.ZodType>(schema: S, json: unknown, file: string): z.output<S> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new BadImage(
    `The archive of the image is not in order: ${file}, ${issue?.path.join('.') || 'as a whole'}: ${issue?.message}.`,
  );
}
