import type { Code } from '@parallel-pilot/shared/kinds/training/spec.ts';
import { openPromise, type ZipFile } from 'yauzl';
import type { z } from 'zod';
import { damaged, type ListedEntry, listEntries, verifyChecksum } from '../../../archives/entries.ts';
import { screenArchive } from '../../../archives/screen-archive.ts';
import type { SubmissionRefusal } from '../../../parts.ts';
import { decodeText } from '../../../text/decode-text.ts';
import { inWords } from '../../../text/in-words.ts';
import { type DataParts, limitsOf } from '../data/data-file.ts';
import { namesOnce } from '../script-imports.ts';
import { foreignModules } from './own-modules.ts';

/** What is unpacked for every chunk. */
const MOST_BYTES = 32 * 1024 ** 2;
const MOST_FILES = 2_000;
/** Of one file of Python that is looked into. */
const MOST_TEXT_BYTES = 1024 ** 2;

type Script = { fileName: string; text: string };

/** Looks whether files beside a script can be taken, and which modules they need that are none of them. */
export async function readCode(
  parts: DataParts,
  { blob, fileName, entry }: z.output<typeof Code>,
  script: Script,
): Promise<{ ok: true; modules: string[]; once: boolean } | SubmissionRefusal> {
  if (!entry.endsWith('.py')) {
    return refuse(`The script is "${entry}" in "${fileName}", and its name does not end with .py.`);
  }
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(parts.blobs.localPath(blob), { decodeStrings: false, autoClose: false });
    const listed = await listEntries(zip, fileName, MOST_FILES);
    if (!listed.ok) return listed;
    const limits = { ...(await limitsOf(parts)), maxBytes: MOST_BYTES };
    const screened = screenArchive(listed.entries, { name: fileName, size: zip.fileSize }, limits);
    if (!screened.ok) return screened;
    const texts = new Map<string, string>();
    for (const { path, entry: listedEntry } of screened.files) {
      if (!path.endsWith('.py') || path.split('/').some((part) => part.startsWith('.'))) continue;
      if (listedEntry.size > MOST_TEXT_BYTES) {
        return refuse(
          `"${path}" in "${fileName}" has ${inWords(listedEntry.size)}, and ${inWords(MOST_TEXT_BYTES)} are the most of a file of Python.`,
        );
      }
      texts.set(path, decodeText(await bytesOf(zip, listedEntry)) ?? '');
    }
    texts.set(entry, script.text);
    const once = texts.values().some(namesOnce);
    return { ok: true, modules: foreignModules(entry, texts), once };
  } catch (error) {
    return damaged(fileName, error);
  } finally {
    zip?.close();
  }
}

async function bytesOf(zip: ZipFile, { entry }: ListedEntry): Promise<Buffer> {
  const packed = await zip.openReadStreamPromise(entry);
  const checked = packed.pipe(verifyChecksum(entry));
  packed.once('error', (error) => checked.destroy(error));
  return Buffer.concat(await checked.toArray());
}

const refuse = (message: string): SubmissionRefusal => ({ ok: false, code: 'not-a-script', message });
