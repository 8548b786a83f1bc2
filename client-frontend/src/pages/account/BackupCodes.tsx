import { Secret } from '../people/Secret.tsx';

export function BackupCodes({ codes }: { codes: readonly string[] }) {
  return (
    <Secret
      text="Keep these backup codes where you find them without your phone. Each opens the account once in place of the app, and they are shown this once."
      value={codes.join('\n')}
    />
  );
}
