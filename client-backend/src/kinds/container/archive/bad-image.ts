/** The archive is no image that can be used; the message is a sentence for the user. */
export class BadImage extends Error {}

/** The disk of the farm has no room for what is written. */
export class NoRoom extends Error {}
