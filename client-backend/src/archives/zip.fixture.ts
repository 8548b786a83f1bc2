import { crc32, deflateRawSync } from 'node:zlib';

export type Zipped = {
  name: string;
  bytes: Buffer;
  store?: boolean;
  mode?: number;
  flags?: number;
  method?: number;
  crc?: number;
  /** Further fields of the entry in the table of contents, each `id, length, data`. */
  extra?: Buffer;
  /** The size that the entry claims to have unpacked. */
  declared?: number;
};

/** A .zip written by hand, so that it can lie. */
export function zipOf(entries: Zipped[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const packed = entry.store ? entry.bytes : deflateRawSync(entry.bytes);
    const name = Buffer.from(entry.name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800 | (entry.flags ?? 0), 2);
    common.writeUInt16LE(entry.method ?? (entry.store ? 0 : 8), 4);
    common.writeUInt32LE(entry.crc ?? crc32(entry.bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(entry.declared ?? entry.bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, packed]);
    const extra = entry.extra ?? Buffer.alloc(0);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    const described = Buffer.from(common);
    described.writeUInt16LE(extra.length, 24);
    const start = Buffer.from('PK\x01\x02\x14\x03', 'latin1');
    central.push(Buffer.concat([start, described, tail, name, extra]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
