/** A word as it is typed at a prompt: of sh, or of cmd and PowerShell on Windows. */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word) && (process.platform === 'win32' || !word.includes('\\'))) {
    return word;
  }
  if (process.platform === 'win32') return `"${word}"`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
