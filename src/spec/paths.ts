/** An absolute path without `.`, `..`, empty components and a slash at its end; a relative one counts from `/`. */
export function cleanPath(path: string): string {
  if (isClean(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Whether it is seen at once that there is nothing to do, as with most: a name that begins with a dot may be one. */
function isClean(path: string): boolean {
  return path.startsWith('/') && !path.endsWith('/') && !path.includes('//') && !path.includes('/.');
}
