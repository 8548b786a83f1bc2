import { Setup as CommandSetup } from '../command/Setup.tsx';
import { ImageFields } from './ImageFields.tsx';
import { readImage } from './image-form.ts';

const IN_AN_IMAGE = { Fields: ImageFields, read: readImage };

/** The form of a command, with the image that it runs in. */
export const Setup = () => <CommandSetup elsewhere={IN_AN_IMAGE} />;
