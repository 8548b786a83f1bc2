/** A name as the name of a file, on any system; `otherwise` where nothing of it can be one. */
export function fileNameOf(name: string, otherwise: string): string {
  const plain = name.replace(/[\p{Cc}<>:"/\\|?*]+/gu, '-');
  const safe = plain.replace(/^[.\s-]+|[.\s]+$/g, '').slice(0, 120);
  return safe === '' ? otherwise : safe;
}
