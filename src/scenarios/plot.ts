/** A line of a plot. */
export interface Curve {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotText {
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 90;
const RIGHT = 40;
const TOP = 50;
const BOTTOM = 60;
const TICKS = 5;

const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Curves from 0 on, as an SVG document. */
export function plot({ title, x, y }: PlotText, curves: readonly Curve[]): string {
  const all = curves.flatMap(({ points }) => points);
  const mostX = Math.max(1, ...all.map(([value]) => value));
  const mostY = Math.max(1, ...all.map(([, value]) => value));
  const atX = (value: number): string => (LEFT + (value / mostX) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const atY = (value: number): string => (HEIGHT - BOTTOM - (value / mostY) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const ticks = Array.from({ length: TICKS + 1 }, (_, i) => i / TICKS);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<text x="${LEFT}" y="20" font-size="15">${title}</text>`,
    ...ticks.flatMap((part) => [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(part * mostY)}" y2="${atY(part * mostY)}" stroke="#ddd"/>`,
      `<text x="${LEFT - 6}" y="${atY(part * mostY)}" dy="4" text-anchor="end">${thousands(part * mostY)}</text>`,
      `<text x="${atX(part * mostX)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${thousands(part * mostX)}</text>`,
    ]),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 18}" text-anchor="middle">${x}</text>`,
    `<text x="${LEFT}" y="${TOP - 10}">${y}</text>`,
    ...curves.flatMap(({ label, colour, points }, i) => [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map(([px, py]) => `${atX(px)},${atY(py)}`).join(' ')}"/>`,
      `<text x="${LEFT + 12}" y="${TOP + 16 + 18 * i}" fill="${colour}">${label}</text>`,
    ]),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}
