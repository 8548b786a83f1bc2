// Makes the secrets of a farm of containers, once: one file each, in the folder of each who needs it. Killed in the
// middle it goes on where it was: a secret that is in one of its folders is the one that comes into the others.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [root = '/secrets'] = process.argv.slice(2);

/** A worker never sees what signs leases or opens the database. */
const folders = {
  'database-password': ['database', 'farm'],
  'database-root-password': ['database'],
  'worker-token': ['farm', 'worker'],
  'control-token': ['farm'],
  'signing-key': ['farm'],
};

for (const [name, whose] of Object.entries(folders)) {
  const places = whose.map((folder) => join(root, folder, name));
  const made = places.find((place) => existsSync(place));
  const secret = made ? readFileSync(made, 'utf8') : `${randomBytes(24).toString('base64url')}\n`;
  for (const place of places.filter((one) => !existsSync(one))) {
    // Each container reads it as a user of its own, and only those that need the folder have it.
    writeFileSync(`${place}.draft`, secret, { mode: 0o444, flush: true });
    renameSync(`${place}.draft`, place);
  }
}
console.log('The secrets of this farm are there.');
