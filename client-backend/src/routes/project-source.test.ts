import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceIn } from './project-source.ts';

const config = (url: string) => `[core]
\tbare = false
[remote "upstream"]
\turl = https://other.example/x
[remote "origin"]
\tfetch = +refs/heads/*:refs/remotes/origin/*
\turl = ${url}
[branch "main"]
\tremote = origin
`;

test('the address of origin, as it was cloned', () => {
  for (const url of [
    'https://git.example/a/pilot.git',
    'git@git.example:a/pilot.git',
    'ssh://git@host:22/~a/p',
    '/srv/pilot',
  ])
    assert.equal(sourceIn(config(url)), url);
});

test('no password is shown, and nothing that a shell would take for more than a word', () => {
  assert.equal(sourceIn(config('https://ann:secret@git.example/pilot')), 'https://git.example/pilot');
  assert.equal(sourceIn(config('https://token@git.example/pilot')), 'https://git.example/pilot');
  for (const url of ['a;rm -rf x', '$(id)', '--upload-pack=x', "a'b", 'a b', ''])
    assert.equal(sourceIn(config(url)), null, url);
  assert.equal(sourceIn('[core]\n'), null);
});
