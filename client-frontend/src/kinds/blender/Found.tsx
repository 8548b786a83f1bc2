import { engineName } from '@parallel-pilot/shared/kinds/blender/engine-name.ts';
import type { BlenderProbe, ProbedScene } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { Facts } from '../../components/Facts.tsx';
import classes from '../../components/Form.module.css';
import { plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';

/** What Blender saw in the file. */
export function Found({ probe, scene }: { probe: BlenderProbe; scene: ProbedScene }) {
  const facts: [string, string][] = [
    ['Saved by', `Blender ${probe.fileVersion}`],
    ['Scenes', probe.scenes.map((one) => one.name).join(', ')],
    ['Cameras', scene.cameras.length === 0 ? 'none' : scene.cameras.join(', ')],
    [
      'Frames',
      `${scene.frameStart} to ${scene.frameEnd}${scene.frameStep > 1 ? `, each ${scene.frameStep}th` : ''}`,
    ],
    ['Resolution', `${scene.resolutionX} × ${scene.resolutionY} at ${scene.percentage} %`],
    [
      'Engine',
      scene.samples === null
        ? engineName(scene.engine)
        : `${engineName(scene.engine)}, ${plural(scene.samples, 'sample')}`,
    ],
    ['Frame rate', `${Number(scene.fps.toFixed(3))} fps`],
  ];
  return (
    <Panel title="In the file">
      <Facts facts={facts} />
      {probe.missing.length > 0 && <Missing files={probe.missing} />}
    </Panel>
  );
}

function Missing({ files }: { files: BlenderProbe['missing'] }) {
  return (
    <div className={classes.missing} role="alert">
      <strong>{plural(files.length, 'file')} missing</strong>
      Without them the frames look different. Pack them into the .blend, or send a .zip with all of them.
      <ul>
        {files.slice(0, 12).map((file) => (
          <li key={`${file.type} ${file.name} ${file.path}`}>
            {file.type} {file.name}: {file.path}
          </li>
        ))}
        {files.length > 12 && <li>and {files.length - 12} more</li>}
      </ul>
    </div>
  );
}
