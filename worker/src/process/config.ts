const ALLOWED =
  /^(PATH|HOME|LANG|LANGUAGE|LC_.*|TZ|USER|LOGNAME|TMPDIR|TEMP|TMP|SYSTEMROOT|USERPROFILE|APPDATA|LOCALAPPDATA|XDG_.*|DISPLAY|WAYLAND_DISPLAY|LD_LIBRARY_PATH|DYLD_.*|__EGL_.*|__GLX_.*|EGL_.*|LIBGL_.*|MESA_.*|GALLIUM_.*|VK_.*|CUDA_.*|NVIDIA_.*|HIP_.*|ROCR_.*|ONEAPI_.*|SYCL_.*|ZE_.*|OCIO|OMP_.*)$/i;

/**
 * The environment that child processes get: what programs need to find their
 * libraries, graphics drivers and home, and nothing else. The worker's own
 * variables hold its token, and a script in a user's file can read them all.
 */
export function childEnvironment(own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && ALLOWED.test(name)) kept[name] = value;
  }
  return kept;
}
