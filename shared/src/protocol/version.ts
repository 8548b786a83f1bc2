/** Raised whenever an old worker could misread a new message; both sides must be equal. */
export const PROTOCOL_VERSION = 14;
/** A worker says it lives this often, milliseconds. */
export const HEARTBEAT_MS = 2_000;
/** Silence after which a worker counts as lost and its leases expire, milliseconds. */
export const LEASE_MS = 8_000;
