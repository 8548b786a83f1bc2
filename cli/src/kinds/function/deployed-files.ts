import { stat } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import type { DeployFunction } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { z } from 'zod';
import type { Api } from '../../api/client.ts';
import { hashFile, uploadFile } from '../../api/upload.ts';
import { type PackagesGiven, sentPackages, wheelsName } from '../../run/packages.ts';
import { SentenceError } from '../../sentence-error.ts';
import type { ImageGiven } from '../container/image-source.ts';

/** The handler, and what goes along from its folder. */
export async function uploadFiles(api: Api, handler: string, others: readonly string[]) {
  const folder = dirname(handler);
  const files: z.input<typeof DeployFunction>['files'] = [];
  for (const path of [handler, ...others]) {
    const inside = relative(folder, path).split(sep).join('/');
    if (inside.startsWith('..'))
      throw new SentenceError(`${path} does not lie in the folder of the handler, ${folder}.`);
    const isFile = await stat(path).then(
      (it) => it.isFile(),
      () => false,
    );
    if (!isFile) throw new SentenceError(`There is no file ${path}.`);
    files.push({ path: inside, blob: await uploaded(api, path) });
  }
  return files;
}

const uploaded = async (api: Api, path: string) =>
  (await uploadFile(api, path, await hashFile(path), { onProgress() {} })).hash;

/** The image, as a deployment names it. */
export async function uploadImage(api: Api, { files, image }: ImageGiven, folder: string) {
  const { signal } = new AbortController();
  const { paths, remove } = await files({ folder, report() {}, signal });
  try {
    const blobs: BlobHash[] = [];
    for (const path of paths) blobs.push(await uploaded(api, path));
    return image(blobs);
  } finally {
    await remove();
  }
}

/** The requirements and the wheels of a function, as a deployment names them. */
export async function uploadPackages(api: Api, packages: PackagesGiven | null, folder: string) {
  if (packages === null) return {};
  const { signal } = new AbortController();
  const sent = await sentPackages(packages, { folder, signal });
  try {
    const [requirements = '', wheels] = sent.paths;
    const fileOf = async (path: string, name: string) => ({
      blob: await uploaded(api, path),
      fileName: basename(name),
    });
    return {
      requirements: await fileOf(requirements, packages.requirements),
      wheels:
        wheels === undefined || packages.wheels === null
          ? null
          : await fileOf(wheels, wheelsName(packages.wheels)),
    };
  } finally {
    await sent.remove();
  }
}
