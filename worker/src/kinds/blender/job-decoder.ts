import { createDecoder, type Decoder } from '@parallel-pilot/images/decode/decoder.ts';
import type { Expected } from '@parallel-pilot/images/picture.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';

/**
 * The decoder of the frames that a slot renders. What one job's frames may
 * have made of it must not look at another job's: it ends where the job does.
 */
export type JobDecoder = {
  /**
   * The decoder for this job's frames, started if need be; null for OpenEXR, which Blender decodes. Another job's is
   * ended when `unused` has settled.
   */
  turnTo(key: string, expected: Expected, unused: Promise<unknown>): Promise<Decoder | null>;
  pid(): number | undefined;
  close(): Promise<void>;
};

export function createJobDecoder(options: { sandbox: Sandbox; folder: string }): JobDecoder {
  let current: { key: string; decoder: Decoder } | null = null;
  const close = async (): Promise<void> => {
    const last = current;
    current = null;
    await last?.decoder.close();
  };
  return {
    async turnTo(of, expected, unused) {
      const { format, width, height } = expected;
      const key = JSON.stringify([of, format, width, height]);
      if (current?.key === key) return current.decoder;
      await unused;
      await close();
      if (format === 'OPEN_EXR' || format === 'OPEN_EXR_MULTILAYER') return null;
      const { sandbox, folder } = options;
      const decoder = createDecoder({ sandbox, folder, format, width, height });
      decoder.warm();
      current = { key, decoder };
      return decoder;
    },
    pid: () => current?.decoder.pid(),
    close,
  };
}
