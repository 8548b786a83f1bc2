// Loaded before a process of the farm (node --import): each registry gets the one line that a new kind adds to it.
import { registerHooks } from 'node:module';

const at = (file: string): string => new URL(file, import.meta.url).href;
const LINES = [
  {
    registry: '/shared/src/kinds/public.ts',
    after: '  training: trainingPublic,\n',
    line: '  echo: echoPublic,\n',
    from: at('public.ts'),
  },
  {
    registry: '/shared/src/kinds/submissions.ts',
    after: '  training: TrainingSubmission,\n',
    line: '  echo: echoSubmission,\n',
    from: at('public.ts'),
  },
  {
    registry: '/shared/src/kinds/registry.ts',
    after: '  training,\n',
    line: '  echo,\n',
    from: at('shared.ts'),
  },
  {
    registry: '/client-backend/src/kinds/registry.ts',
    after: '  training: trainingBackend,\n',
    line: '  echo: echoBackend,\n',
    from: at('backend.ts'),
  },
  {
    registry: '/worker/src/kinds/registry.ts',
    after: '  trainingWorker,\n',
    line: '  echoWorker,\n',
    from: at('worker.ts'),
  },
];

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const place = LINES.find(({ registry }) => url.endsWith(registry));
    if (place === undefined) return loaded;
    const { after, line, from } = place;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    if (!source.includes(after)) throw new Error(`${url} has no line ${after}`);
    const name = line.replace(/,\n$/, '').split(':').at(-1)?.trim();
    return {
      ...loaded,
      source: `import { ${name} } from '${from}';\n${source.replace(after, after + line)}`,
    };
  },
});
