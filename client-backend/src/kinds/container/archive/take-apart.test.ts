import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import {
  busyboxEntries,
  dockerArchive,
  ociArchive,
  partsOfImage,
  sha256,
  tarOf,
} from '@parallel-pilot/sandbox/test-fixtures/small-image.ts';
import type { Image } from '@parallel-pilot/shared/kinds/container/image.ts';
import { findBlob } from '@parallel-pilot/shared/server/db/blobs.ts';
import { startTestFarm, type TestFarm } from '../../../jobs/test-farm.fixture.ts';
import { BadImage } from './bad-image.ts';
import { takeApart } from './take-apart.ts';

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
});
after(() => farm.stop());

async function taken(archive: Buffer): Promise<Image> {
  const written = await farm.parts.blobs.write(Readable.from([archive]), { maxBytes: 1e9 });
  assert.ok(written.ok);
  const { signal } = new AbortController();
  return takeApart(farm.parts, { archive: written, onProgress: () => {}, signal });
}

const refusal = async (archive: Buffer): Promise<string> =>
  taken(archive).then(
    () => assert.fail('it was taken'),
    (error: Error) => {
      assert.ok(error instanceof BadImage, error.stack);
      return error.message;
    },
  );

test('an archive of docker or podman becomes a blob for each layer, which images of the same base share', async () => {
  const entrypoint = ['/bin/env'];
  const { layer, config, id } = await partsOfImage({ entrypoint });
  const image = await taken(await dockerArchive({ entrypoint }));
  assert.equal(image.id, id);
  assert.deepEqual(image.entrypoint, ['/bin/env']);
  assert.match(image.platform, /^linux\/(amd64|arm64)$/);
  assert.deepEqual(image.layers, [{ hash: sha256(layer), size: layer.length }]);
  assert.deepEqual(image.config, { hash: sha256(config), size: config.length });
  for (const { hash } of [image.config, ...image.layers])
    assert.notEqual(await findBlob(farm.parts.db, hash), undefined, 'a part is not noted');
  const other = await taken(await dockerArchive({ architecture: 'arm64' }));
  assert.equal(other.platform, 'linux/arm64');
  assert.deepEqual(other.layers, image.layers);
});

test('so does an OCI archive, whose layers stay compressed', async () => {
  const { layer, id } = await partsOfImage({ compressed: true });
  const image = await taken(await ociArchive());
  assert.equal(image.id, id);
  assert.deepEqual(image.layers, [{ hash: sha256(layer), size: layer.length }]);
});

test('a layer that leads out of the container is refused by its name', async () => {
  const entries = [...busyboxEntries(), { name: '../../etc/cron.d/mine', content: 'x' }];
  const said =
    /^Layer 1 of the image has a file "\.\.\/\.\.\/etc\/cron\.d\/mine", which would lie outside of the container/;
  assert.match(await refusal(await dockerArchive({ entries })), said);
  assert.match(await refusal(await ociArchive({ entries })), said);
  const link = [{ name: 'innocent', type: 'link' as const, linkname: '../../etc/shadow' }];
  assert.match(
    await refusal(await dockerArchive({ entries: link })),
    /"\.\.\/\.\.\/etc\/shadow", which would lie outside/,
  );
});

test('an archive that is cut off anywhere is told from one that is none', async () => {
  for (const archive of [await dockerArchive(), await ociArchive()])
    for (const part of [0.3, 0.7, 0.95]) {
      const said = await refusal(archive.subarray(0, Math.floor(archive.length * part)));
      assert.match(said, /cut off|no image: neither|incomplete/, `${part}: ${said}`);
    }
  assert.match(await refusal(randomBytes(5_000)), /no tar archive/);
  assert.match(
    await refusal(await tarOf([{ name: 'a', content: 'x' }])),
    /holds no image: neither manifest\.json nor index\.json/,
  );
});

test('layers that are missing, changed or not tar, and several images at once, are refused', async () => {
  const lying = `sha256:${'0'.repeat(64)}`;
  assert.match(
    await refusal(await dockerArchive({ diffId: lying })),
    /^Layer 1 of the image is not what the image says it is/,
  );
  const { config, id } = await partsOfImage();
  const manifest = (images: number) =>
    JSON.stringify(Array.from({ length: images }, () => ({ Config: `${id}.json`, Layers: ['layer.tar'] })));
  const of = (images: number, ...more: { name: string; content: Buffer | string }[]) =>
    tarOf([
      { name: `${id}.json`, content: config },
      ...more,
      { name: 'manifest.json', content: manifest(images) },
    ]);
  assert.match(await refusal(await of(1)), /incomplete: layer\.tar is missing/);
  assert.match(await refusal(await of(2)), /holds 2 images/);
  assert.match(
    await refusal(await of(1, { name: 'layer.tar', content: 'x'.repeat(2_000) })),
    /^Layer 1 of the image is no tar archive/,
  );
  const gzip = Buffer.concat([Buffer.from([0x1f, 0x8b]), randomBytes(600)]);
  assert.match(
    await refusal(await of(1, { name: 'layer.tar', content: gzip })),
    /^Layer 1 of the image is no tar archive/,
  );
  const climbing = await tarOf([{ name: '../manifest.json', content: '[]' }]);
  assert.match(await refusal(climbing), /which would lie outside of it/);
});
