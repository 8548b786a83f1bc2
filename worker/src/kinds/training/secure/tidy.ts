import { removeForgotten } from './round-record.ts';

const EACH_MS = 6 * 3_600_000;

/**
 * Removes what trainings left that never came to their end, now and every six hours, for as long as the process lasts
 * otherwise. What cannot be removed is told, and tried again.
 */
export function tidyNowAndThen(
  folder: string,
  clock: () => number,
  onLog: (line: string) => void,
): NodeJS.Timeout {
  const tidy = (): void => {
    removeForgotten(folder, clock()).catch((error: unknown) =>
      onLog(`What old trainings left in ${folder} cannot be removed: ${error}`),
    );
  };
  tidy();
  return setInterval(tidy, EACH_MS).unref();
}
