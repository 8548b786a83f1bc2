import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pythonEntries } from '@parallel-pilot/sandbox/test-fixtures/python-image.ts';
import {
  busyboxEntries,
  dockerArchive,
  type Entry,
} from '@parallel-pilot/sandbox/test-fixtures/small-image.ts';
import { execa } from 'execa';
import { type Farm, startFarm } from '../support/farm.ts';
import { machineWithImage } from '../support/machine-with-image.ts';
import { REACHING, startReachedServer } from '../support/reached-server.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { until } from '../support/until.ts';

const PILOT = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

let own: string;
let farm: Farm;
before(async () => {
  own = await mkdtemp(join(tmpdir(), 'pilot-e2e-function-image-'));
  const machine = await machineWithImage(own, ['localhost/without:1']);
  await load(machine.env, 'localhost/python:1', pythonEntries());
  const foreign = readFileSync('/bin/busybox');
  // The processor in the head of an ELF file: none that there is.
  foreign.writeUInt16LE(0xfe, 18);
  await load(machine.env, 'localhost/foreign:1', [
    { name: 'usr/bin/python3', mode: 0o755, content: foreign },
  ]);
  farm = await startFarm({ workers: 0 });
  await farm.addWorker(machine.worker);
});
after(async () => {
  await farm?.stop();
  await removeFolder(own);
});

async function load(env: Record<string, string>, name: string, entries: Entry[]): Promise<void> {
  const path = join(own, 'image.tar');
  await writeFile(path, await dockerArchive({ entries: [...busyboxEntries(), ...entries] }));
  await execa('podman', ['load', '--input', path], { env });
  await execa('podman', ['tag', 'localhost/small:1', name], { env });
}

const pilot = (...words: string[]) =>
  execa(process.execPath, [PILOT, 'function', ...words, '--server', farm.url], {
    ...{ cwd: own, reject: false, all: true },
    env: { PILOT_DATA: join(own, 'data'), NO_COLOR: '1' },
  });

async function deploy(name: string, image: string, ...more: string[]): Promise<void> {
  const { exitCode, all } = await pilot('deploy', name, 'handler.py', '--image', image, ...more);
  assert.equal(exitCode, 0, all);
}

async function invoke(name: string, event: unknown) {
  const url = `${farm.url}/api/v1/functions/${name}/invoke`;
  const reply = await fetch(url, { method: 'POST', body: JSON.stringify(event) });
  const body = (await reply.json()) as { [key: string]: unknown };
  return { status: reply.status, body, text: JSON.stringify(body) };
}

const HANDLER = `${REACHING.replace('handle', 'reach')}
import os
calls = 0
def handle(event, context):
    global calls
    calls += 1
    if isinstance(event, dict):
        return reach(event["reach"], context)
    if event == "grow":
        return len("x" * 10**10)
    writable = os.access("/", os.W_OK) or os.access(__file__, os.W_OK)
    return {"calls": calls, "motto": open("/etc/motto").read(), "echo": event, "writable": writable,
            "links": sorted(os.listdir("/sys/class/net")), "image": os.environ["MOTTO"]}
`;

test('a handler runs in an image: warm, shut in, with large events, within its memory; what cannot be is told', async (t) => {
  await writeFile(join(own, 'handler.py'), HANDLER);
  await deploy('inside', 'localhost/python:1', '--memory', '128M');
  const facts = { motto: 'inside\n', writable: false, links: ['lo'], image: 'of the image' };
  const first = await invoke('inside', 1);
  assert.deepEqual(first.body, { ...facts, calls: 1, echo: 1 }, first.text);
  const large = 'x'.repeat(400_000);
  const second = await invoke('inside', large);
  assert.deepEqual(second.body, { ...facts, calls: 2, echo: large }, second.text.slice(0, 500));
  const grown = await invoke('inside', 'grow');
  assert.match(grown.text, /MemoryError|more than the \d+ MB of memory/);
  assert.equal((await invoke('inside', 3)).status, 200);
  assert.match((await pilot('versions', 'inside')).all, /handler\.py in localhost\/python:1/);

  // The machine that it runs on is not reached either.
  const server = await startReachedServer();
  t.after(() => server.close());
  const outward = await invoke('inside', { reach: server.urls });
  assert.deepEqual([outward.body, server.reached], [server.urls.map(() => 'not reached'), 0], outward.text);

  await deploy('without', 'localhost/without:1');
  const without = await invoke('without', 1);
  assert.equal(without.status, 500, without.text);
  assert.match(without.text, /the image \\"localhost\/without:1\\" has no python3 in its PATH/);
  await deploy('foreign', 'localhost/foreign:1');
  assert.match((await invoke('foreign', 1)).text, /localhost\/foreign:1\\" is for another processor/);
  await deploy('absent', 'localhost/absent:1');
  const absent = await invoke('absent', 1);
  assert.equal(absent.status, 503, absent.text);
  assert.match(absent.text, /\\"localhost\/absent:1\\" is not on this worker, and could not be pulled/);

  // An archive travels through the farm, and may bring the handler.
  const brought: Entry[] = [
    ...pythonEntries(),
    { name: 'app', type: 'directory', mode: 0o755 },
    { name: 'app/handler.py', mode: 0o644, content: 'def handle(event, context):\n    return __file__\n' },
  ];
  await writeFile(
    join(own, 'brought.tar'),
    await dockerArchive({ entries: [...busyboxEntries(), ...brought] }),
  );
  const words = ['brought', '--image', 'brought.tar', '--handler', '/app/handler.py'];
  const made = await pilot('deploy', ...words);
  assert.equal(made.exitCode, 0, made.all);
  const found = await invoke('brought', 1);
  assert.equal(found.text, '"/app/handler.py"');
  // The next version in the same image has it at once.
  assert.match((await pilot('deploy', ...words)).all, /version 2/);
  const versionsOf = (name: string) =>
    farm.db
      .selectFrom('function_versions as v')
      .innerJoin('functions as f', 'f.id', 'v.function_id')
      .select(['v.version', 'v.image_json', 'v.spec_json', 'v.job_id', 'f.id', 'f.serving_version'])
      .where('f.name', '=', name)
      .orderBy('v.version')
      .execute();
  const versions = await versionsOf('brought');
  assert.deepEqual(
    versions.map(({ serving_version: by }) => by),
    [null, null],
  );
  assert.equal(versions[0]?.image_json, versions[1]?.image_json);
  // Its archive, which is apart, is held for neither.
  const archive = JSON.parse(versions[1]?.spec_json ?? '').image.blob;
  const held = await farm.db
    .selectFrom('held_blobs')
    .select('hash')
    .where('holder', '=', versions[0]?.id ?? null)
    .execute();
  assert.ok(held.length > 0 && held.every(({ hash }) => hash !== archive));

  // One for a processor that no worker has takes no calls from the version that works.
  const other = process.arch === 'x64' ? 'arm64' : 'amd64';
  const entries = [...busyboxEntries(), ...brought];
  await writeFile(join(own, 'brought.tar'), await dockerArchive({ entries, architecture: other }));
  assert.match((await pilot('deploy', ...words)).all, /version 3/);
  const told =
    /The image of version 3 could not be had \(pilot job \w+\), so version 2 takes the calls: .* no worker of this farm has such a processor/;
  const noted = async () => (await pilot('versions', 'brought')).all.replace(/\s+/g, ' ');
  await until(async () => told.test(await noted()), 'no note says that version 3 cannot run');
  const third = (await versionsOf('brought'))[2];
  assert.deepEqual([third?.image_json, third?.serving_version], [null, 2]);
  assert.equal((await invoke('brought', 1)).text, '"/app/handler.py"');
  // A worker may have joined by now: once its rest is over it is tried again by itself.
  await farm.db
    .updateTable('jobs')
    .set({ finished_at: 0 })
    .where('id', '=', third?.job_id ?? null)
    .execute();
  await until(
    async () => (await versionsOf('brought'))[2]?.job_id !== third?.job_id || null,
    'it is never tried again',
    30_000,
  );

  const lonely = await pilot('deploy', 'x', 'handler.py', '--network');
  assert.match(lonely.all, /reaches the network in an image alone/);
  const shut = await pilot('deploy', 'x', 'handler.py', '--image', 'localhost/python:1', '--network');
  assert.match(shut.all, /No worker of this farm lets containers onto the network/);
});
