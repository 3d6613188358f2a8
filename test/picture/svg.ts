// A terminal's screen as an SVG picture: one text run for each stretch of like cells. Pure.
import type { IBuffer, IBufferCell } from "@xterm/headless";

const CELL_WIDTH = 8.4;
const CELL_HEIGHT = 18;
const PADDING = 14;
const FONT_SIZE = 14;
const BACKGROUND = "#14161a";
const FOREGROUND = "#d4d7dd";
/** xterm's sixteen, muted for a dark page. */
const SIXTEEN = ["#1c1f24", "#d55e00", "#009e73", "#e69f00", "#0072b2", "#cc79a7", "#56b4e9", "#d4d7dd", "#6b7280", "#ff7a33", "#33c49a", "#ffc04d", "#3399dd", "#e6a3c5", "#8fd0f5", "#ffffff"];
const CUBE_STEPS = [0, 95, 135, 175, 215, 255];

interface Style { readonly colour: string; readonly background: string | undefined; readonly bold: boolean; readonly dim: boolean }

/** The screen as an SVG document. */
export function screenSvg(buffer: IBuffer, columns: number, rows: number): string {
  const width = columns * CELL_WIDTH + 2 * PADDING;
  const height = rows * CELL_HEIGHT + 2 * PADDING;
  const body = Array.from({ length: rows }, (_, row) => rowSvg(buffer, columns, row)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="${FONT_SIZE}">
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
${body}
</svg>
`;
}

function rowSvg(buffer: IBuffer, columns: number, row: number): string {
  const line = buffer.getLine(buffer.baseY + row);
  if (line === undefined) return "";
  const runs: { start: number; text: string; style: Style }[] = [];
  for (let column = 0; column < columns; column++) {
    const cell = line.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const style = styleOf(cell);
    const last = runs.at(-1);
    const text = cell.getChars() || " ";
    if (last !== undefined && JSON.stringify(last.style) === JSON.stringify(style)) last.text += text;
    else runs.push({ start: column, text, style });
  }
  return runs.map(({ start, text, style }) => runSvg(start, row, text, style)).filter((part) => part !== "").join("");
}

function runSvg(column: number, row: number, text: string, style: Style): string {
  const x = (PADDING + column * CELL_WIDTH).toFixed(1);
  const width = (Array.from(text).length * CELL_WIDTH).toFixed(1);
  const top = PADDING + row * CELL_HEIGHT;
  const box = style.background === undefined ? "" : `<rect x="${x}" y="${top}" width="${width}" height="${CELL_HEIGHT}" fill="${style.background}"/>`;
  if (text.trim() === "") return box;
  const weight = style.bold ? ' font-weight="bold"' : "";
  const opacity = style.dim ? ' opacity="0.6"' : "";
  return `${box}<text x="${x}" y="${top + 13}" textLength="${width}" xml:space="preserve" fill="${style.colour}"${weight}${opacity}>${escape(text)}</text>`;
}

function styleOf(cell: IBufferCell): Style {
  const colour = cell.isFgDefault() ? FOREGROUND : colourOf(cell.getFgColor(), cell.isFgRGB());
  const background = cell.isBgDefault() ? undefined : colourOf(cell.getBgColor(), cell.isBgRGB());
  const inverse = cell.isInverse() !== 0;
  return {
    colour: inverse ? (background ?? BACKGROUND) : colour,
    background: inverse ? colour : background,
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
  };
}

function colourOf(value: number, isRgb: boolean): string {
  if (isRgb) return `#${value.toString(16).padStart(6, "0")}`;
  if (value < SIXTEEN.length) return SIXTEEN[value] ?? FOREGROUND;
  if (value >= 232) return grey((value - 232) * 10 + 8);
  const step = value - SIXTEEN.length;
  return `rgb(${[Math.floor(step / 36), Math.floor(step / 6) % 6, step % 6].map((part) => CUBE_STEPS[part] ?? 0).join(",")})`;
}

function grey(level: number): string {
  return `rgb(${level},${level},${level})`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
