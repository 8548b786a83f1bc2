import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readServerConfig } from '../server/config.ts';

test('secrets of a server come from files, the password of its database too', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pilot-secrets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const control = file('control', 'a-control-token-of-the-farm\n');
  const password = file('password', 'p@ss/word:#?%\n');
  const config = readServerConfig({
    PILOT_DATA: folder,
    PILOT_CONTROL_TOKEN_FILE: control,
    DATABASE_URL: 'mysql://pilot@database/pilot',
    DATABASE_PASSWORD_FILE: password,
  });
  assert.equal(config.secrets.controlToken, 'a-control-token-of-the-farm');
  assert.equal(decodeURIComponent(new URL(config.databaseUrl).password), 'p@ss/word:#?%');
  const url = file('url', 'mysql://pilot:x@database/pilot');
  assert.equal(readServerConfig({ DATABASE_URL_FILE: url }).databaseUrl, 'mysql://pilot:x@database/pilot');

  const refused = (env: Record<string, string>): string => {
    try {
      readServerConfig(env);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  assert.match(
    refused({ PILOT_SIGNING_KEY_FILE: join(folder, 'none') }),
    /PILOT_SIGNING_KEY_FILE: .*none cannot be read: there is no such file/,
  );
  assert.match(refused({ PILOT_SIGNING_KEY_FILE: file('empty', '\n') }), /must have one line/);
  assert.match(
    refused({ PILOT_CONTROL_TOKEN: 'one-of-sixteen-letters', PILOT_CONTROL_TOKEN_FILE: control }),
    /both set/,
  );
  assert.match(refused({ DATABASE_PASSWORD_FILE: password }), /DATABASE_PASSWORD.*DATABASE_URL/);
  assert.ok(!refused({ PILOT_WORKER_TOKEN_FILE: file('short', 'tooshort') }).includes('tooshort'));
});
