import type { UploadHandle } from './upload.ts';

/** The farm did not take the file; `message` is the sentence for the user. */
export class Refusal extends Error {}

export type FileOnItsWay = { blob: Promise<string>; pause(): void; resume(): void };
type Events = {
  /** The farm does not hold the file, so it is sent. */
  onStart(): void;
  onProgress(sent: number): void;
  /** The farm cannot take it at the moment; it is tried again. */
  onTrouble(sentence: string): void;
};

/** Brings a file to the farm, if the farm does not hold it. `blob` ends with a Refusal or what the request threw. */
export function sendFile(file: File, events: Events): FileOnItsWay {
  let handle: UploadHandle | null = null;
  let stopped = false;
  const send = async (): Promise<string> => {
    // Fetched with the first file: who looks at jobs needs nothing of it.
    const { hashIfCheap, startUpload, storedBlob } = await import('./upload.ts');
    const hash = await hashIfCheap(file);
    if (hash !== null && (await storedBlob(hash))) return hash;
    return new Promise((resolve, reject) => {
      if (stopped) return;
      events.onStart();
      handle = startUpload(file, {
        onProgress: events.onProgress,
        onTrouble: events.onTrouble,
        onStored: resolve,
        onRefused: (message) => reject(new Refusal(message)),
      });
    });
  };
  return {
    blob: send(),
    pause() {
      stopped = true;
      handle?.pause();
    },
    resume() {
      stopped = false;
      handle?.resume();
    },
  };
}
