/** Sends e-mail, where a server for it was set. */
export interface Mail {
  /** `id` is its Message-ID, by which a mail that came twice is known. */
  send(mail: { to: string; subject: string; text: string; id?: string }): Promise<void>;
}
