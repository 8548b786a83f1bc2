import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { CreateJob } from '../api/create-job.ts';
import { RenderOverrides } from '../kinds/blender/settings.ts';
import { strictObject } from './strict-object.ts';

const messageOf = (schema: z.ZodType, value: unknown): string =>
  schema
    .safeParse(value)
    .error?.issues.map((issue) => issue.message)
    .join(' | ') ?? 'accepted';

test('an unknown key is refused with the nearest known one, or with all', () => {
  const schema = strictObject({ frames: z.string().optional(), samples: z.int().optional() });
  assert.equal(messageOf(schema, { framse: '1' }), '"framse" is not known here, did you mean "frames"?');
  assert.equal(messageOf(schema, { bogus: 1 }), '"bogus" is not known here. Known are frames, samples');
  assert.equal(messageOf(schema, { frames: '1' }), 'accepted');
});

test('what was added to an object later is known too', () => {
  const wider = strictObject({ name: z.string() }).extend({ priority: z.int().optional() });
  assert.match(messageOf(wider, { name: 'a', prioritty: 1 }), /did you mean "priority"/);
});

test('a submission is refused for an unknown key at any depth', () => {
  const source = { blob: 'a'.repeat(64), fileName: 'a.blend' };
  const job = { kind: 'blender', source, settings: {} };
  assert.equal(messageOf(CreateJob, job), 'accepted');
  assert.match(messageOf(CreateJob, { ...job, priorty: 1 }), /did you mean "priority"/);
  assert.match(messageOf(CreateJob, { ...job, settings: { sample: 4 } }), /did you mean "samples"/);
  assert.match(
    messageOf(CreateJob, { ...job, source: { ...source, hash: 'x' } }),
    /"hash" is not known here/,
  );
  assert.match(messageOf(RenderOverrides, JSON.parse('{"__proto__":{"x":1}}')), /not known here|accepted/);
});
