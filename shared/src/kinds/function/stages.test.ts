import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InstancesStage } from './stages.ts';

test('a stage that an older version has planned is read: its image is a name, or there is none', () => {
  const stage = { name: 'f', version: 1, handler: 'a.py', settings: {} };
  assert.deepEqual(InstancesStage.parse({ ...stage, image: 'alpine' }).image, {
    ...{ image: null, name: 'alpine', network: false },
  });
  assert.equal(InstancesStage.parse(stage).image, null);
  assert.equal(InstancesStage.parse({ ...stage, image: null }).image, null);
});
