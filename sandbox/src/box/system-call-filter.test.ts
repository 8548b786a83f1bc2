import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemCallFilter } from './system-call-filter.ts';
import { LAST_KNOWN, numberOf, PROCESSORS, type SystemCall } from './system-calls.ts';

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const [EPERM, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT] = [1, 38, 93, 97].map((code) => 0x0005_0000 + code);

type Asked = { arch: number; number: number; args?: readonly bigint[] };

/** What the kernel would answer, by the instructions' meaning in https://www.kernel.org/doc/Documentation/networking/filter.txt */
function answer(filter: Uint8Array, { arch, number, args = [] }: Asked): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(value, 16 + 8 * index);
  const code = Buffer.from(filter);
  let held = 0;
  for (let at = 0; at < code.length; at += 8) {
    const operand = code.readUInt32LE(at + 4);
    const jump = (holds: boolean): void => {
      at += 8 * code.readUInt8(at + (holds ? 2 : 3));
    };
    const operation = code.readUInt16LE(at);
    if (operation === 0x20) held = data.readUInt32LE(operand);
    else if (operation === 0x06) return operand;
    else if (operation === 0x15) jump(held === operand);
    else if (operation === 0x25) jump(held > operand);
    else if (operation === 0x45) jump((held & operand) !== 0);
    else assert.fail(`instruction ${operation}`);
  }
  return assert.fail('the filter has no end');
}

for (const [name, processor] of Object.entries(PROCESSORS)) {
  const filter = systemCallFilter(name) ?? assert.fail(`no filter for ${name}`);
  const ask = (call: SystemCall, ...args: (number | bigint)[]): number =>
    answer(filter, {
      arch: processor.auditArch,
      number: numberOf(call, processor) ?? assert.fail(call),
      args: args.map(BigInt),
    });

  test(`${name}: what is refused, and how`, () => {
    for (const call of [
      'keyctl',
      'add_key',
      'request_key',
      'unshare',
      'setns',
      'mount',
      'bpf',
      'ptrace',
    ] as const)
      assert.equal(ask(call), EPERM, call);
    for (const call of ['clone3', 'io_uring_setup', 'userfaultfd', 'open_tree', 'fsopen'] as const)
      assert.equal(ask(call), ENOSYS, call);
    // AF_VSOCK, AF_PACKET, AF_ALG, and netlink but for the list of interfaces.
    for (const family of [40, 17, 38]) assert.equal(ask('socket', family, 1, 0), EAFNOSUPPORT, `${family}`);
    assert.equal(ask('socket', 16, 3, 12), EPROTONOSUPPORT);
    assert.equal(ask('personality', 8), EPERM);
  });

  test(`${name}: what programs need is left to them`, () => {
    for (const family of [1, 2, 10]) assert.equal(ask('socket', family, 1, 0), ALLOW);
    assert.equal(ask('socketpair', 1, 1, 0), ALLOW);
    assert.equal(ask('socket', 16, 3, 0), ALLOW);
    // fork, and a thread.
    assert.equal(ask('clone', 0x0120_0011), ALLOW);
    assert.equal(ask('clone', 0x003d_0f00), ALLOW);
    assert.equal(ask('ioctl', 0, 0x5401), ALLOW);
    assert.equal(ask('personality', 0xffff_ffff), ALLOW);
  });

  test(`${name}: each kind of namespace is refused, and only the half of an argument counts that the kernel reads`, () => {
    for (const flag of [
      0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
    ])
      assert.equal(ask('clone', flag | 17), EPERM, `${flag}`);
    const above = 1n << 40n;
    for (const request of [0x5412, 0x541c]) assert.equal(ask('ioctl', 0, above + BigInt(request)), EPERM);
    assert.equal(ask('socket', above + 40n), EAFNOSUPPORT);
    assert.equal(ask('clone', above + 0x1000_0000n), EPERM);
  });

  test(`${name}: calls of another processor end the process, and unknown ones are not there`, () => {
    for (const other of [0x4000_0003, 0x4000_0028, 0xc000_00f3])
      assert.equal(answer(filter, { arch: other, number: 1 }), KILL);
    for (const number of [LAST_KNOWN + 1, 0x4000_0000, 0x4000_0027, 0xffff_ffff])
      assert.equal(answer(filter, { arch: processor.auditArch, number }), ENOSYS, `${number}`);
  });

  test(`${name}: of all numbers there are, about sixty are refused`, () => {
    const numbers = Array.from({ length: LAST_KNOWN + 1 }, (_, number) => number);
    const refused = numbers.filter(
      (number) => answer(filter, { arch: processor.auditArch, number }) !== ALLOW,
    );
    // read and write, or io_destroy and io_submit.
    assert.ok(!refused.includes(1) && !refused.includes(2));
    assert.ok(refused.length > 55 && refused.length < 80, `${refused.length}`);
  });
}

test('a processor that is not known has no filter', () => {
  for (const arch of ['riscv64', 'ia32']) assert.equal(systemCallFilter(arch), null);
});
