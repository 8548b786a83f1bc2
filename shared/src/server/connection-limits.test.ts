import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../../tests/support/until.ts';
import { limitConnections, serverOptions } from './connection-limits.ts';

const GET = 'GET / HTTP/1.1\r\nHost: farm\r\n\r\n';

test('a reply that nobody takes loses its connection', async (t) => {
  const socket = await openSocket(await listen(t, (_, response) => response.end(Buffer.alloc(50_000_000))));
  t.after(() => socket.client.destroy());
  socket.client.pause();
  socket.client.write(GET);
  await until(() => socket.server.destroyed, 'the reply is still waited for');
});

test('a reply that is taken slowly, and one the server takes long for, come to their end', async (t) => {
  const bytes = Buffer.alloc(20_000_000);
  const server = await listen(t, (request, response) => {
    if (request.method === 'GET') response.end(bytes);
    // As the opening of a large archive does, behind a body that is complete.
    else request.resume().once('end', () => setTimeout(() => response.end('late'), 1_500));
  });
  const slow = await openSocket(server);
  t.after(() => slow.client.destroy());
  let taken = 0;
  slow.client.on('data', (data) => {
    taken += data.length;
    slow.client.pause();
    setTimeout(() => slow.client.resume(), 5);
  });
  slow.client.write(GET);
  const late = await openSocket(server);
  t.after(() => late.client.destroy());
  let said = '';
  late.client.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  late.client.write('POST / HTTP/1.1\r\nHost: farm\r\nContent-Length: 4\r\n\r\nwork');
  await until(
    () => said.endsWith('late'),
    () => `it said: ${said}`,
  );
  await until(
    () => taken > bytes.length,
    () => `${taken} of ${bytes.length} bytes came`,
  );
});

test('a client that sends while the server does not read is not blamed for it', async (t) => {
  const server = await listen(
    t,
    async (request, response) => {
      await pause(2_500);
      let size = 0;
      for await (const chunk of request as AsyncIterable<Buffer>) size += chunk.length;
      response.end(`took ${size}`);
    },
    { stallMs: 1_200 },
  );
  const { client } = await openSocket(server);
  t.after(() => client.destroy());
  let said = '';
  client.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  client.write('POST / HTTP/1.1\r\nHost: farm\r\nContent-Length: 30000000\r\n\r\n');
  client.write(Buffer.alloc(30_000_000));
  await until(
    () => said.endsWith('took 30000000'),
    () => `it said: ${said}`,
  );
});

test('requests one after the other share a connection, requests without waiting do not get far', async (t) => {
  let begun = 0;
  const handle: RequestListener = async (_, response) => {
    begun += 1;
    await pause(20);
    response.end('x');
  };
  const server = await listen(t, handle, { stallMs: 20_000 });
  const patient = await openSocket(server);
  t.after(() => patient.client.destroy());
  for (let request = 1; request <= 10; request += 1) {
    patient.client.write(GET);
    await once(patient.client, 'data');
    await until(() => begun === request, 'a request was not begun');
  }
  begun = 0;
  const flood = await openSocket(server);
  flood.client.write(GET.repeat(1_000));
  await until(() => flood.server.destroyed, 'the flood goes on');
  assert.ok(begun <= 2, `${begun} requests were begun`);
});

test('the sixth connection of an address is ended, unless the address is exempt', async (t) => {
  for (const exempt of [false, true]) {
    const server = await listen(t, (_, response) => response.end(), { stallMs: 20_000, exempt });
    const clients = Array.from({ length: 8 }, () =>
      connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {}),
    );
    t.after(() => {
      for (const client of clients) client.destroy();
    });
    let closed = 0;
    let answered = 0;
    for (const client of clients) {
      client.once('close', () => {
        closed += 1;
      });
      client.once('data', () => {
        answered += 1;
      });
      client.write(GET);
    }
    await until(
      () => closed + answered >= 8 && answered === (exempt ? 8 : 5),
      () => `${answered} were answered, ${closed} closed`,
    );
  }
});

async function listen(
  t: { after(end: () => void): void },
  handle: RequestListener,
  { stallMs = 200, exempt = false } = {},
): Promise<Server> {
  const limits = { stallMs, mostConnections: 100, mostPerAddress: 5 };
  const server = createServer(serverOptions(limits), handle);
  limitConnections(server, limits, () => exempt);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

/** Both ends of one connection. */
async function openSocket(server: Server): Promise<{ client: Socket; server: Socket }> {
  const accepted = once(server, 'connection');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  const [end] = (await accepted) as [Socket];
  return { client, server: end };
}
