import { type FileHandle, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { GangPlace } from '@parallel-pilot/shared/protocol/gang.ts';
import { listenInFolder } from '../listen-in-folder.ts';
import { call, type GangPort, type Incoming } from './gang-port.ts';

/** The socket's name in the folder that the box may only read. */
export const SOCKET = 'gang.sock';

/** A box may hold so many connections at most: those of each pair, some times over. */
const MOST_CONNECTIONS = 1_024;
/** "to 127 65535\n" */
const LONGEST_LINE = 16;
/** Others may still fetch their files, or wait for the program of their last chunk to end. */
const JOIN_MS = 600_000;
const AGAIN_MS = 200;

/**
 * The way of one member's box to the others of its gang, and of theirs to it. A box has a network of its own with
 * nobody else in it; all that leads out is a Unix socket, to which its relay says on each connection
 * `to <rank> <port>`, or `wait`: then the next call from outside comes over it, its port first.
 */
export class GangLink {
  readonly #place: GangPlace;
  readonly #server: Server;
  readonly #folder: FileHandle;
  readonly #path: string;
  readonly #closed = new AbortController();
  readonly #sockets = new Set<Duplex>();
  readonly #waiting: Socket[] = [];
  readonly #calls: Incoming[] = [];
  readonly #leave: () => void;
  #lost = false;
  #unreached: string | null = null;

  private constructor(
    lease: LeaseId,
    place: GangPlace,
    port: GangPort,
    server: Server,
    folder: FileHandle,
    path: string,
  ) {
    this.#place = place;
    this.#server = server;
    this.#folder = folder;
    this.#path = path;
    this.#leave = port.join({ lease, place, onCall: (incoming) => this.#onCall(incoming) });
  }

  /** `folder`: what the box sees read-only, and cannot put anything else in. */
  static async open(
    { lease, place, port }: { lease: LeaseId; place: GangPlace; port: GangPort },
    folder: string,
  ): Promise<GangLink> {
    const server = createServer();
    server.maxConnections = MOST_CONNECTIONS;
    const handle = await listenInFolder(server, folder, SOCKET);
    const link = new GangLink(lease, place, port, server, handle, join(folder, SOCKET));
    server.on('connection', (socket) => link.#onBox(socket));
    return link;
  }

  /** A connection to another member was ended by the other side: what fails here from now on, fails of that. */
  get lost(): boolean {
    return this.#lost;
  }

  /** A sentence where another member's worker could not be reached at all. */
  get unreached(): string | null {
    return this.#unreached;
  }

  async close(): Promise<void> {
    this.#leave();
    this.#closed.abort();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await rm(this.#path, { force: true });
    await this.#folder.close();
  }

  #onBox(socket: Socket): void {
    this.#track(socket);
    readLine(socket, (line) => {
      const [, rank, port] = /^to (\d{1,3}) (\d{1,5})\n$/.exec(line) ?? [];
      if (line === 'wait\n') this.#wait(socket);
      else if (rank === undefined || port === undefined) socket.destroy();
      else void this.#callOut(socket, Number(rank), Number(port));
    });
  }

  #wait(socket: Socket): void {
    const next = this.#calls.shift();
    if (next === undefined) this.#waiting.push(socket);
    else this.#connect(socket, next);
  }

  #onCall(incoming: Incoming): void {
    this.#track(incoming.socket);
    let waiting = this.#waiting.shift();
    while (waiting?.destroyed) waiting = this.#waiting.shift();
    if (waiting !== undefined) this.#connect(waiting, incoming);
    else if (this.#calls.length < MOST_CONNECTIONS) this.#calls.push(incoming);
    else incoming.socket.destroy();
  }

  #connect(box: Socket, { port, socket }: Incoming): void {
    box.write(`${port}\n`);
    this.#pair(box, socket);
  }

  async #callOut(box: Socket, rank: number, inside: number): Promise<void> {
    const address = rank === this.#place.rank ? null : this.#place.members[rank]?.address;
    if (address === null || address === undefined || inside < 1 || inside > 65_535) return void box.destroy();
    const until = performance.now() + JOIN_MS;
    let why = '';
    while (!this.#closed.signal.aborted && !box.destroyed && performance.now() < until) {
      for (const host of address.hosts) {
        try {
          const to = { rank, host, port: address.port, inside };
          const socket = await call(this.#place, to, this.#closed.signal);
          this.#track(socket);
          return this.#pair(box, socket);
        } catch (error) {
          why = (error as Error).message;
        }
      }
      await pause(AGAIN_MS);
    }
    if (!box.destroyed && !this.#closed.signal.aborted)
      this.#unreached = `The worker of rank ${rank} could not be reached at ${address.hosts.join(', ')}, port ${address.port}: ${why}.`;
    box.destroy();
  }

  #pair(box: Duplex, peer: Duplex): void {
    let endedHere = false;
    const here = () => {
      endedHere = true;
    };
    const there = () => {
      if (!endedHere && !this.#closed.signal.aborted) this.#lost = true;
    };
    box.once('end', here).once('close', here);
    peer.once('end', there).once('close', there);
    box.once('close', () => peer.destroy());
    peer.once('close', () => box.destroy());
    box.pipe(peer);
    peer.pipe(box);
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

function readLine(socket: Socket, then: (line: string) => void): void {
  let line = '';
  const onReadable = (): void => {
    for (;;) {
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) return;
      line += byte.toString('latin1');
      if (line.endsWith('\n') || line.length > LONGEST_LINE) break;
    }
    socket.off('readable', onReadable);
    then(line);
  };
  socket.on('readable', onReadable);
}
