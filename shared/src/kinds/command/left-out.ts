/** What lies beside scripts and is none of their files. */
const LEFT_OUT = new Set(['node_modules', '__pycache__', 'venv', 'env', 'target', 'dist']);

/** Whether a file or folder of this name is left out where a whole folder goes along. */
export const isLeftOut = (name: string): boolean => name.startsWith('.') || LEFT_OUT.has(name);
