import type uPlot from 'uplot';
import type { Plot } from './plot.js';
import { pageColour, type Tokens } from './theme.js';

/** What is drawn over the lines: marks at the edges, attempts, the best validation, labels at the ends of lines. */

/** A mark on the horizontal axis. */
export interface Milestone {
  readonly x: number;
  readonly label: string;
}

const size = 5;

/** Triangles at the edge for values that the axis cannot show: at most one per three pixels. */
export function drawEdgeMarks(u: uPlot, { marks, curves }: Plot): void {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio;
  const reach = size * scale;
  const taken = new Set<string>();
  for (const { curve, x, edge } of marks) {
    const at = u.valToPos(x, 'x', true);
    const slot = `${edge} ${curve} ${Math.round(at / (3 * scale))}`;
    if (taken.has(slot) || at < bbox.left - 1 || at > bbox.left + bbox.width + 1) continue;
    taken.add(slot);
    ctx.fillStyle = pageColour(curves[curve]!.curve.stroke.colour);
    const [base, tip] =
      edge === 'top'
        ? [bbox.top + reach * 1.6, bbox.top]
        : [bbox.top + bbox.height - reach * 1.6, bbox.top + bbox.height];
    ctx.beginPath();
    ctx.moveTo(at, tip);
    ctx.lineTo(at - reach, base);
    ctx.lineTo(at + reach, base);
    ctx.fill();
  }
}

/** A dashed line for each milestone, its label at the top where there is room. */
export function drawMilestones(u: uPlot, milestones: readonly Milestone[], { faint, font }: Tokens): void {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = faint;
  ctx.fillStyle = faint;
  ctx.lineWidth = scale;
  ctx.font = scaled(font, scale);
  ctx.textBaseline = 'bottom';
  ctx.textAlign = 'left';
  let free = bbox.left;
  for (const { x, label } of milestones) {
    const at = Math.round(u.valToPos(x, 'x', true));
    if (at < bbox.left || at > bbox.left + bbox.width) continue;
    ctx.setLineDash([3 * scale, 3 * scale]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    const width = ctx.measureText(label).width;
    const left = Math.min(at, bbox.left + bbox.width - width);
    if (left < free) continue;
    ctx.fillText(label, left, bbox.top - 3 * scale);
    free = left + width + 8 * scale;
  }
  ctx.restore();
}

/** A ring around the best element of each curve that has one. */
export function drawBest(u: uPlot, { curves, scale }: Plot, { ink }: Tokens): void {
  const { ctx } = u;
  for (const { curve } of curves) {
    if (curve.best < 0) continue;
    const place = scale.place(curve.mean[curve.best]!);
    if (place === null) continue;
    ctx.save();
    ctx.strokeStyle = ink;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.beginPath();
    ctx.arc(
      u.valToPos(curve.x[curve.best]!, 'x', true),
      u.valToPos(place, 'y', true),
      6 * devicePixelRatio,
      0,
      2 * Math.PI,
    );
    ctx.stroke();
    ctx.restore();
  }
}

/** The curves' names to the right of their last places, moved apart where they would overlap. */
export function drawEndLabels(u: uPlot, { curves }: Plot, { font }: Tokens, most: number): void {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio;
  const height = 14 * scale;
  const labels = curves
    .flatMap(({ curve, line }) => {
      // Beside several curves, their measurements have the same colours.
      if (curve.marked && curves.length > 2) return [];
      const last = line.findLast((place) => typeof place === 'number');
      if (last === undefined || last === null) return [];
      const y = Math.min(Math.max(u.valToPos(last, 'y', true), bbox.top), bbox.top + bbox.height);
      return [{ text: shortened(curve.label, most), colour: pageColour(curve.stroke.colour), y }];
    })
    .sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) labels[i]!.y = Math.max(labels[i]!.y, labels[i - 1]!.y + height);
  let bottom = bbox.top + bbox.height;
  for (const label of labels.toReversed()) {
    label.y = Math.min(label.y, bottom);
    bottom = label.y - height;
  }
  ctx.save();
  ctx.font = scaled(font, scale);
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  for (const { text, colour, y } of labels) {
    ctx.fillStyle = colour;
    ctx.fillText(text, bbox.left + bbox.width + 6 * scale, y);
  }
  ctx.restore();
}

export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

/** A font for the canvas's own pixels. */
function scaled(font: string, scale: number): string {
  return font.replace(/^(\d+)px/, (_, size: string) => `${Number(size) * scale}px`);
}
