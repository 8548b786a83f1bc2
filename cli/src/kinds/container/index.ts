import { asTyped } from '@parallel-pilot/shared/kinds/command/words.ts';
import type { ContainerView } from '@parallel-pilot/shared/kinds/container/view.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { bytes } from '../../text/units.ts';
import { runCommandLine } from '../command/command.ts';
import { commandCli, commandFacts } from '../command/index.ts';
import type { CliKind } from '../kind.ts';
import { imageOptions } from './image-options.ts';
import { containerPresenter } from './presenter.ts';

export const containerCli: CliKind = {
  ...commandCli,
  does: 'runs containers',
  command: (context, exit, carryOut) => runCommandLine(context, exit, carryOut, imageOptions(context)),
  example: 'pilot run --image debian:bookworm-slim --array 1-100 -- sh -c "echo {index}"',
  saves: 'Of a command in a container it saves the same.',
  columns: [{ title: 'CONTAINERS', of: engineOf }],
  presenter: containerPresenter,
  facts: (view) => (view.kind === 'container' ? [...commandFacts(view), ...imageFacts(view)] : []),
};

/** "podman 4.3.1 (rootless, seccomp)". */
function engineOf(capabilities: Capabilities): string {
  const { 'container.engine': engine, 'container.isolation': isolation } = capabilities;
  if (typeof engine !== 'string') return '';
  const kept = Array.isArray(isolation) ? ` (${isolation.join(', ')})` : '';
  return `${engine}${kept}`;
}

function imageFacts({ image, network }: ContainerView): [string, string][] {
  const { taken } = image;
  const how =
    taken === null
      ? ''
      : ` (${taken.id.slice(0, 12)}, ${taken.platform}, ${taken.layers} layers, ${bytes(taken.bytes)})`;
  const made = image.from === 'build' ? 'built of ' : '';
  const entrypoint = taken?.entrypoint ?? [];
  return [
    ['Image', `${made}${image.name}${how}`],
    ...(entrypoint.length === 0 ? [] : [['Entrypoint', asTyped(entrypoint)] as [string, string]]),
    ...(network ? [['Network', 'yes'] as [string, string]] : []),
  ];
}
