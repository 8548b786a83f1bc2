import { startTestFarm } from './test-farm.fixture.ts';

// A backend of its own on the data folder it is given, to be killed. Says `planning` within the transaction that
// writes a stage, and holds still there for a moment so that the blow can land.
const [dataFolder = ''] = process.argv.slice(2);
const farm = await startTestFarm({ dataFolder });
const { random } = farm.parts;
farm.parts.random = (count) => {
  process.stdout.write('planning\n');
  return random(count);
};
farm.parts.engine.start();
