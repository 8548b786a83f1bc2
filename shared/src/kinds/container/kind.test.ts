import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StageId } from '../../model/ids.ts';
import type { Capabilities } from '../../model/requirement.ts';
import type { PlanningContext } from '../kind.ts';
import { fullReference, Reference } from './image.ts';
import { container } from './kind.ts';
import { fleetProblem, requirementsOf } from './needs.ts';
import { ContainerSpec } from './spec.ts';
import { ContainerStage } from './stages.ts';

const hash = (digit: string): string => digit.repeat(64);
const IMAGE = {
  id: hash('a'),
  platform: 'linux/amd64',
  config: { hash: hash('a'), size: 10 },
  layers: [{ hash: hash('b'), size: 20 }],
};
const specOf = (image: object, more: object = {}): ContainerSpec =>
  ContainerSpec.parse({
    ...{ kind: 'container', image, network: false, words: ['sh', 'x.sh'], many: false, settings: {} },
    parameters: { from: 'files', files: [{ path: 'in.wav', blob: hash('c'), size: 3 }] },
    files: [{ path: 'x.sh', blob: hash('d'), size: 4, executable: true }],
    ...more,
  });
const after = (spec: ContainerSpec, last: object): PlanningContext<ContainerSpec> => ({
  ...{ spec, given: null, decided: null, fleet: [] },
  last: {
    ...{
      id: 'stage_1' as StageId,
      name: 'archive',
      spec: {},
      total: 0,
      done: [],
      failedCount: 0,
      failed: [],
    },
    ...{ taskValue: IMAGE, ...last },
  },
});

test('the image comes first, and then the runs with it among their files', () => {
  const spec = specOf({ from: 'archive', blob: hash('e'), size: 9, name: 'small.tar' });
  const first = container.first(spec);
  assert.deepEqual([first.name, first.chunks.length, first.inputs], ['archive', 0, []]);
  const step = container.next(after(spec, {}));
  assert.ok(step.step === 'stage');
  const { stage } = step;
  assert.deepEqual(
    stage.inputs.map(({ path }) => path),
    ['files/x.sh', 'image/config.json', 'image/0.tar'],
  );
  assert.equal(ContainerStage.parse(stage.spec).image.id, IMAGE.id);
  const [chunk] = stage.chunks.slice(0, 1);
  assert.deepEqual(
    container.chunkInputs('runs', chunk).map(({ path }) => path),
    ['files/in.wav'],
  );
  assert.ok(
    stage.requirements.some(({ key, value }) => key === 'container.platforms' && value === 'linux/amd64'),
  );
});

test('what a worker made of a name or a Dockerfile is let go once it is taken apart', () => {
  const spec = specOf({ from: 'reference', reference: 'debian:bookworm-slim' });
  assert.deepEqual([container.first(spec).name, container.first(spec).chunks.length], ['fetch', 1]);
  const step = container.next(after(spec, { name: 'fetch' }));
  assert.ok(step.step === 'stage');
  assert.deepEqual(step.free, [{ stage: 'stage_1', keep: [] }]);
  const build = specOf({
    ...{ from: 'build', dockerfile: 'Dockerfile' },
    files: [{ path: 'Dockerfile', blob: hash('f'), size: 1 }],
  });
  assert.deepEqual(
    container.first(build).inputs.map(({ path }) => path),
    ['files/Dockerfile'],
  );
  const failed = { ordinal: 0, spec: {}, code: 'container/build-failed', message: 'It could not.', log: '' };
  assert.deepEqual(container.next(after(build, { name: 'build', failedCount: 1, failed: [failed] })), {
    ...{ step: 'fail', code: 'container/build-failed', message: 'It could not.' },
  });
});

test('a command of one’s own puts results together in the same image', () => {
  const spec = specOf(
    { from: 'archive', blob: hash('e'), size: 9, name: 'small.tar' },
    { settings: { gatherBy: ['python3', 'x.sh'] }, entrypoint: ['env'] },
  );
  const runs = container.next(after(spec, {}));
  assert.ok(runs.step === 'stage');
  const packed = { data: { hash: hash('7'), size: 7 }, index: { hash: hash('8'), size: 8 } };
  const left = { unbegun: [], failed: [], meanMs: 1, packed };
  const step = container.next(after(spec, { name: 'runs', spec: runs.stage.spec, taskValue: left }));
  assert.ok(step.step === 'stage');
  assert.deepEqual(
    step.stage.inputs.map(({ path }) => path),
    [
      ...['files/x.sh', 'files/.pilot-results/data', 'files/.pilot-results/index'],
      ...['image/config.json', 'image/0.tar'],
    ],
  );
  const stage = ContainerStage.parse(step.stage.spec);
  assert.deepEqual([stage.words, stage.entrypoint, stage.gathers], [['python3', 'x.sh'], ['env'], true]);
  assert.deepEqual(container.next(after(spec, { name: step.stage.name, spec: stage })), { step: 'assemble' });
});

test('what is sent again is what was sent', () => {
  const spec = specOf({ from: 'archive', blob: hash('e'), size: 9, name: 'small.tar' });
  assert.deepEqual(container.submission(spec).image, { from: 'archive', blob: hash('e'), name: 'small.tar' });
});

const podman = (more: Capabilities = {}): Capabilities => ({
  kinds: ['container'],
  'container.platforms': ['linux/amd64'],
  ...more,
});

test('why no worker can is told: no engine, another processor, no leave for the network', () => {
  const told = (fleet: Capabilities[], of: { platform?: string; network: boolean }) =>
    fleetProblem(fleet, requirementsOf(of))?.message ?? null;
  assert.equal(told([], { network: false }), null);
  assert.match(
    told([{ kinds: ['command'] }], { network: false }) ?? '',
    /takes podman or docker, and a working sandbox/,
  );
  assert.match(
    told([podman()], { platform: 'linux/arm64', network: false }) ?? '',
    /^The image is for linux\/arm64, and no worker of this farm has such a processor: theirs run linux\/amd64\./,
  );
  assert.match(told([podman()], { network: true }) ?? '', /PILOT_CONTAINER_NETWORK=1/);
  const lends = podman({ 'container.network': true });
  assert.equal(told([podman(), lends], { platform: 'linux/amd64', network: true }), null);
});

test('names of images are read as engines read them', () => {
  for (const [typed, full] of [
    ['debian', 'docker.io/library/debian:latest'],
    ['debian:bookworm-slim', 'docker.io/library/debian:bookworm-slim'],
    ['owner/name', 'docker.io/owner/name:latest'],
    ['ghcr.io/owner/name:1.0', 'ghcr.io/owner/name:1.0'],
    ['localhost:5000/x', 'localhost:5000/x:latest'],
    [`debian@sha256:${hash('a')}`, `docker.io/library/debian@sha256:${hash('a')}`],
  ] as const) {
    assert.ok(Reference.safeParse(typed).success, typed);
    assert.equal(fullReference(typed), full);
  }
  for (const typed of ['--privileged', 'a b', '', 'x:', '../x', 'a;b'])
    assert.equal(Reference.safeParse(typed).success, false, typed);
});
