import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { resultFiles } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { z } from 'zod';
import type { Parts } from '../parts.ts';

const PAGE = 5_000;
const Files = z.array(ResultFile);

/** What the chunks of a job have delivered and still keep. */
export async function bytesOfChunks(db: Parts['db'], job: JobId): Promise<number> {
  let bytes = 0;
  for (let after = ''; ; ) {
    const rows = await resultFiles(db, after, PAGE, job);
    for (const { files_json } of rows) {
      for (const { size } of Files.parse(JSON.parse(files_json))) bytes += size;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return bytes;
    after = last.id;
  }
}
