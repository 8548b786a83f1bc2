import { probePort } from './ports.ts';

/** `free` takes any two free ports. */
export type FarmPorts = { kind: 'free' } | { kind: 'fixed'; port: number; balancerPort: number };

export type ChosenPorts =
  | { ok: true; port: number; balancerPort: number }
  /** A sentence naming the port. */
  | { ok: false; message: string };

/** Finds out which ports a farm may take, before anything is started. */
export async function choosePorts(host: string, wanted: FarmPorts): Promise<ChosenPorts> {
  const site = await probePort(host, wanted.kind === 'fixed' ? wanted.port : 0);
  if (!site.ok) return refuse(host, wanted, 'port', site.code);
  const balancer = await probePort(host, wanted.kind === 'fixed' ? wanted.balancerPort : 0);
  if (!balancer.ok) return refuse(host, wanted, 'balancerPort', balancer.code);
  return { ok: true, port: site.port, balancerPort: balancer.port };
}

const WAYS = {
  port: '--port or PILOT_PORT',
  balancerPort: '--balancer-port or PILOT_BALANCER_PORT',
} as const;

function refuse(host: string, wanted: FarmPorts, which: keyof typeof WAYS, code: string): ChosenPorts {
  const port = wanted.kind === 'fixed' ? wanted[which] : 0;
  const ways = WAYS[which];
  switch (code) {
    case 'EADDRINUSE':
      return refused(
        `Port ${port} is taken by another program. Stop that program, or choose another port with ${ways}.`,
      );
    case 'EACCES':
      return refused(`This user may not listen on port ${port}. Choose one above 1023 with ${ways}.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return refused(
        `This machine has no address "${host}". Give one of its own with --host or PILOT_HOST, or 0.0.0.0 for all.`,
      );
    default:
      return refused(`Port ${port} on ${host} cannot be used (${code}). Choose another with ${ways}.`);
  }
}

const refused = (message: string): ChosenPorts => ({ ok: false, message });
