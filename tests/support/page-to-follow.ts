import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { removeFolder } from './remove-folder.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a page. `file`: its path below the folder, where the block is a file, which begins with that in a comment. */
export type Block = { language: string; text: string; line: number; file: string | undefined };

const FILE = /^# ([\w./-]+(?:\.(?:py|json|toml|txt|csv|yaml)|\/Dockerfile))\n/;

export function blocksOf(page: string): Block[] {
  const lines = page.split('\n');
  const fences = lines.flatMap((line, at) => (line.startsWith('```') ? [at] : []));
  return Array.from({ length: fences.length / 2 }, (_, index) => {
    const [from = 0, to = 0] = fences.slice(2 * index, 2 * index + 2);
    const text = `${lines.slice(from + 1, to).join('\n')}\n`;
    return { language: (lines[from] ?? '').slice(3), text, line: from + 1, file: FILE.exec(text)?.[1] };
  });
}

/** A folder with `npx pilot`, without npx, and Python. */
export async function createFollower() {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-docs-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(root, 'cli/src/main.ts')}" "$@"\n`;
  await writeFile(join(bin, 'npx'), npx, { mode: 0o755 });
  await symlink(process.env.PILOT_PYTHON ?? '/usr/bin/python3', join(bin, 'python3'));
  const follower = {
    folder,
    /** Writes the file that a block is; JSON and CSV have no comments. */
    async write({ file = '', text, language }: Block, at = folder): Promise<void> {
      await mkdir(dirname(join(at, file)), { recursive: true });
      const bare = ['json', 'csv'].includes(language);
      await writeFile(join(at, file), bare ? text.replace(FILE, '') : text);
    },
    /** Runs the lines of a block, which end at the first that fails. */
    run: (text: string, env: Record<string, string>, at = folder) =>
      execa('sh', ['-e', '-c', text], {
        cwd: at,
        env: { PATH: `${bin}:${process.env.PATH}`, ...env },
        reject: false,
      }),
    /**
     * Follows a page on which every block is a file or lines of `sh`, beside a copy of `examples`; what they printed.
     * Throws where a line fails.
     */
    async follow(name: string, env: Record<string, string>, examples?: string): Promise<string> {
      if (examples !== undefined) await cp(join(root, examples), join(folder, examples), { recursive: true });
      const printed: string[] = [];
      for (const block of blocksOf(await readFile(join(root, 'docs', name), 'utf8'))) {
        if (block.file !== undefined) {
          await follower.write(block);
          continue;
        }
        assert.equal(block.language, 'sh', `what is this?\n${block.text}`);
        const { exitCode, stdout, stderr } = await follower.run(block.text, env);
        assert.equal(exitCode, 0, `${block.text}\n${stdout}\n${stderr}`);
        printed.push(stdout);
      }
      return printed.join('\n');
    },
    remove: () => removeFolder(folder),
  };
  return follower;
}

export type Follower = Awaited<ReturnType<typeof createFollower>>;
