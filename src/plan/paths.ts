/** `path` as seen from the absolute `directory`; symlinks in it keep their meaning, so nothing is shortened. */
export function joinPath(directory: string, path: string): string {
  return path.startsWith('/') ? path : `${directory}/${path}`;
}
