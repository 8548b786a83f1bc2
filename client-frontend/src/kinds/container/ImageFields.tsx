import { Checkbox, NativeSelect, TextInput } from '@mantine/core';
import classes from '../../components/Form.module.css';
import own from '../command/Command.module.css';
import type { FieldsProps } from '../command/elsewhere.ts';
import { archivesIn, chosen, dockerfilesIn } from './image-form.ts';

const FROM = [
  { value: '', label: 'On the worker itself' },
  { value: 'reference', label: 'In an image, by its name' },
  { value: 'archive', label: 'In an image that was saved (.tar), of these files' },
  { value: 'build', label: 'In the image of a Dockerfile, of these files' },
];

/** Of the files that are sent, the one that the image comes from. */
const FILES: Partial<
  Record<string, { name: string; label: string; description: string; of: typeof archivesIn }>
> = {
  archive: { name: 'archive', label: 'Archive', description: 'As podman or docker saves it', of: archivesIn },
  build: {
    name: 'dockerfile',
    label: 'Dockerfile',
    description: 'A worker builds it, with all in its folder',
    of: dockerfilesIn,
  },
};

/** Which image a command runs in, if any. */
export function ImageFields({ values, onChange, places, problems }: FieldsProps) {
  const { from = '' } = values;
  const file = FILES[from];
  const set = (name: string) => (event: { currentTarget: { value: string } }) =>
    onChange({ ...values, [name]: event.currentTarget.value });
  return (
    <>
      <NativeSelect
        className={(from === '' ? classes.whole : classes.half) ?? ''}
        label="Where it runs"
        description={from === '' ? undefined : 'On workers with podman or docker'}
        data={FROM}
        value={from}
        onChange={set('from')}
      />
      {from === 'reference' && (
        <TextInput
          className={classes.half ?? ''}
          label="Image"
          description="A worker has it, or fetches it"
          placeholder="debian:bookworm-slim"
          spellCheck={false}
          autoCapitalize="off"
          value={values.reference ?? ''}
          onChange={set('reference')}
          error={problems.reference}
        />
      )}
      {file !== undefined && (
        <NativeSelect
          className={classes.half ?? ''}
          label={file.label}
          description={file.description}
          data={file.of(places)}
          value={chosen(values[file.name], file.of(places)) ?? ''}
          onChange={set(file.name)}
          error={problems[file.name]}
        />
      )}
      {from !== '' && (
        <>
          <TextInput
            className={classes.half ?? ''}
            classNames={{ input: own.typed ?? '' }}
            label="Entrypoint"
            description="Stands before the command; a pair of quotes for none"
            placeholder="that of the image"
            spellCheck={false}
            autoCapitalize="off"
            value={values.entrypoint ?? ''}
            onChange={set('entrypoint')}
            error={problems.entrypoint}
          />
          <Checkbox
            className={classes.half ?? ''}
            label="It may reach the network"
            description="On workers whose owners let containers onto it"
            checked={(values.network ?? '') !== ''}
            onChange={({ currentTarget }) =>
              onChange({ ...values, network: currentTarget.checked ? '1' : '' })
            }
          />
        </>
      )}
    </>
  );
}
