/** Why something was not done to people, teams, keys or links: a code for programs, a sentence for people. */
export type Refusal = {
  ok: false;
  status: 400 | 401 | 403 | 404 | 409 | 410 | 422 | 429;
  code: string;
  message: string;
  /** Choices that would settle it. */
  choices?: string[];
};

export const refuse = (status: Refusal['status'], code: string, message: string): Refusal => ({
  ok: false,
  status,
  code,
  message,
});

export const PERSON_UNKNOWN = refuse(404, 'person-unknown', 'There is no such person.');
