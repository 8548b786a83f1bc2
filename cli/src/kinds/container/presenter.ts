import type { Presenter } from '../../report/presenter.ts';
import { commandPresenter } from '../command/presenter.ts';

/** Commands in images, which have to be there first. */
export const containerPresenter: Presenter = {
  ...commandPresenter,
  states: { ...commandPresenter.states, preparing: 'Getting the image ready.' },
};
