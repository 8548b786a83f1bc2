import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockerfileProblem } from './dockerfile.ts';

test('what the engine itself would do with the rights of the worker is refused', () => {
  for (const [text, said] of [
    [
      'FROM a\nRUN --mount=type=bind,from=b,target=/x ls',
      /"RUN --mount=type=bind,from=b,target=\/x ls": RUN with --mount/,
    ],
    ['FROM a\nRUN \\\n# a comment\n  --mount=type=cache,target=/x \\\n  ls', /RUN with --mount/],
    ['FROM a\nrun --network=host ls', /RUN with --mount, --security or --network/],
    ['FROM a\nADD https://example.org/x.tar /x', /fetches from the network.*--network alone/s],
    ['FROM a\nADD ["http://10.0.0.1/x", "/x"]', /fetches from the network/],
    ['FROM a\nADD --chown=1 git@example.org:x.git /x', /fetches from the network/],
    ['# escape=`\nFROM a', /escape character/],
  ] as const)
    assert.match(dockerfileProblem(text, false) ?? 'taken', said, text);
});

test('what is done in the box is not', () => {
  for (const text of [
    'FROM debian\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\nCOPY . /app\nADD files.tar /x',
    'FROM a\n# RUN --mount=type=bind ls\nRUN echo --mount',
    'FROM a\nRUN curl https://example.org',
  ])
    assert.equal(dockerfileProblem(text, false), null, text);
  assert.equal(dockerfileProblem('FROM a\nADD https://example.org/x /x', true), null);
});
