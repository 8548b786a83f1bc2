import { type FileHandle, open } from 'node:fs/promises';

/** Numbers that are read and worked on at once. */
export const BLOCK = 65_536;

/** How many numbers of so many bytes a file holds; throws a RangeError where it holds none, or a part of one. */
export async function countIn(file: FileHandle, bytes: number): Promise<number> {
  const { size } = await file.stat();
  if (size === 0 || size % bytes !== 0) throw new RangeError(`it has ${size} bytes`);
  return size / bytes;
}

/** Reads so many bytes from there into the buffer; throws where the file ends before. */
export async function readBlock(file: FileHandle, buffer: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < buffer.length; ) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, at + done);
    if (bytesRead === 0) throw new RangeError('it ended while it was read');
    done += bytesRead;
  }
}

/** Calls `use` with these files open, and closes them. */
export async function withFiles<T>(
  paths: readonly string[],
  flags: string,
  use: (files: FileHandle[]) => Promise<T>,
): Promise<T> {
  const files: FileHandle[] = [];
  try {
    for (const path of paths) files.push(await open(path, flags, 0o600));
    return await use(files);
  } finally {
    for (const file of files) await file.close();
  }
}
