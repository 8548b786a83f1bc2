/** A name as a cell of a .csv; a spreadsheet would take one that begins like a formula for one. */
export const quoted = (name: string): string => {
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
