import { FrameResult, ProbeResult, RenderChunkSpec, RenderStageSpec } from './chunks.ts';
import { frameSize } from './frame-size.ts';

/** What is wrong with a worker's report on a probe or a frame; null where it is about what was asked for. */
export function resultProblem(
  stage: { name: string; spec: unknown },
  chunkSpec: unknown,
  result: unknown,
): string | null {
  if (stage.name === 'probe') return ProbeResult.safeParse(result).success ? null : OTHER_FORM;
  const report = FrameResult.safeParse(result);
  if (!report.success) return OTHER_FORM;
  const { frame, width, height } = report.data;
  const asked = RenderChunkSpec.safeParse(chunkSpec).data;
  if (asked !== undefined && frame !== asked.frame) {
    return `The report on frame ${asked.frame} is about frame ${frame}.`;
  }
  const settings = RenderStageSpec.safeParse(stage.spec).data?.settings;
  if (settings === undefined) return null;
  const size = frameSize(settings);
  if (width === size.width && height === size.height) return null;
  return `Frame ${frame} is ${width} x ${height} pixels, and ${size.width} x ${size.height} were asked for.`;
}

const OTHER_FORM = 'The report of the worker does not have the form it should have.';
