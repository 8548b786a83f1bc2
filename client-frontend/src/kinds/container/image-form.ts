import { Entrypoint, Reference } from '@parallel-pilot/shared/kinds/container/image.ts';
import type { Typed, Where } from '../command/elsewhere.ts';
import type { Place } from '../command/places.ts';
import { splitWords } from '../command/split-words.ts';

/** Where an image may come from, as the form has it; empty for none. */
export type From = '' | 'reference' | 'archive' | 'build';

/** Files that may be an image which was saved, and Dockerfiles. */
export const archivesIn = (places: readonly Place[]): string[] =>
  places.map(({ path }) => path).filter((path) => /\.(tar|tgz|tar\.gz|oci)$/i.test(path));
export const dockerfilesIn = (places: readonly Place[]): string[] =>
  places.map(({ path }) => path).filter((path) => /(^|\/)(Dockerfile|Containerfile)$/.test(path));

/** What the fields come to; null for the worker's own programs. */
export function readImage(values: Typed, places: readonly Place[]): Where | null {
  const { from = '', network = '' } = values;
  const image = from === '' ? null : imageOf(from as Exclude<From, ''>, values, places);
  if (image === null) return null;
  const entrypoint = entrypointOf(values.entrypoint ?? '');
  return {
    problems: {
      ...image.problems,
      ...(entrypoint === 'not-read'
        ? { entrypoint: 'A program with its first arguments, such as python3 -u.' }
        : {}),
    },
    takes: image.takes,
    request: (blobOf) => ({
      ...{ kind: 'container', image: image.request(blobOf), network: network !== '' },
      entrypoint: entrypoint === 'not-read' ? null : entrypoint,
    }),
  };
}

/** Null for that of the image, none for a pair of quotes. */
function entrypointOf(typed: string): string[] | null | 'not-read' {
  if (typed.trim() === '') return null;
  const words = splitWords(typed);
  if (!words.ok) return 'not-read';
  if (words.value.every((word) => word === '')) return [];
  return Entrypoint.safeParse(words.value).data ?? 'not-read';
}

type Read = {
  problems: Typed;
  takes(path: string): boolean;
  request(blobOf: (part: string) => string): Record<string, unknown>;
};

function imageOf(from: Exclude<From, ''>, values: Typed, places: readonly Place[]): Read {
  switch (from) {
    case 'reference':
      return named((values.reference ?? '').trim());
    case 'archive':
      return saved(chosen(values.archive, archivesIn(places)), places);
    case 'build':
      return built(chosen(values.dockerfile, dockerfilesIn(places)), places);
    default:
      return from satisfies never;
  }
}

/** The one that was chosen, or the first there is. */
export const chosen = (path: string | undefined, paths: readonly string[]): string | null =>
  path !== undefined && paths.includes(path) ? path : (paths[0] ?? null);

const named = (reference: string): Read => ({
  problems: Reference.safeParse(reference).success
    ? {}
    : { reference: 'The name of an image, such as debian:bookworm-slim or ghcr.io/owner/name:1.0.' },
  takes: () => false,
  request: () => ({ from: 'reference', reference }),
});

function saved(path: string | null, places: readonly Place[]): Read {
  const archive = places.find((place) => place.path === path);
  return {
    problems:
      archive === undefined
        ? { archive: 'Give the archive with the other files: "podman save -o image.tar NAME" writes one.' }
        : {},
    takes: (one) => one === path,
    request: (blobOf) => ({
      ...{ from: 'archive', name: archive?.path.split('/').at(-1) ?? '' },
      blob: blobOf(archive?.part ?? ''),
    }),
  };
}

/** Of all in the folder of the Dockerfile. Where that is the whole folder that was given, its files go along as well. */
function built(path: string | null, places: readonly Place[]): Read {
  const folder = path?.includes('/') === true ? path.slice(0, path.lastIndexOf('/') + 1) : '';
  const context = path === null ? [] : places.filter((place) => place.path.startsWith(folder));
  return {
    problems: path === null ? { dockerfile: 'Give a folder with a Dockerfile.' } : {},
    takes: (one) => folder !== '' && one.startsWith(folder),
    request: (blobOf) => ({
      ...{ from: 'build', dockerfile: path?.slice(folder.length) ?? '' },
      files: context.map((place) => ({
        path: place.path.slice(folder.length),
        blob: blobOf(place.part),
        // A browser does not tell what may be run.
        executable: /\.sh$/.test(place.path),
      })),
    }),
  };
}
