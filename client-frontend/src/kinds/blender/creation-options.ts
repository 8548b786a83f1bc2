import { BeforeOpening } from '@parallel-pilot/shared/kinds/blender/before-opening.ts';
import { z } from 'zod';
import type { CreationOptions } from '../kind.ts';

const BlenderOptions = z.object(BeforeOpening);

/** What has to be known before Blender opens the file. */
export const readOptions = (options: CreationOptions) => BlenderOptions.parse(options);
