const NAMES: Record<string, string> = {
  CYCLES: 'Cycles',
  BLENDER_EEVEE: 'EEVEE',
  BLENDER_EEVEE_NEXT: 'EEVEE',
  BLENDER_WORKBENCH: 'Workbench',
};
/** An engine's name as artists write it. */
export const engineName = (engine: string): string => NAMES[engine] ?? engine;
