import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepPictures } from './frame-pictures.ts';

const store = (most: number) => {
  const open = new Set<number>();
  const loads: number[] = [];
  const pictures = keepPictures(async (frame) => {
    loads.push(frame);
    if (frame === 13) throw new Error('gone');
    open.add(frame);
    return { frame, close: () => open.delete(frame) };
  }, most);
  return { open, loads, pictures };
};

test('no more pictures are held than may be, the ones used last, and the others are let go', async () => {
  const { open, pictures } = store(4);
  for (let frame = 1; frame <= 200; frame += 1) {
    await pictures.get(frame);
    await pictures.get(1);
    assert.ok(open.size <= 4, `${open.size} are held`);
  }
  assert.deepEqual(
    [...open].sort((a, b) => a - b),
    [1, 198, 199, 200].slice(-open.size),
  );
  assert.ok(open.has(1));
  pictures.close();
  assert.equal(open.size, 0);
});

test('a picture is fetched once while it is kept; one that is let go before it came is closed when it comes', async () => {
  const { open, loads, pictures } = store(2);
  await Promise.all([pictures.get(1), pictures.get(1), pictures.get(2), pictures.get(3)]);
  assert.deepEqual(loads, [1, 2, 3]);
  assert.deepEqual([...open].sort(), [2, 3]);
  const late = pictures.get(4);
  pictures.close();
  assert.equal(await late, null);
  assert.equal(open.size, 0);
});

test('a frame without a picture is none, and is not asked for again and again', async () => {
  const { loads, pictures } = store(4);
  assert.equal(await pictures.get(13), null);
  assert.equal(await pictures.get(13), null);
  assert.equal(pictures.peek(13), null);
  assert.deepEqual(loads, [13]);
});
