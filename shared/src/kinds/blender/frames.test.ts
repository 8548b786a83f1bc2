import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFrames } from './frames.ts';

const frames = (text: string): number[] => {
  const parsed = parseFrames(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message);
  return parsed.frames;
};
const message = (text: string): string => {
  const parsed = parseFrames(text);
  assert.ok(!parsed.ok, `"${text}" was accepted`);
  return parsed.message;
};

test('every form of the frame syntax', () => {
  assert.deepEqual(frames('1-10,20,30-40x2'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 32, 34, 36, 38, 40]);
  assert.deepEqual(frames('3..5'), [3, 4, 5]);
  assert.deepEqual(frames('-20--13'), [-20, -19, -18, -17, -16, -15, -14, -13]);
  assert.deepEqual(frames('-5-3'), [-5, -4, -3, -2, -1, 0, 1, 2, 3]);
  assert.deepEqual(frames('-5..-3'), [-5, -4, -3]);
  assert.deepEqual(frames('6-2'), [6, 5, 4, 3, 2]);
  assert.deepEqual(frames('6-1x2'), [6, 4, 2]);
  assert.deepEqual(frames('-7'), [-7]);
  assert.deepEqual(frames('76-70x-3'), [76, 73, 70]);
  assert.deepEqual(frames('12-15y3'), [13, 14]);
  assert.deepEqual(frames('15-10 Y 2'), [14, 12, 10]);
  assert.deepEqual(frames('6-1y-3'), [5, 4, 2, 1]);
  assert.deepEqual(frames(' 1 - 3 ,\t5 .. 9 x 2\n'), [1, 2, 3, 5, 7, 9]);
});

test('a frame named twice is rendered once, in the place where it was named first', () => {
  assert.deepEqual(frames('5,1-6'), [5, 1, 2, 3, 4, 6]);
});

test('malformed input is an error that quotes the place', () => {
  assert.match(message(''), /frame range is empty/);
  assert.match(message('  '), /frame range is empty/);
  assert.match(message('1-5,abc,9'), /"abc" at character 5: this is not a frame or a range/);
  assert.match(message('1,,2'), /"1,,2" at character 3: a frame is missing between the commas/);
  assert.match(
    message('1-10x0'),
    /"1-10x0" at character 1: the step after "x" must be a whole number from 1/,
  );
  assert.match(message('1-10x1.5'), /step after "x"/);
  for (const text of ['1-', '--5', '1---5', '5x2', '1-2-3', '1.5', '0x10', '1-5x', '1 2', '٣']) message(text);
  assert.match(message('70-76x-3'), /a step below 0 is for a range that descends/);
  for (const text of ['1-5y1', '4-4y2']) assert.match(message(text), /leaves out every frame/);
  assert.match(message('12345678'), /frames run from -9999999 to 9999999/);
  assert.match(message('0-1000000'), /more than 1,000,000 frames/);
});

test('any list of ranges comes back as the frames it names', () => {
  const frame = fc.integer({ min: -500, max: 500 });
  const part = fc.record({ first: frame, last: frame, step: fc.integer({ min: 1, max: 7 }) });
  const space = fc.constantFrom('', ' ', '\t ');
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('-', '..'),
      space,
      (parts, to, s) => {
        const text = parts.map((p) => `${s}${p.first}${s}${to}${s}${p.last}${s}x${s}${p.step}${s}`).join(',');
        const expected: number[] = [];
        for (const { first, last, step } of parts) {
          const direction = last < first ? -step : step;
          for (let f = first; direction > 0 ? f <= last : f >= last; f += direction) expected.push(f);
        }
        assert.deepEqual(frames(text), [...new Set(expected)]);
      },
    ),
  );
});

test('x and y of one range are every frame of it, once', () => {
  const frame = fc.integer({ min: -300, max: 300 });
  fc.assert(
    fc.property(frame, frame, fc.integer({ min: 2, max: 9 }), (first, last, step) => {
      fc.pre(first !== last);
      const range = `${first}..${last}`;
      const both = frames(`${range}x${step},${range}y${step}`).sort((a, b) => a - b);
      assert.deepEqual(
        both,
        frames(range).sort((a, b) => a - b),
      );
    }),
  );
});

test('no text makes the parser throw or take long', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void parseFrames(text)));
  parseFrames(`${' '.repeat(10_000)}x`);
  parseFrames('1'.repeat(10_000));
  parseFrames(Array(400).fill('-9999999-9999999y1').join(','));
});
