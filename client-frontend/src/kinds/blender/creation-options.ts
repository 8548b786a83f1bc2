import { BlenderSubmission } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import type { CreationOptions } from '../kind.ts';

const BlenderOptions = BlenderSubmission.pick({ scripts: true, onFailure: true }).strip();

/** What has to be known before Blender opens the file. */
export const readOptions = (options: CreationOptions) => BlenderOptions.parse(options);
