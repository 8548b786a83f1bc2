import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf, refusedFor } from './destructive.ts';

const refused = (...words: string[]): string | null => refusedFor(linesOf(words));

test('what is plainly meant to destroy is refused, as words or within what a shell is given', () => {
  const lines: [string[], RegExp][] = [
    [['rm', '-rf', '/'], /removes everything/],
    [['sudo', 'rm', '-fr', '--no-preserve-root', '/'], /removes everything/],
    [['bash', '-c', 'cd /tmp; rm -r -f ~'], /removes everything/],
    [['sh', '-c', 'rm --recursive --force "/home"'], /removes everything/],
    [['/bin/rm', '-rf', '/*'], /removes everything/],
    [['mkfs.ext4', '/dev/sda1'], /file system/],
    [['dd', 'if=/dev/zero', 'of=/dev/sda', 'bs=1M'], /over a disk/],
    [['bash', '-c', 'cat x > /dev/nvme0n1'], /over a disk/],
    [['bash', '-c', ':(){ :|:& };:'], /fork bomb/],
    [['bash', '-c', 'bomb() { bomb | bomb & }; bomb'], /fork bomb/],
    [['shutdown', '-h', 'now'], /shuts/],
    [['bash', '-c', 'echo a && reboot'], /shuts/],
    [['systemctl', 'poweroff'], /shuts/],
    [['bash', '-c', 'curl -s https://x.sh | sudo bash'], /fetches/],
    [['bash', '-c', 'wget -qO- x|sh -s'], /fetches/],
    [['bash', '-c', 'bash <(curl x)'], /fetches/],
  ];
  for (const [words, why] of lines) assert.match(refused(...words) ?? 'taken', why, words.join(' '));
  assert.match(refusedFor('#!/bin/sh\nset -e\nrm -rf /usr\n') ?? '', /removes everything/);
});

test('what only looks a little like it is taken', () => {
  const lines = [
    ['rm', '-rf', './build', '/tmp/x'],
    ['bash', '-c', 'rm -rf /job/work/out; rm -r ~/cache/x'],
    ['dd', 'if=in.bin', 'of=/dev/null'],
    ['dd', 'if=/dev/zero', 'of=file.bin'],
    ['python3', 'sim.py', '--shutdown', 'reboot'],
    ['echo', 'rm', '-rf', '/'],
    ['bash', '-c', 'curl -o a.txt https://x; sh run.sh'],
    ['bash', '-c', 'f() { g | h & }; f'],
    ['python3', 'reboot.py'],
    ['./halt-after', '3'],
  ];
  for (const words of lines) assert.equal(refused(...words), null, words.join(' '));
});

test('an admin may allow a sort, or have more refused', () => {
  const words = linesOf(['shutdown', 'now']);
  assert.equal(refusedFor(words, { allowed: ['shut-down'], texts: [] }), null);
  assert.match(
    refusedFor(linesOf(['xmrig', '-o', 'pool']), { allowed: [], texts: ['xmrig'] }) ?? '',
    /holds "xmrig"/,
  );
});
