import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResponsePacket } from 'multicast-dns';
import { chooseFarm } from './choose-farm.ts';
import { type FoundFarm, farmsIn } from './find-farms.ts';

const STUDIO = { name: 'studio', url: 'http://192.168.1.10:3001' };
const OTHER = { name: 'other', url: 'http://192.168.1.66:3001' };

function asked(farms: FoundFarm[], { known = [] as string[], typed = null as string | null } = {}) {
  const terminal = () => Object.assign(new PassThrough(), { isTTY: typed !== null, setRawMode: () => {} });
  const [stdin, stderr] = [terminal(), terminal()];
  const url = chooseFarm(
    { stderr: stderr as unknown as NodeJS.WriteStream },
    {
      find: async () => farms,
      isKnown: async (it) => known.includes(it),
      stdin: stdin as unknown as NodeJS.ReadStream,
    },
  );
  if (typed !== null) stdin.write(typed);
  return { url, shown: () => String(stderr.read() ?? '') };
}

test('one farm is joined after a yes, and no other answer is one', async () => {
  const { url, shown } = asked([STUDIO], { typed: 'y\n' });
  assert.equal(await url, STUDIO.url);
  assert.match(shown(), /Join the farm at http:\/\/192\.168\.1\.10:3001\?/);
  for (const typed of ['\n', 'n\n', '1\n', 'yes please\n', '\u0003'])
    await assert.rejects(asked([STUDIO], { typed }).url, /No farm was joined/, JSON.stringify(typed));
});

test('of several somebody says which, by its number', async () => {
  assert.equal(await asked([STUDIO, OTHER], { typed: '2\n' }).url, OTHER.url);
  for (const typed of ['\n', '0\n', '3\n', 'y\n', '1.5\n', '-1\n'])
    await assert.rejects(asked([STUDIO, OTHER], { typed }).url, /No farm was joined/, JSON.stringify(typed));
});

test('the one that was joined before is joined again, whoever else answers; of two of them somebody says which', async () => {
  assert.equal(await asked([OTHER, STUDIO], { known: [STUDIO.url] }).url, STUDIO.url);
  await assert.rejects(asked([OTHER, STUDIO], { known: [STUDIO.url, OTHER.url] }).url, /Without a terminal/);
});

test('without a terminal, and without a farm, it says what to do', async () => {
  await assert.rejects(asked([STUDIO]).url, /nobody can say which is yours.*\n {2}--join http:\/\/192\.168/s);
  await assert.rejects(asked([]).url, /No farm answered.*pilot up --host 0\.0\.0\.0.*--join/s);
});

test('of any answer at all come farms with an IPv4 address and a port, or none', () => {
  const name = fc.oneof(fc.string(), fc.constantFrom('a._parallel-pilot._tcp.local', 'studio.local'));
  const record = fc.record({
    name,
    type: fc.constantFrom('SRV', 'A', 'TXT', 'PTR'),
    ttl: fc.oneof(fc.nat(), fc.constant(undefined)),
    data: fc.oneof(
      fc.anything(),
      fc.constantFrom('192.168.1.10', '1.2.3.4@evil.example', 'evil.example', '::1'),
      fc.record({ port: fc.oneof(fc.integer(), fc.constant(3001)), target: name }),
    ),
  });
  fc.assert(
    fc.property(fc.array(record), fc.array(record), (answers, additionals) => {
      const packet = { answers, additionals } as unknown as ResponsePacket;
      for (const { url } of farmsIn(packet, '192.168.1.10')) {
        assert.match(url, /^http:\/\/\d+\.\d+\.\d+\.\d+:\d+$/);
        assert.equal(new URL(url).origin, url.replace(/:80$/, ''));
      }
    }),
    { numRuns: 500 },
  );
});
