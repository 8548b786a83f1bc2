import { Button } from '@mantine/core';
import { type FarmLimits, LIMITS, type LimitName } from '@parallel-pilot/shared/api/limits.ts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { plural } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import { formatLimit, LIMIT_WORDS } from '../people/limit-words.ts';
import { patchTeamLimits } from '../people/limits.ts';
import { More } from '../people/More.tsx';
import classes from '../people/People.module.css';
import { farmLimitsQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import farm from './Farm.module.css';
import { LimitsDialog } from './LimitsDialog.tsx';

type Team = FarmLimits['teams'][number];

/** All teams of the farm: how much each uses, and how much it may. */
export function TeamsPage() {
  const list = useInfiniteQuery(farmLimitsQuery());
  const [chosen, setChosen] = useState<Team | null>(null);
  const defaults = list.data?.pages[0]?.defaults;
  const teams = list.data?.pages.flatMap((page) => page.teams) ?? [];
  return (
    <>
      <PageHead
        title="Teams and limits"
        sub="How much each team uses, and how much it may. Their jobs are their own."
      />
      <Panel title="Teams">
        {list.data === undefined && <Refused error={list.error} />}
        <ul className={classes.rows}>
          {teams.map((team) => (
            <li key={team.id} className={classes.row}>
              <div className={classes.main}>
                <b>{team.name}</b>
                {team.personal && <span className={classes.mark}>personal</span>}
                <small>{plural(team.members, 'person', 'people')}</small>
                <Used team={team} />
              </div>
              <Button
                variant="default"
                size="xs"
                aria-label={`Limits of ${team.name}`}
                onClick={() => setChosen(team)}
              >
                Limits
              </Button>
            </li>
          ))}
        </ul>
        <More list={list} />
      </Panel>
      {chosen !== null && defaults !== undefined && (
        <LimitsDialog
          title={`Limits of ${chosen.name}`}
          note="An empty field is what the farm has for every team."
          limits={chosen.limits}
          defaults={defaults}
          save={(limits) => patchTeamLimits(chosen.id, limits)}
          changes={[farmLimitsQuery().queryKey, ['team', chosen.id]]}
          onClose={() => setChosen(null)}
        />
      )}
    </>
  );
}

function Used({ team }: { team: Team }) {
  const told = LIMITS.filter((name) => name !== 'uploadBytes');
  return (
    <div className={farm.uses}>
      {told.map((name) => (
        <UsedOf key={name} name={name} team={team} />
      ))}
    </div>
  );
}

function UsedOf({ name, team }: { name: LimitName; team: Team }) {
  const { used, most } = team.used[name];
  return (
    <span data-full={(most !== null && used >= most) || undefined}>
      {LIMIT_WORDS[name].label}: {formatLimit(name, used)}
      {most === null ? '' : ` of ${formatLimit(name, most)}`}
    </span>
  );
}
