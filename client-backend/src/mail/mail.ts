/** Sends e-mail, where a server for it was set. */
export interface Mail {
  send(mail: { to: string; subject: string; text: string }): Promise<void>;
}
