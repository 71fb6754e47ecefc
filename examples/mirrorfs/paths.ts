/** Paths as backing stores take them: relative, `/`-separated, `''` for the root. */

export function childPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
