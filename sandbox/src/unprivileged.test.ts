import { fileURLToPath } from 'node:url';
import { asAnotherUser } from '../../tests/support/another-user.ts';

const files = ['escape', 'box/workspace', '../../tests/security/limits-memory'].map((name) =>
  fileURLToPath(new URL(`${name}.test.ts`, import.meta.url)),
);
asAnotherUser(files, 'forks without end');
