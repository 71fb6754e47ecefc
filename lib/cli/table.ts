/** A column: its title, and how a cell of it is styled once it has its width. */
export interface Column {
  readonly title: string;
  readonly style?: (padded: string, cell: string) => string;
}

const GAP = '  ';

/**
 * Lines of a table. The last column gets what room there is, and is cut to it.
 * @param rows - cells without control characters
 * @param width - columns of the terminal; Infinity: nothing is cut
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const titles = columns.map(({ title }) => title);
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const last = columns.length - 1;
  const before = widths.slice(0, last).reduce((sum, each) => sum + each + GAP.length, 0);
  // Below its title's length a column says nothing any more.
  const room = Math.max(width - before, titles[last]?.length ?? 0);
  const line = (cells: readonly string[], styles: boolean): string =>
    cells
      .map((cell, column) => {
        if (column === last) return cut(cell, room);
        const padded = cell.padEnd(widths[column] ?? 0);
        return styles ? (columns[column]?.style?.(padded, cell) ?? padded) : padded;
      })
      .join(GAP)
      .trimEnd();
  return [line(titles, false), ...rows.map((row) => line(row, true))];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 3))}...`;
}

/** Columns of the terminal on standard output; what goes elsewhere is not cut. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : Infinity;
}
