/** A job's name as a file name on any system; "render" where nothing of it is left. */
export function safeName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(/\.(blend|zip)$/i, '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
    .replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, '_')
    .replace(/^[\s.]+|[\s.]+$/g, '')
    .slice(0, 100)
    .trim();
  return plain === '' || /^_+$/.test(plain) ? 'render' : plain;
}

/** `name_0001.png`, with the sign before the digits: `name_-0005.png`. */
export function frameName(jobName: string, frame: number, extension: string): string {
  const digits = String(Math.abs(frame)).padStart(4, '0');
  return `${safeName(jobName)}_${frame < 0 ? '-' : ''}${digits}.${extension}`;
}
