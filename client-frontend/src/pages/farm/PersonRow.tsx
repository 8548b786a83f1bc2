import { ActionIcon, Menu } from '@mantine/core';
import type { PatchPerson, PersonView } from '@parallel-pilot/shared/api/limits.ts';
import type { MadeLink } from '@parallel-pilot/shared/api/people.ts';
import {
  IconBan,
  IconDots,
  IconGauge,
  IconKey,
  IconShield,
  IconTrash,
  IconUserShare,
} from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { Ask } from '../../components/Ask.tsx';
import { formatAgo, plural } from '../../components/format.ts';
import { actAs, makeResetLink, patchPerson } from '../people/limits.ts';
import classes from '../people/People.module.css';
import { useChange } from '../people/use-change.ts';
import { DeletePerson } from './DeletePerson.tsx';
import { LimitsDialog } from './LimitsDialog.tsx';
import { MadeLinkDialog } from './MadeLinkDialog.tsx';

type PersonRowProps = {
  person: PersonView;
  /** Who could take their jobs over. */
  people: readonly PersonView[];
  me: boolean;
};

const changes = [['people']];

export function PersonRow({ person, people, me }: PersonRowProps) {
  const banned = person.bannedAt !== null;
  return (
    <li className={classes.row} data-off={banned || undefined}>
      <div className={classes.main}>
        <b>{person.name}</b>
        {me && <span className={classes.mark}>you</span>}
        {person.role === 'admin' && <span className={classes.mark}>admin</span>}
        {banned && (
          <span className={classes.mark} data-bad>
            banned
          </span>
        )}
        <small>{factsOf(person).join(' · ')}</small>
      </div>
      <Actions person={person} people={people} me={me} />
    </li>
  );
}

function factsOf({ email, teams, liveJobs, createdAt }: PersonView): string[] {
  return [
    ...(email === null ? [] : [email]),
    plural(teams, 'team'),
    ...(liveJobs > 0 ? [`${plural(liveJobs, 'job')} under way`] : []),
    `since ${formatAgo(createdAt, Date.now())}`,
  ];
}

type Asked = 'ban' | 'delete' | 'limits' | 'act' | null;

function Actions({ person, people, me }: PersonRowProps) {
  const [asked, setAsked] = useState<Asked>(null);
  const [link, setLink] = useState<MadeLink | null>(null);
  const more = useRef<HTMLButtonElement>(null);
  const close = () => setAsked(null);
  const patch = useChange((body: PatchPerson) => patchPerson(person.id, body), { changes, onDone: close });
  const reset = useChange(() => makeResetLink(person.id), { onDone: setLink });
  const act = useChange(() => actAs(person.id), { onDone: () => window.location.assign('/') });
  const banned = person.bannedAt !== null;
  const admin = person.role === 'admin';
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon
            ref={more}
            variant="default"
            size={34}
            aria-label={`More about ${person.name}`}
            loading={patch.isPending || reset.isPending || act.isPending}
          >
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconGauge size={16} aria-hidden />} onClick={() => setAsked('limits')}>
            Limits
          </Menu.Item>
          {person.account === 'auth' && (
            <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={() => reset.mutate()}>
              Link for a new password
            </Menu.Item>
          )}
          {!me && (
            <>
              <Menu.Item
                leftSection={<IconShield size={16} aria-hidden />}
                onClick={() => patch.mutate({ role: admin ? 'person' : 'admin' })}
              >
                {admin ? 'Admin no more' : 'Make an admin'}
              </Menu.Item>
              {!admin && !banned && (
                <Menu.Item
                  leftSection={<IconUserShare size={16} aria-hidden />}
                  onClick={() => setAsked('act')}
                >
                  Act as them
                </Menu.Item>
              )}
              <Menu.Divider />
              <Menu.Item
                leftSection={<IconBan size={16} aria-hidden />}
                onClick={() => (banned ? patch.mutate({ banned: false }) : setAsked('ban'))}
              >
                {banned ? 'Let in again' : 'Ban'}
              </Menu.Item>
              <Menu.Item
                c="var(--berry-ink)"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={() => setAsked('delete')}
              >
                Delete
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <Ask
        opened={asked === 'ban'}
        title={`Ban ${person.name}?`}
        text="Their sessions end and their keys are refused at once, everywhere. Their jobs and teams stay, and you may let them in again."
        keep="Leave it"
        go="Ban"
        working={patch.isPending}
        returnTo={more}
        onClose={close}
        onGo={() => patch.mutate({ banned: true })}
      />
      <Ask
        opened={asked === 'act'}
        title={`Act as ${person.name}?`}
        text="You see and may do what they may. All of it is in the audit under both names, and a red bar reminds you until you end it."
        keep="Leave it"
        go="Act as them"
        working={act.isPending}
        returnTo={more}
        onClose={close}
        onGo={() => act.mutate()}
      />
      {asked === 'delete' && <DeletePerson person={person} people={people} returnTo={more} onClose={close} />}
      {asked === 'limits' && (
        <LimitsDialog
          title={`Limits of ${person.name}`}
          note="For all that they do, in all their teams. Empty is no limit of their own."
          limits={person.limits}
          save={(limits) => patchPerson(person.id, { limits })}
          changes={changes}
          onClose={close}
        />
      )}
      <MadeLinkDialog title="Link for a new password" made={link} onClose={() => setLink(null)} />
    </>
  );
}
