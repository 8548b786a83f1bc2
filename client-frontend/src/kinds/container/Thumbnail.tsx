import { IconBox } from '@tabler/icons-react';
import { IconThumbnail } from '../IconThumbnail.tsx';

export const Thumbnail = () => <IconThumbnail icon={IconBox} />;
