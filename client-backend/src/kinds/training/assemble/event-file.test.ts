import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { eventFile, maskedCrc, type Scalar } from './event-file.ts';

/** A reader of its own: records with their checksums (CRC-32C bit by bit, RFC 3720), then protocol buffers. */
const READER = `
import json, struct, sys

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 128:
            return number, at

def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size, at = {1: (8, at), 5: (4, at)}.get(key & 7) or varint(data, at)
            value, at = data[at : at + size], at + size
        yield key >> 3, value

def scalar(event):
    found = dict(fields(event))
    told = {"seconds": struct.unpack("<d", found[1])[0]}
    if 3 in found:
        return dict(told, version=found[3].decode())
    value = dict(fields(dict(fields(found[5]))[1]))
    return dict(told, step=found[2], tag=value[1].decode(), value=struct.unpack("<f", value[2])[0])

data, at, events = open(sys.argv[1], "rb").read(), 0, []
while at < len(data):
    (length,) = struct.unpack_from("<Q", data, at)
    assert struct.unpack_from("<I", data, at + 8)[0] == masked(data[at : at + 8]), "checksum of a length"
    body = data[at + 12 : at + 12 + length]
    assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(body), "checksum of a record"
    events.append(scalar(body))
    at += 16 + length
print(json.dumps(events))
`;

test('an event file is read by what knows its formats alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-events-'));
  try {
    const few = fc.record({
      seconds: fc.integer({ min: 0, max: 4e9 }).map((ms) => ms / 8),
      step: fc.integer({ min: 0, max: 10_000_000_000 }),
      tag: fc.string({ minLength: 1, maxLength: 32, unit: 'grapheme' }),
      value: fc.float({ noNaN: true, noDefaultInfinity: true }),
    });
    const scalars: Scalar[] = [
      { seconds: 1.5, step: 0, tag: 'loss', value: 0.25 },
      { seconds: 2.5, step: 127, tag: 'loss', value: -1 },
      { seconds: 3.5, step: 128, tag: 'accuracy of the größte', value: 1 },
      ...fc.sample(few, 100),
    ];
    const path = join(folder, 'events');
    await writeFile(path, Buffer.concat([...eventFile(scalars)]));
    const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', READER, path]);
    const [version, ...read] = JSON.parse(stdout);
    assert.deepEqual(version, { seconds: 1.5, version: 'brain.Event:2' });
    assert.deepEqual(
      read,
      scalars.map((one) => ({ ...one, value: one.value === 0 ? one.value : Math.fround(one.value) })),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('checksums are those of CRC-32C, masked', () => {
  // RFC 3720, B.4: 32 bytes of zeros have 0x8a9136aa.
  const crc = 0x8a9136aa;
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  assert.equal(maskedCrc(Buffer.alloc(32)), masked);
});
