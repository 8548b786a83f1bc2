import { probePort } from './ports.ts';

/** `free` takes any two free ports; `fixed` the site's, with the balancer's right above it. */
export type FarmPorts = { kind: 'free' } | { kind: 'fixed'; port: number };

export type ChosenPorts =
  | { ok: true; port: number; balancerPort: number }
  /** A sentence naming the port. */
  | { ok: false; message: string };

/** Finds out which ports a farm may take, before anything is started. */
export async function choosePorts(host: string, wanted: FarmPorts): Promise<ChosenPorts> {
  const first = wanted.kind === 'fixed' ? wanted.port : 0;
  const site = await probePort(host, first);
  if (!site.ok) return refuse(host, first, site.code);
  const second = wanted.kind === 'fixed' && wanted.port !== 0 ? wanted.port + 1 : 0;
  const balancer = await probePort(host, second);
  if (!balancer.ok) return refuse(host, second, balancer.code);
  return { ok: true, port: site.port, balancerPort: balancer.port };
}

function refuse(host: string, port: number, code: string): ChosenPorts {
  switch (code) {
    case 'EADDRINUSE':
      return refused(
        `Port ${port} is taken by another program. Stop that program, or choose another port with --port or PILOT_PORT (the one above it is used too).`,
      );
    case 'EACCES':
      return refused(
        `This user may not listen on port ${port}. Choose one above 1023 with --port or PILOT_PORT.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return refused(
        `This machine has no address "${host}". Give one of its own with --host or PILOT_HOST, or 0.0.0.0 for all.`,
      );
    default:
      return refused(
        `Port ${port} on ${host} cannot be used (${code}). Choose another with --port or PILOT_PORT.`,
      );
  }
}

const refused = (message: string): ChosenPorts => ({ ok: false, message });
