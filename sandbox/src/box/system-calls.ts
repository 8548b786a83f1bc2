/** A processor as Linux calls it in `AUDIT_ARCH_…`, and by which of the two tables its calls are numbered. */
export type Processor = { auditArch: number; table: 'x86_64' | 'generic' };

/** By Node's `process.arch`. Others have no table here, and so no filter. Values: include/uapi/linux/audit.h */
export const PROCESSORS: Readonly<Record<string, Processor>> = {
  x64: { auditArch: 0xc000_003e, table: 'x86_64' },
  arm64: { auditArch: 0xc000_00b7, table: 'generic' },
};

/**
 * The last call that was looked at (removexattrat, Linux 6.13). From 424 on, both tables give the same numbers to
 * the same calls; x32, a second set of calls of x86_64, has its own above 2^30.
 */
export const LAST_KNOWN = 466;

/**
 * Calls by their numbers in both tables, null where one has none.
 * Sources: arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl of Linux 6.18.
 */
const NUMBERS = {
  socket: [41, 198],
  socketpair: [53, 199],
  ioctl: [16, 29],
  clone: [56, 220],
  clone3: [435, 435],
  personality: [135, 92],
  setsockopt: [54, 208],
  prctl: [157, 167],
  close: [3, 57],
  close_range: [436, 436],

  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  statmount: [457, 457],
  listmount: [458, 458],

  shmget: [29, 194],
  msgget: [68, 186],
  semget: [64, 190],

  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],

  io_setup: [206, 0],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  userfaultfd: [323, 282],
  memfd_secret: [447, 447],
  perf_event_open: [298, 241],
  bpf: [321, 280],
  fanotify_init: [300, 262],

  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],

  mbind: [237, 235],
  get_mempolicy: [239, 236],
  set_mempolicy: [238, 237],
  set_mempolicy_home_node: [450, 450],
  migrate_pages: [256, 238],
  move_pages: [279, 239],

  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  acct: [163, 89],
  swapon: [167, 224],
  swapoff: [168, 225],

  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  reboot: [169, 142],
  syslog: [103, 116],
  vhangup: [153, 58],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  lookup_dcookie: [212, 18],
  lsm_get_self_attr: [459, 459],
  lsm_set_self_attr: [460, 460],
  lsm_list_modules: [461, 461],

  uselib: [134, null],
  ustat: [136, null],
  sysfs: [139, null],
  _sysctl: [156, null],
  modify_ldt: [154, null],
  iopl: [172, null],
  ioperm: [173, null],
} as const;

export type SystemCall = keyof typeof NUMBERS;

/** Null where this processor has no such call. */
export const numberOf = (call: SystemCall, { table }: Processor): number | null =>
  NUMBERS[call][table === 'x86_64' ? 0 : 1];
