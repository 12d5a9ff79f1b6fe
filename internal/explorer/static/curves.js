// The course of the trainings, as it goes on.

import {$, el, svg} from './util.js';

// ticks returns a few round numbers between two.
function ticks(low, high) {
  const raw = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw);
  const out = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) out.push(v);
  return out;
}

const short = (v) => (Math.abs(v) >= 1e4 || (v !== 0 && Math.abs(v) < 1e-3) ? v.toExponential(0) : String(Number(v.toPrecision(3))));

export class CurvesPanel {
  constructor() {
    this.curves = [];
    new ResizeObserver(() => this.draw()).observe($('curves'));
  }

  update(curves) {
    const moved = this.curves.length > 0;
    const before = this.curves;
    this.curves = curves;
    const going = curves.find((c, i) => c.points.length && c.points.at(-1)[0] < c.total && moved && before[i]?.points.length !== c.points.length);
    $('training-state').textContent = !curves.length ? 'No training has left a trace yet.'
      : going ? `${going.name} is going on: ${going.unit} ${going.points.at(-1)[0]} of ${going.total}.`
        : 'Loss and learning rate of each training; new steps appear as they are made.';
    this.draw();
  }

  draw() {
    const root = $('curves');
    while (root.children.length < this.curves.length) {
      root.append(el('div', {className: 'curve'}, el('h3', {}, el('b'), el('span')), el('div', {className: 'plot'}, svg('svg', {role: 'img'})),
        el('p', {className: 'key'}, el('span', {}, el('i'), 'loss'), el('span', {}, el('i', {className: 'r'}), 'learning rate, from 0'))));
    }
    while (root.children.length > this.curves.length) root.lastElementChild.remove();
    this.curves.forEach((c, i) => this.one(root.children[i], c));
  }

  one(box, c) {
    const root = box.querySelector('svg');
    const {width, height} = root.getBoundingClientRect();
    if (!c.points.length || !width) return;
    const last = c.points.at(-1);
    box.querySelector('b').textContent = c.name;
    box.querySelector('span').textContent = `${c.unit} ${last[0]} of ${c.total}, loss ${last[1].toPrecision(4)}`;
    root.setAttribute('viewBox', `0 0 ${width} ${height}`);
    root.setAttribute('aria-label', `Loss of ${c.name}: from ${c.points[0][1].toPrecision(3)} to ${last[1].toPrecision(3)} over ${last[0]} of ${c.total} ${c.unit}s.`);
    const area = {left: 44, right: width - 10, top: 10, bottom: height - 24};
    const losses = c.points.map((p) => p[1]);
    const low = Math.min(...losses);
    const high = Math.max(...losses);
    const rate = Math.max(...c.points.map((p) => p[2])) || 1;
    const x = (v) => area.left + (v - 1) / Math.max(c.total - 1, 1) * (area.right - area.left);
    const y = (v) => area.bottom - (v - low) / (high - low || 1) * (area.bottom - area.top);
    const parts = [];
    for (const v of ticks(low, high)) {
      parts.push(svg('line', {class: 'axis', x1: area.left, x2: area.right, y1: y(v), y2: y(v)}));
      parts.push(svg('text', {class: 'tick', x: area.left - 6, y: y(v) + 4, 'text-anchor': 'end'}, short(v)));
    }
    for (const v of ticks(0, c.total)) {
      if (v > 0) parts.push(svg('text', {class: 'tick', x: x(v), y: height - 7, 'text-anchor': v >= c.total ? 'end' : 'middle'}, short(v)));
    }
    const line = (name, place) => {
      parts.push(svg('polyline', {class: `line ${name}`, points: c.points.map(place).join(' ')}));
      const [cx, cy] = place(last);
      parts.push(svg('circle', {class: `end ${name}`, cx, cy, r: 2.5})); // which is all that a first step has
    };
    line('rate', (p) => [x(p[0]), area.bottom - p[2] / rate * (area.bottom - area.top)]);
    line('loss', (p) => [x(p[0]), y(p[1])]);
    root.replaceChildren(...parts);
  }
}
