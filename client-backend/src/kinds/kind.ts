import type { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import type { RenderOverrides } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { Note } from '@parallel-pilot/shared/kinds/kind.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Capabilities, Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Assembly, BackendKind, Parts } from '../parts.ts';

/** A file of the result, whose bytes are in the blob store already. It is registered when the job completes. */
export type MadeArtifact = StoredBlob & { name: string; mediaType: string };

export type MadeAssembly =
  | { outcome: 'complete'; artifacts: MadeArtifact[]; notes: Note[] }
  | Exclude<Assembly, { outcome: 'complete' }>;

/** What the job page shows of a stored spec. */
export type JobDescription = {
  fileName: string;
  scripts: boolean;
  review: boolean;
  probe: BlenderProbe | null;
  overrides: RenderOverrides;
};

/** All that jobs, pages and files need to know of a kind on the backend's side. */
export interface FarmKind extends BackendKind {
  assemble(
    parts: Parts,
    job: JobId,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<MadeAssembly>;
  /** True when the first chunk that fails for good ends the job. */
  stopsOnFailure(spec: unknown): boolean;
  /** Why none of these workers can run a stage, null where one can or none is connected. */
  fleetProblem(fleet: Capabilities[], requirements: Requirement[]): { code: string; message: string } | null;
  /** `firstResult` is the result of the first stage's first chunk, null while it is not done. */
  describe(spec: unknown, firstResult: unknown): JobDescription;
  /** The stage whose chunks make images, each as a file of that name; null for a kind without images. */
  readonly images: { stage: string; file: string } | null;
  /** The frame of each chunk in the order of ordinals; null for a stage without frames. */
  framesOf(stageName: string, stageSpec: unknown): number[] | null;
  /** The path of a WebP made from such an image. */
  derivedImage(
    parts: Parts,
    blob: BlobHash,
    mediaType: string,
    what: 'thumbnail' | 'preview',
  ): Promise<string>;
  /** Drops what was derived from blobs that are gone (thumbnails). */
  forget(parts: Parts, blobs: BlobHash[]): Promise<void>;
  /** The extension of the image files, without the dot. */
  imageExtension(stageSpec: unknown): string;
}
