/** Asks for a folder, and hands over its files with where they lie in it. Not while the page is drawn: a browser opens it for a press alone. */
export function chooseFolder(onFiles: (files: File[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.webkitdirectory = true;
  input.addEventListener('change', () => onFiles([...(input.files ?? [])]));
  input.click();
}
