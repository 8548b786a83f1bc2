import crc32c from 'crc-32/crc32c.js';

/** A value of one moment; `seconds` since 1970. */
export type Scalar = { seconds: number; step: number; tag: string; value: number };

/**
 * TensorBoard's event file: records as TFRecord has them
 * (https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details), each an `Event` of
 * tensorboard/compat/proto/event.proto with a `Summary` of summary.proto beside it. Protocol buffers are written by
 * hand: five fields do not make up for a library and its compiler.
 */
export function* eventFile(scalars: Iterable<Scalar>): Generator<Buffer> {
  let begun = false;
  for (const { seconds, step, tag, value } of scalars) {
    if (!begun) yield record(Buffer.concat([wallTime(seconds), bytes(3, Buffer.from('brain.Event:2'))]));
    begun = true;
    const simple = Buffer.alloc(5);
    simple[0] = (2 << 3) | FIXED_32;
    simple.writeFloatLE(value, 1);
    const one = Buffer.concat([bytes(1, Buffer.from(tag)), simple]);
    const counted = Buffer.from([2 << 3, ...varint(step)]);
    yield record(Buffer.concat([wallTime(seconds), counted, bytes(5, bytes(1, one))]));
  }
}

/** Its name, by which TensorBoard knows it. */
export const eventFileName = (seconds: number): string =>
  `events.out.tfevents.${Math.floor(seconds)}.parallel-pilot`;

/** Length (8 bytes), its checksum, the bytes, their checksum; little-endian. */
function record(data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(data.length));
  head.writeUInt32LE(maskedCrc(head.subarray(0, 8)), 8);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(maskedCrc(data));
  return Buffer.concat([head, data, tail]);
}

/** ((crc >> 15) | (crc << 17)) + 0xa282ead8 of the CRC-32C, as TFRecord masks it. */
export function maskedCrc(data: Uint8Array): number {
  const crc = crc32c.buf(data) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

// Wire types: https://protobuf.dev/programming-guides/encoding/
const FIXED_64 = 1;
const LENGTH = 2;
const FIXED_32 = 5;

function wallTime(seconds: number): Buffer {
  const field = Buffer.alloc(9);
  field[0] = (1 << 3) | FIXED_64;
  field.writeDoubleLE(seconds, 1);
  return field;
}

const bytes = (field: number, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(field << 3) | LENGTH, ...varint(data.length)]), data]);

/** A whole number from 0 to 2^53, seven bits a byte. */
function varint(number: number): number[] {
  const digits: number[] = [];
  let rest = number;
  for (; rest >= 128; rest = Math.floor(rest / 128)) digits.push((rest % 128) | 128);
  return [...digits, rest];
}
