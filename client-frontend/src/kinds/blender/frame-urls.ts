import { jobPath } from '../../api/farm.ts';

const framePath = (id: string, frame: number) => `${jobPath(id)}/frames/${frame}`;
/** A small picture of a frame. */
export const thumbnailUrl = (id: string, frame: number) => `${framePath(id, frame)}/thumbnail`;
/** The frame in a form that browsers show, whatever its own format. */
export const previewUrl = (id: string, frame: number) => `${framePath(id, frame)}?preview`;
/** The frame's own file. */
export const frameDownloadUrl = (id: string, frame: number) => `${framePath(id, frame)}?download`;
