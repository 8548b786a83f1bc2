import type { Sandbox } from '../sandbox.ts';

const GRAPHICS =
  /^(__EGL_.*|__GLX_.*|EGL_.*|LIBGL_.*|MESA_.*|GALLIUM_.*|VK_.*|CUDA_.*|NVIDIA_.*|HIP_.*|ROCR_.*|ONEAPI_.*|SYCL_.*|ZE_.*|OMP_.*)$/i;
const ALLOWED =
  /^(PATH|HOME|LANG|LANGUAGE|LC_.*|TZ|USER|LOGNAME|TMPDIR|TEMP|TMP|SYSTEMROOT|USERPROFILE|APPDATA|LOCALAPPDATA|XDG_.*|DISPLAY|WAYLAND_DISPLAY|LD_LIBRARY_PATH|DYLD_.*|OCIO)$/i;

/**
 * The environment that child processes get. Without a sandbox: what programs
 * need to find their libraries, graphics drivers and home, and nothing else,
 * since the worker's own variables hold its token and a script in a user's
 * file can read them all. In a sandbox: only how to draw and compute.
 */
export function childEnvironment(
  sandbox: Sandbox,
  own: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const kept: Record<string, string> = sandbox.level === 'none' ? {} : { ...INSIDE };
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined) continue;
    if (GRAPHICS.test(name) || (sandbox.level === 'none' && ALLOWED.test(name))) kept[name] = value;
  }
  return kept;
}

const INSIDE = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/tmp',
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
  USER: 'pilot',
  LOGNAME: 'pilot',
  // Perl starts the sandbox, and would complain of a LANG that this machine lacks.
  PERL_BADLANG: '0',
};

/** Where programs are looked for by their names. */
export const searchPath = (own: NodeJS.ProcessEnv = process.env): string => own.PATH ?? '';
