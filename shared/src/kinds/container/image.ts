import { z } from 'zod';
import { BlobHash } from '../../model/ids.ts';
import { RelativePath } from '../../model/path.ts';
import { SentBlob } from '../../model/result-of.ts';
import { strictObject } from '../../model/strict-object.ts';
import { CommandFile } from '../command/spec.ts';

/** What an image is called in a registry: "docker.io/library/debian:bookworm-slim", or shorter. */
export const Reference = z
  .string()
  .max(500)
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/i,
    'expected the name of an image, such as debian:bookworm-slim or ghcr.io/owner/name:1.0',
  );

/** Files of a folder with a Dockerfile, by their paths in it. */
const Context = z.array(CommandFile).min(1).max(1_000);

/** Where the image of a job comes from. */
export const ImageSource = z.discriminatedUnion('from', [
  /** What `podman save` or `docker save` wrote; `name` is what people call it. */
  strictObject({ from: z.literal('archive'), blob: SentBlob, name: z.string().min(1).max(500) }),
  /** A worker looks for it among its own images, and else in the registry. */
  strictObject({ from: z.literal('reference'), reference: Reference }),
  /** A worker builds it. `dockerfile` is the path of one of the files. */
  strictObject({ from: z.literal('build'), files: Context, dockerfile: RelativePath }),
]);
export type ImageSource = z.infer<typeof ImageSource>;

/** The same as it is stored: with sizes. */
export const StoredSource = z.discriminatedUnion('from', [
  ImageSource.options[0].strip().extend({ size: z.int().nonnegative() }),
  ImageSource.options[1].strip(),
  ImageSource.options[2].strip().extend({
    files: z.array(CommandFile.extend({ size: z.int().nonnegative() })),
  }),
]);
export type StoredSource = z.infer<typeof StoredSource>;

/** What people call the image of a source. */
export function nameOfSource(source: ImageSource | StoredSource): string {
  switch (source.from) {
    case 'archive':
      return source.name;
    case 'reference':
      return source.reference;
    case 'build':
      return source.dockerfile;
    default:
      return source satisfies never;
  }
}

/** What was sent, of what is stored. */
export function sentSource(image: StoredSource): Record<string, unknown> {
  switch (image.from) {
    case 'archive': {
      const { size: _, ...sent } = image;
      return sent;
    }
    case 'reference':
      return image;
    case 'build':
      return { ...image, files: image.files.map((file) => CommandFile.strip().parse(file)) };
    default:
      return image satisfies never;
  }
}

/** The files that an image is made of, where it is made of any. */
export function filesOfSource(image: ImageSource): { path: string; blob: BlobHash }[] {
  switch (image.from) {
    case 'archive':
      return [{ path: image.name, blob: image.blob }];
    case 'reference':
      return [];
    case 'build':
      return image.files;
    default:
      return image satisfies never;
  }
}

/** The source as it is stored, with the sizes of its files. */
export function sizedSource(image: ImageSource, sizeOf: (hash: BlobHash) => number): StoredSource {
  switch (image.from) {
    case 'archive':
      return { ...image, size: sizeOf(image.blob) };
    case 'reference':
      return image;
    case 'build':
      return { ...image, files: image.files.map((file) => ({ ...file, size: sizeOf(file.blob) })) };
    default:
      return image satisfies never;
  }
}

/** What is wrong with a source by itself, as a sentence; null where nothing is. */
export const sourceProblem = (image: ImageSource): string | null =>
  image.from !== 'build' || image.files.some(({ path }) => path === image.dockerfile)
    ? null
    : `There is no file ${image.dockerfile} among those that the image is built of.`;

/** What Docker allows of an image as well. */
export const MOST_LAYERS = 127;

const StoredFile = z.object({ hash: BlobHash, size: z.int().nonnegative() });

const MOST_ENTRYPOINT_CHARACTERS = 16_000;

/** A program with its first arguments, before the words of a command; empty for none. */
export const Entrypoint = z
  .array(z.string().max(8_000))
  .max(1_000)
  .refine(([program, ...rest]) => program !== '' || rest.length > 0, {
    error: 'expected a program, or nothing at all',
  })
  .refine((words) => words.join(' ').length <= MOST_ENTRYPOINT_CHARACTERS, {
    error: 'the entrypoint is too long; put it into a script',
  });

/** An image taken apart. */
export const Image = z.object({
  /** SHA-256 of its configuration, by which engines know it. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  /** "linux/amd64". */
  platform: z.string().max(100),
  config: StoredFile,
  /** From the lowest on; compressed or not, as they came. */
  layers: z.array(StoredFile).max(MOST_LAYERS),
  /** What stands before the words of a command, as its configuration says. */
  entrypoint: Entrypoint.default([]),
});
export type Image = z.infer<typeof Image>;

/** The name in full: what engines would look for where nothing is said of the registry. */
export function fullReference(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const named = isHost ? reference : `docker.io/${rest.length === 0 ? 'library/' : ''}${reference}`;
  const last = named.slice(named.lastIndexOf('/') + 1);
  return /[:@]/.test(last) ? named : `${named}:latest`;
}
