import type { NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';

export const EVENT_WORDS: Record<NoticeEvent, string> = {
  done: 'It is finished',
  failed: 'It failed',
  waiting: 'It waits for me',
  'at-risk': 'It may miss its deadline',
};
