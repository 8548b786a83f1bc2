import { jobPath, retryChunk } from '../../api/farm.ts';

const framePath = (id: string, frame: number) => `${jobPath(id)}/frames/${frame}`;
/** A small picture of a frame. */
export const thumbnailUrl = (id: string, frame: number) =>
  `${framePath(id, frame)}/thumbnail${since(id, '?')}`;
/** The frame in a form that browsers show, whatever its own format. */
export const previewUrl = (id: string, frame: number) => `${framePath(id, frame)}?preview${since(id, '&')}`;
/** The frame's own file. */
export const frameDownloadUrl = (id: string, frame: number) => `${framePath(id, frame)}?download`;

/** When a frame of the job was sent back from this page. */
const sentBack = new Map<string, number>();

// A page shows a picture that it had once from its own memory without asking, whatever the farm says of it:
// after a frame was sent back the addresses are others.
function since(job: string, joint: '?' | '&'): string {
  const at = sentBack.get(job);
  return at === undefined ? '' : `${joint}since=${at}`;
}

/** Has the frame rendered once more within its job. */
export async function renderAgain(job: string, ordinal: number): Promise<void> {
  await retryChunk(job, ordinal);
  sentBack.set(job, Date.now());
}
