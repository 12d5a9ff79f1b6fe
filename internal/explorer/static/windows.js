// What the models make of the window around the chosen pixel: attention, and
// restoration from noise.

import {$, el, get, latest, options, part, percent} from './util.js';

// blank keeps the place of a picture that is still to come.
const blank = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';

// tile is a picture with a caption.
function tile(src, alt, caption) {
  return el('figure', {}, el('img', {src, alt, width: 90, height: 90}), el('figcaption', {textContent: caption}));
}

export class AttentionPanel {
  constructor(model) {
    this.model = model;
    this.show = part('attention');
    this.refresh = latest(() => this.load(), (error) => this.show(error));
    for (const id of ['attention-stage', 'attention-block', 'attention-token']) $(id).addEventListener('change', () => this.refresh());
    $('attention-head').addEventListener('change', () => this.choose());
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
    options($('attention-stage'), stages, stages[0][0]);
    const {depth, heads, window, patch} = state.model;
    options($('attention-block'), Array.from({length: depth}, (_, i) => [i, i + 1 === depth ? `${i + 1} (last)` : i + 1]), depth - 1);
    options($('attention-head'), [[0, 'mean'], ...Array.from({length: heads}, (_, i) => [i + 1, i + 1])], 0);
    const side = window / patch;
    options($('attention-token'), [[0, 'class token'], ...Array.from({length: side * side}, (_, i) => [i + 1, `row ${Math.floor(i / side) + 1}, column ${i % side + 1}`])], 0);
    this.layout();
    this.refresh();
  }

  // layout makes room for the pictures, so that nothing moves when they come.
  layout() {
    const {modalities, model} = this.model.state;
    const names = ['window', 'mean', ...Array.from({length: model.heads}, (_, i) => `head ${i + 1}`)];
    $('attention-maps').replaceChildren(...modalities.map((m) => {
      const tiles = names.map((name, i) => {
        const figure = tile(blank, '', name);
        const button = el('button', {type: 'button'});
        button.append(figure.firstChild);
        figure.prepend(button);
        if (i === 0) button.addEventListener('click', (event) => this.ask(event, button));
        else button.addEventListener('click', () => { $('attention-head').value = i - 1; this.choose(); });
        return figure;
      });
      return el('div', {className: 'maps'}, el('h3', {textContent: m.name}), el('div', {className: 'tiles'}, ...tiles));
    }));
    this.choose();
  }

  // ask lets the clicked patch of a window ask; by keyboard, the class token.
  ask(event, button) {
    const {window, patch} = this.model.state.model;
    const side = window / patch;
    const box = button.getBoundingClientRect();
    const at = (v, size) => Math.min(side - 1, Math.max(0, Math.floor(v / size * side)));
    $('attention-token').value = event.detail ? 1 + at(event.clientY - box.top, box.height) * side + at(event.clientX - box.left, box.width) : 0;
    this.refresh();
  }

  // choose frames the chosen head.
  choose() {
    const head = Number($('attention-head').value);
    for (const tiles of $('attention-maps').querySelectorAll('.tiles')) {
      [...tiles.children].forEach((figure, i) => {
        figure.classList.toggle('chosen', i === head + 1);
        if (i > 0) figure.querySelector('button').setAttribute('aria-pressed', String(i === head + 1));
      });
    }
  }

  async load() {
    const {pixel} = this.model;
    const answer = await (await get('api/attention', {...pixel, stage: $('attention-stage').value, block: $('attention-block').value, token: $('attention-token').value})).json();
    answer.modalities.forEach((m, k) => {
      const figures = $('attention-maps').children[k].querySelectorAll('figure');
      const set = (figure, src, alt, caption) => {
        const image = figure.querySelector('img');
        image.src = src;
        image.alt = alt;
        image.title = alt;
        figure.querySelector('figcaption').textContent = caption;
      };
      set(figures[0], m.window, `Window of ${m.name}. Click a patch to let it ask; Enter asks by the class token.`, 'window');
      m.heads.forEach((h, i) => set(figures[i + 1], h.image, `Attention over ${m.name}, ${h.name}: the lightest patch has ${percent(h.top)}, the class token ${percent(h.class)}`, `${h.name}\nup to ${percent(h.top)}`));
    });
  }
}

export class RestorePanel {
  constructor(model) {
    this.model = model;
    this.show = part('restore');
    this.refresh = latest(() => this.load(), (error) => this.show(error));
    for (const id of ['t', 'ratio']) {
      $(id).addEventListener('input', () => {
        this.values();
        this.refresh();
      });
    }
  }

  start() {
    const {state} = this.model;
    if (!state.stage1) {
      this.show('Stage 1 has not been trained, or is not finished: there is nothing that restores.');
      return;
    }
    $('t').max = state.model.timesteps;
    $('t').value = Math.round(state.model.timesteps / 4);
    $('ratio').value = state.model.maskRatio;
    this.values();
    $('restore-maps').replaceChildren(...state.modalities.map((m) => el('div', {className: 'maps'}, el('h3', {textContent: m.name}),
      el('div', {className: 'tiles three'}, tile(blank, '', 'original'), tile(blank, '', 'what stage 1 sees'), tile(blank, '', 'restored')))));
    this.refresh();
  }

  values() {
    $('t-value').textContent = `${$('t').value} of ${$('t').max}`;
    $('ratio-value').textContent = percent(Number($('ratio').value), 0);
    $('ratio').setAttribute('aria-valuetext', $('ratio-value').textContent);
  }

  async load() {
    const answer = await (await get('api/restore', {...this.model.pixel, t: $('t').value, ratio: $('ratio').value})).json();
    answer.modalities.forEach((m, k) => {
      const figures = $('restore-maps').children[k].querySelectorAll('figure');
      const error = (v) => (v === null ? '–' : v.toFixed(2));
      [[m.clean, 'original', 'original'], [m.noised, 'noised, masked pixels grey', 'what stage 1 sees'],
        [m.restored, 'restored', `restored: error ${error(m.maskedError)} masked, ${error(m.visibleError)} visible`]].forEach(([src, alt, caption], i) => {
        const image = figures[i].querySelector('img');
        image.src = src;
        image.alt = `Window of ${m.name}, ${alt}`;
        figures[i].querySelector('figcaption').textContent = caption;
      });
    });
  }
}
