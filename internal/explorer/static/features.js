// Features of test windows in the plane.

import {$, svg, get, latest, options, part} from './util.js';

export class FeaturesPanel {
  constructor(model) {
    this.model = model;
    this.show = part('features');
    this.points = [];
    this.refresh = latest(() => this.load(), (error) => this.show(error));
    for (const id of ['features-stage', 'features-modality']) $(id).addEventListener('change', () => this.refresh());
    $('scatter').addEventListener('keydown', (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe($('scatter'));
  }

  start() {
    const {state} = this.model;
    if (!state.stage1 && !state.stage2) {
      this.show('No stage has been trained yet.');
      return;
    }
    const stages = [];
    if (state.stage2) stages.push([2, 'after stage 2']);
    if (state.stage1) stages.push([1, 'after stage 1']);
    options($('features-stage'), stages, stages[0][0]);
    options($('features-modality'), state.modalities.map((m, i) => [i, m.name]), 0);
    this.refresh();
  }

  async load() {
    const answer = await (await get('api/features', {stage: $('features-stage').value, modality: $('features-modality').value})).json();
    this.points = answer.points;
    this.draw();
  }

  draw() {
    const root = $('scatter');
    const {width, height} = root.getBoundingClientRect();
    if (!this.points.length || !width) return;
    root.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const range = (axis) => {
      const all = this.points.map((p) => p[axis]);
      return [Math.min(...all), Math.max(...all)];
    };
    const [left, right] = range('x');
    const [low, high] = range('y');
    const margin = 12;
    const colors = this.model.classColors();
    root.replaceChildren(...this.points.map((p, i) => {
      const name = this.model.state.classes[p.label - 1].name;
      const dot = svg('circle', {
        cx: margin + (p.x - left) / (right - left || 1) * (width - 2 * margin), cy: margin + (p.y - low) / (high - low || 1) * (height - 2 * margin),
        r: 4.5, fill: colors[p.label - 1], tabindex: i ? -1 : 0, role: 'button', 'aria-label': `${name}, row ${p.row + 1}, column ${p.col + 1}`,
      });
      dot.append(svg('title', {}, name));
      dot.addEventListener('click', () => this.choose(i));
      dot.addEventListener('focus', () => this.choose(i));
      return dot;
    }));
    this.highlight(this.only ?? 0);
  }

  // choose shows a point's window in the scene.
  choose(i) {
    const p = this.points[i];
    [...$('scatter').children].forEach((dot, k) => {
      dot.classList.toggle('chosen', k === i);
      dot.setAttribute('tabindex', k === i ? 0 : -1);
    });
    $('features-point').textContent = `${this.model.state.classes[p.label - 1].name}, row ${p.row + 1}, column ${p.col + 1}; framed in the scene.`;
    this.model.choose(p.row, p.col, p.scene);
  }

  key(event) {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    const dots = [...$('scatter').children];
    const at = dots.indexOf(document.activeElement);
    dots[(at + step + dots.length) % dots.length].focus();
  }

  // highlight dims the points of other classes.
  highlight(label) {
    this.only = label;
    [...$('scatter').children].forEach((dot, i) => dot.classList.toggle('dim', label > 0 && this.points[i].label !== label));
  }
}
